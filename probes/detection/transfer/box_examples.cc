#include "probes/detection/transfer/box_examples.h"

#include <ATen/ops/empty.h>

#include <utility>

#include "core/error.h"
#include "core/files.h"

namespace eyechart::detection {
namespace {

constexpr double kSeen = 0.25;   // of a box's area, to be looked for
constexpr double kSmallest = 1;  // pixel of the canvas

at::Tensor CornersTensor(const std::vector<Corners>& corners) {
  at::Tensor made =
      at::empty({static_cast<std::int64_t>(corners.size()), 4}, at::kFloat);
  auto* out = made.mutable_data_ptr<float>();
  for (const Corners& one : corners)
    for (const double value : one) *out++ = static_cast<float>(value);
  return made;
}

}  // namespace

Corners ToSet(const Corners& box,
              const data::BoxImage& image,
              int width,
              int height) {
  if (image.width <= 0 || image.height <= 0 || width <= 0 || height <= 0)
    return box;
  const double x = 1.0 * image.width / width;
  const double y = 1.0 * image.height / height;
  return {box[0] * x, box[1] * y, box[2] * x, box[3] * y};
}

BoxExamples::BoxExamples(const data::BoxDataset& dataset, PictureBytes read)
    : dataset_(dataset),
      read_(std::move(read)),
      boxes_(data::BoxesOfImages(dataset)) {
  for (std::size_t i = 0; i < dataset.images.size(); ++i) {
    const data::BoxImage& image = dataset.images[i];
    if (image.missing)
      problems_.push_back(image.path + ": is not on disk");
    else
      kept_.push_back(i);
  }
  EYECHART_REQUIRE(!kept_.empty(),
                   "{}: holds no picture that is on disk ({} are listed)",
                   dataset.source, dataset.images.size());
}

data::Image BoxExamples::Read(std::int64_t example,
                              const data::DecodeOptions& options) const {
  const data::BoxImage& picture = dataset_.images[image(example)];
  try {
    data::Image made =
        data::Decode(read_ ? read_(image(example)) : ReadFile(picture.file),
                     options)
            .image;
    NoteSize(example, made.width, made.height);
    return made;
  } catch (const data::DecodeError& error) {
    throw InputError(fmt::format("{}: {}", picture.path, error.what()));
  }
}

void BoxExamples::NoteSize(std::int64_t example, int width, int height) const {
  const data::BoxImage& picture = dataset_.images[image(example)];
  if (picture.width <= 0 || picture.height <= 0) return;
  if (picture.width == width && picture.height == height) return;
  const std::lock_guard lock(mutex_);
  other_sizes_[image(example)] = {height, width};
}

std::vector<std::string> BoxExamples::other_sizes() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> told;
  for (const auto& [index, size] : other_sizes_) {
    const data::BoxImage& picture = dataset_.images[index];
    told.push_back(fmt::format("{}: {} x {} pixels, the set says {} x {}",
                               picture.path, size.width, size.height,
                               picture.width, picture.height));
  }
  return told;
}

BoxTargets BoxExamples::Targets(std::int64_t example,
                                const Placing& placing,
                                const Canvas& canvas,
                                int width,
                                int height) const {
  const data::BoxImage& picture = dataset_.images[image(example)];
  // Boxes are in the pixels that the set says the picture has.
  const double x = picture.width > 0 ? 1.0 * width / picture.width : 1;
  const double y = picture.height > 0 ? 1.0 * height / picture.height : 1;
  std::vector<Corners> found, ignored;
  std::vector<std::int64_t> classes;
  for (const std::size_t index : boxes(example)) {
    const data::TrueBox& box = dataset_.boxes[index];
    const auto inside = data::TrainingBox(box, picture);
    if (!inside) continue;
    const auto placed =
        ToCanvas({inside->x * x, inside->y * y, (inside->x + inside->w) * x,
                  (inside->y + inside->h) * y},
                 placing, canvas);
    if (!placed) continue;
    const Corners& c = placed->corners;
    if (box.crowd || placed->visible < kSeen || c[2] - c[0] < kSmallest ||
        c[3] - c[1] < kSmallest) {
      ignored.push_back(c);
      continue;
    }
    found.push_back(c);
    classes.push_back(static_cast<std::int64_t>(box.category));
  }
  BoxTargets targets;
  targets.corners = CornersTensor(found);
  targets.classes =
      at::empty({static_cast<std::int64_t>(classes.size())}, at::kLong);
  std::copy(classes.begin(), classes.end(),
            targets.classes.mutable_data_ptr<std::int64_t>());
  if (!ignored.empty()) targets.ignored = CornersTensor(ignored);
  return targets;
}

}  // namespace eyechart::detection
