#include "encoders/look_dataset.h"

#include <ATen/ops/empty.h>

#include <cstring>
#include <utility>

#include "core/error.h"
#include "core/hash.h"
#include "core/interrupt.h"
#include "encoders/pixel_loader.h"

namespace eyechart::encoders {
namespace {

// Pictures of one size that wait for the model.
class Group {
 public:
  void Add(const LookedPicture& picture, data::Pixels pixels) {
    pictures_.push_back(picture);
    pixels_.push_back(std::move(pixels));
  }

  bool Fits(const data::Pixels& pixels) const {
    return pixels_.empty() || (pixels_.front().height == pixels.height &&
                               pixels_.front().width == pixels.width);
  }

  std::size_t size() const { return pictures_.size(); }

  void Look(Captioner& captioner, const LookSink& sink) {
    if (pictures_.empty()) return;
    const auto count = static_cast<std::int64_t>(pictures_.size());
    const at::Tensor batch = at::empty(
        {count, 3, pixels_.front().height, pixels_.front().width}, at::kFloat);
    auto* out = batch.mutable_data_ptr<float>();
    for (const data::Pixels& one : pixels_) {
      std::memcpy(out, one.values.data(), one.values.size() * sizeof(float));
      out += one.values.size();
    }
    pixels_.clear();
    sink(pictures_, captioner.Look(batch));
    pictures_.clear();
  }

 private:
  std::vector<LookedPicture> pictures_;
  std::vector<data::Pixels> pixels_;
};

}  // namespace

LookSummary LookAtDataset(LoadedCaptioner& model,
                          const data::Dataset& dataset,
                          const LookOptions& options,
                          Progress& progress,
                          const LookSink& sink) {
  EYECHART_REQUIRE(options.batch > 0, "--batch {}: should be at least 1",
                   options.batch);
  PixelLoaderOptions loader_options;
  loader_options.workers = options.workers;
  loader_options.capacity = 2 * std::int64_t{options.batch};
  PixelLoader loader(dataset, model.preprocess,
                     std::vector<bool>(dataset.size(), true), loader_options);
  LookSummary summary;
  std::string rows, first;
  Group group;
  progress.Begin("asking " + model.checkpoint.name,
                 static_cast<std::int64_t>(dataset.size()));
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    ThrowIfInterrupted();
    LoadedPicture picture = loader.Next();
    rows += dataset.item(i).id + "," + picture.sha256 + "\n";
    if (!picture.note.empty()) ++summary.noted;
    const bool ok = picture.status == "ok";
    summary.problems.push_back(ok ? "" : picture.status);
    if (ok) {
      if (!group.Fits(picture.pixels)) group.Look(*model.captioner, sink);
      group.Add({i, picture.width, picture.height}, std::move(picture.pixels));
    } else if (summary.unreadable++ == 0) {
      first = dataset.item(i).id + ": " + picture.status;
    }
    if (group.size() == static_cast<std::size_t>(options.batch)) {
      group.Look(*model.captioner, sink);
      progress.Update(static_cast<std::int64_t>(i) + 1);
    }
  }
  group.Look(*model.captioner, sink);
  progress.End();
  EYECHART_REQUIRE(
      summary.unreadable < static_cast<std::int64_t>(dataset.size()),
      "{}: none of the {} pictures could be read; the first is {}",
      dataset.name(), dataset.size(), first);
  summary.items_sha256 = Sha256Hex(rows);
  return summary;
}

}  // namespace eyechart::encoders
