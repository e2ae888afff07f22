#include "benchmarks/vision/bench_pictures.h"

#include <utility>

#include "benchmarks/load/sample_order.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/interrupt.h"
#include "core/parallel.h"
#include "data/scenes/encode.h"
#include "data/scenes/scene.h"

namespace eyechart::benchmarks {
namespace {

constexpr std::size_t kMostNamed = 5;  // pictures in a warning

class DrawnScenes final : public data::Dataset {
 public:
  explicit DrawnScenes(const SceneOptions& options)
      : items_(static_cast<std::size_t>(options.count)), files_(items_.size()) {
    scenes::SceneOptions scene;
    scene.render.size = options.side;
    ParallelFor(items_.size(), options.threads, [&](std::size_t i, int) {
      ThrowIfInterrupted();
      const scenes::Scene drawn = scenes::RenderScene(
          options.seed, static_cast<std::int64_t>(i), scene);
      items_[i].id = items_[i].path = fmt::format("{:05}.jpg", i);
      files_[i] = scenes::EncodeJpeg(drawn.image, drawn.jpeg_quality);
    });
  }

  std::size_t size() const override { return items_.size(); }
  const data::Item& item(std::size_t index) const override {
    return items_.at(index);
  }
  std::string Read(std::size_t index) const override {
    return files_.at(index);
  }
  const std::string& name() const override { return name_; }

 private:
  std::vector<data::Item> items_;
  std::vector<std::string> files_;
  const std::string name_ = "scenes";
};

}  // namespace

std::unique_ptr<data::Dataset> DrawScenes(const SceneOptions& options) {
  EYECHART_REQUIRE(options.count >= 1 && options.count <= 1 << 16,
                   "{} scenes; should be 1 to {}", options.count, 1 << 16);
  EYECHART_REQUIRE(options.side >= 32 && options.side <= 4096,
                   "scenes of {} pixels a side; should be 32 to 4096",
                   options.side);
  return std::make_unique<DrawnScenes>(options);
}

PickedPictures PickPictures(const data::Dataset& pictures,
                            const PickOptions& options) {
  EYECHART_REQUIRE(options.most >= 0,
                   "{} pictures; should be at least 1, or 0 for all",
                   options.most);
  PickedPictures picked;
  picked.given = static_cast<std::int64_t>(pictures.size());
  const std::vector<std::int64_t> drawn =
      DrawSubset(picked.given, options.most, options.seed);
  std::vector<std::string> hashes(drawn.size()), problems(drawn.size());
  ParallelFor(drawn.size(), options.threads, [&](std::size_t i, int) {
    ThrowIfInterrupted();
    try {
      const std::string bytes =
          pictures.Read(static_cast<std::size_t>(drawn[i]));
      if (options.decode) data::Decode(bytes, options.decoding);
      hashes[i] = Sha256Hex(bytes);
    } catch (const InputError& error) {
      problems[i] = error.what();
    }
  });
  std::string named;
  Sha256 digest;
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    const auto index = static_cast<std::size_t>(drawn[i]);
    if (!hashes[i].empty()) {
      picked.index.push_back(index);
      digest.Update(hashes[i]);
      continue;
    }
    if (++picked.unreadable <= static_cast<std::int64_t>(kMostNamed))
      named += fmt::format("{}{} ({})", named.empty() ? "" : ", ",
                           pictures.item(index).id, problems[i]);
  }
  if (picked.unreadable > static_cast<std::int64_t>(kMostNamed))
    named += ", ...";
  EYECHART_REQUIRE(!picked.index.empty(),
                   "{}: none of the {} pictures can be read: {}",
                   pictures.name(), drawn.size(), named);
  if (picked.unreadable > 0)
    picked.warnings.push_back(
        fmt::format("{}: {} of {} pictures cannot be read and are left out: {}",
                    pictures.name(), picked.unreadable, drawn.size(), named));
  picked.sha256 = digest.HexDigest();
  return picked;
}

std::map<std::int64_t, std::string> ReadSamples(
    std::span<const std::int64_t> samples,
    const data::Dataset& pictures,
    std::span<const std::size_t> used,
    std::map<std::int64_t, std::string> known) {
  std::map<std::int64_t, std::string> files;
  for (const std::int64_t sample : samples) {
    EYECHART_CHECK(
        sample >= 0 && sample < static_cast<std::int64_t>(used.size()),
        "sample {} of {}", sample, used.size());
    const auto found = known.find(sample);
    files[sample] = found != known.end()
                        ? std::move(found->second)
                        : pictures.Read(used[static_cast<std::size_t>(sample)]);
  }
  return files;
}

}  // namespace eyechart::benchmarks
