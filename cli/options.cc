#include "cli/options.h"

#include <ATen/Parallel.h>

#include <utility>

#include "core/error.h"

namespace eyechart::cli {

void AddModelFlags(Arguments& app, ModelFlags& flags) {
  app.AddOption("--dtype", flags.dtype,
                "weights and activations: fp32, bf16 or fp16")
      .ShowDefault();
  app.AddOption("--device", flags.device, "cpu, cuda or cuda:N").ShowDefault();
  app.AddOption("--tf32", flags.tf32,
                "TF32 in fp32 products on CUDA: off or on (faster, about three "
                "digits)")
      .ShowDefault();
  app.AddOption("--resolution", flags.resolution,
                "input size N or HxW in pixels (default: the processor's)");
  app.AddOption("--alpha", flags.alpha,
                "transparency: drop (as Pillow's convert) or white")
      .ShowDefault();
  app.AddOption("--orient", flags.orient,
                "EXIF orientation: none (as Pillow) or exif (applied)")
      .ShowDefault();
  app.AddOption("--decode", flags.decode,
                "JPEG: exact (as Pillow) or fast (at 1/2, 1/4 or 1/8 where "
                "that is twice the resize's target: other pixels, recorded)")
      .ShowDefault();
  app.AddFlag("--allow-unused", flags.allow_unused,
              "unknown keys in the weights are no error");
  app.AddOption("--threads", flags.threads,
                "threads of the model (default: LibTorch's choice)");
}

encoders::ModelSpec SpecOf(const std::string& model, const ModelFlags& flags) {
  encoders::ModelSpec spec;
  spec.model = model;
  spec.dtype = flags.dtype;
  spec.device = flags.device;
  spec.tf32 = flags.tf32;
  spec.pool = flags.pool;
  spec.resolution = flags.resolution;
  spec.alpha = encoders::ParseAlpha(flags.alpha);
  spec.orient = encoders::ParseOrient(flags.orient);
  spec.decode = encoders::ParseDecode(flags.decode);
  spec.allow_unused = flags.allow_unused;
  return spec;
}

std::map<std::string, std::string> ChangedModelFlags(const ModelFlags& flags) {
  const ModelFlags plain;
  std::map<std::string, std::string> changed;
  for (const auto& [name, flag] :
       {std::pair{"dtype", &ModelFlags::dtype},
        std::pair{"device", &ModelFlags::device},
        std::pair{"tf32", &ModelFlags::tf32},
        std::pair{"pool", &ModelFlags::pool},
        std::pair{"resolution", &ModelFlags::resolution},
        std::pair{"alpha", &ModelFlags::alpha},
        std::pair{"orient", &ModelFlags::orient},
        std::pair{"decode", &ModelFlags::decode}})
    if (flags.*flag != plain.*flag) changed[name] = flags.*flag;
  return changed;
}

std::string ShellWord(const std::string& text) {
  if (!text.empty() &&
      text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
                             "XYZ0123456789_-./=:,@%+") == std::string::npos)
    return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

void SetThreads(int threads) {
  EYECHART_REQUIRE(threads >= 0, "--threads {}: should be at least 1", threads);
  if (threads > 0) at::set_num_threads(threads);
}

void AddPictureFlags(Arguments& app, PictureFlags& flags, bool required) {
  app.AddOption("images", flags.images,
                "folder (subfolders are labels), CSV with path[,label], text "
                "file of paths, COCO JSON, or IDX file")
      .Required(required);
  app.AddOption("--kind", flags.kind,
                "folder, csv, list, coco, idx or boxes (default: by looking)");
  app.AddOption("--root", flags.root, "folder of a COCO JSON's pictures");
  app.AddOption("--label-column", flags.label_column,
                "column of a CSV that labels come from (default: label)");
  app.AddOption("--limit", flags.limit, "first N pictures only").NonNegative();
}

std::unique_ptr<data::Dataset> OpenPictures(const PictureFlags& flags) {
  suite::DatasetSpec spec;
  spec.options.path = flags.images;
  spec.options.kind = flags.kind;
  spec.options.root = flags.root;
  spec.options.label_column = flags.label_column;
  spec.limit = flags.limit;
  return suite::OpenDataset(spec);
}

void AddEncodeFlags(Arguments& app, encoders::EncodeOptions& options) {
  app.AddOption("--batch", options.batch, "pictures a forward pass")
      .ShowDefault();
  app.AddOption("--workers", options.workers,
                "decoding threads (default: one a hardware thread)");
  app.AddFlag("--cuda-graphs,!--no-cuda-graphs", options.cuda_graphs,
              "on CUDA, record a batch's forward pass and replay it (default)");
}

std::vector<std::string> NoteWarnings(const encoders::EncodeSummary& summary,
                                      const std::string& what) {
  if (summary.noted == 0) return {};
  return {fmt::format(
      "{}: {} pictures carry a note; see the column note of items.csv", what,
      summary.noted)};
}

std::vector<std::string> WarningsOf(const encoders::EncodeSummary& summary,
                                    const std::string& what) {
  std::vector<std::string> warnings = summary.warnings;
  for (std::string& warning : NoteWarnings(summary, what))
    warnings.push_back(std::move(warning));
  if (summary.unreadable > 0)
    warnings.push_back(fmt::format(
        "{}: {} of {} pictures could not be read; the first is {}", what,
        summary.unreadable, summary.images, summary.first_problem));
  return warnings;
}

}  // namespace eyechart::cli
