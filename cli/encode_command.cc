#include <memory>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "data/feature_store.h"

namespace eyechart::cli {
namespace {

struct EncodeFlags {
  std::string model;
  PictureFlags pictures;
  ModelFlags flags;
  encoders::EncodeOptions encode;
  std::string out;
  bool json = false;
};

int RunEncode(const EncodeFlags& options) {
  SetThreads(options.flags.threads);
  TerminalProgress progress;
  const auto dataset = OpenPictures(options.pictures);
  encoders::LoadedModel model =
      encoders::LoadModel(SpecOf(options.model, options.flags));
  const encoders::EncodeSummary summary = encoders::EncodeDataset(
      model, *dataset, options.out, options.encode, progress);
  const std::vector<std::string> warnings =
      WarningsOf(summary, dataset->name());
  for (const std::string& warning : warnings) PrintWarning(warning);
  const data::FeatureStore store(options.out);
  const data::StoreManifest& manifest = store.manifest();
  if (!options.json) {
    PrintLine(fmt::format(
        "{}: {} pictures, {} unreadable, {} x {} {} features, {} encoded in "
        "{:.1f} s",
        options.out, summary.images, summary.unreadable, manifest.count,
        manifest.dim, manifest.pool, summary.encoded, summary.seconds));
    return kExitOk;
  }
  Json tokens = nullptr;
  if (manifest.tokens)
    tokens = {{"count", manifest.tokens->count}, {"dim", manifest.tokens->dim}};
  PrintJson({{"schema", 1},
             {"command", "encode"},
             {"warnings", warnings},
             {"store", options.out},
             {"images", summary.images},
             {"unreadable", summary.unreadable},
             {"encoded", summary.encoded},
             {"batch", summary.batch},
             {"pool", manifest.pool},
             {"dim", manifest.dim},
             {"tokens", tokens},
             {"seconds", summary.seconds}});
  return kExitOk;
}

}  // namespace

Runner AddEncode(Arguments& app) {
  auto options = std::make_shared<EncodeFlags>();
  app.AddOption("model", options->model,
                "checkpoint folder, or hub id in the Hugging Face cache")
      .Required();
  AddPictureFlags(app, options->pictures, true);
  app.AddOption("-o,--out", options->out, "feature store to write").Required();
  AddModelFlags(app, options->flags);
  app.AddOption("--pool", options->flags.pool,
                "head, cls, mean or blocks (default: the family's)");
  AddEncodeFlags(app, options->encode);
  app.AddFlag("--tokens", options->encode.tokens, "store the tokens as well");
  app.AddFlag("--json", options->json, "print one JSON object");
  return [options] { return RunEncode(*options); };
}

}  // namespace eyechart::cli
