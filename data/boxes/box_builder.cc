#include "data/boxes/box_builder.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <system_error>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "data/boxes/box_findings.h"
#include "data/boxes/name_list.h"
#include "data/boxes/picture_size.h"

namespace eyechart::data::internal {

void BoxBuilder::Count(std::string_view kind, const std::string& example) {
  constexpr std::size_t kMaxExamples = 5;
  auto it = warning_of_.find(kind);
  if (it == warning_of_.end()) {
    it = warning_of_.emplace(std::string(kind), dataset_.warnings.size()).first;
    dataset_.warnings.push_back({std::string(kind), 0, {}});
  }
  BoxWarning& warning = dataset_.warnings[it->second];
  ++warning.count;
  if (warning.examples.size() < kMaxExamples)
    warning.examples.push_back(EscapeNotUtf8(example));
}

void BoxBuilder::Drop(std::string_view kind,
                      const std::string& example,
                      RowOf row) {
  Dropped& dropped = dropped_[row];
  if (dropped.count++ == 0) dropped.first = EscapeNotUtf8(example);
  Count(kind, example);
}

std::size_t BoxBuilder::AddCategory(BoxCategory category) {
  const std::size_t index = dataset_.categories.size();
  EYECHART_CHECK(category_of_.emplace(category.id, index).second,
                 "category {} is there", category.id);
  dataset_.categories.push_back(std::move(category));
  return index;
}

std::optional<std::size_t> BoxBuilder::AddImage(
    BoxImage image,
    const std::filesystem::path& root,
    const std::string& place) {
  for (const std::string* name : {&image.path, &image.id})
    RequireUtf8(*name, place);
  const std::size_t index = dataset_.images.size();
  const auto there = image_of_.find(image.id);
  if (there != image_of_.end()) {
    Drop(finding::kImageIdTwice,
         fmt::format("{}: image \"{}\" has the id {} of image \"{}\"", place,
                     image.path, image.id, dataset_.images[there->second].path),
         RowOf::kImage);
    return std::nullopt;
  }
  try {
    image.file = SafeJoin(root, image.path, place);
  } catch (const InputError& error) {
    Drop(finding::kImageUnusable, error.what(), RowOf::kImage);
    return std::nullopt;
  }
  image_of_.emplace(image.id, index);
  dataset_.images.push_back(std::move(image));
  return index;
}

std::string BoxBuilder::Describe(const TrueBox& box) const {
  return fmt::format("{}: box {}, {} at [{}, {}, {}, {}]",
                     dataset_.images[box.image].path, box.id,
                     dataset_.categories[box.category].name, box.x, box.y,
                     box.w, box.h);
}

void BoxBuilder::AddBox(const TrueBox& box, bool has_id) {
  EYECHART_CHECK(box.image < dataset_.images.size() &&
                     box.category < dataset_.categories.size(),
                 "box of image {} and category {}", box.image, box.category);
  for (const double value : {box.x, box.y, box.w, box.h, box.area}) {
    if (std::isfinite(value)) continue;
    Count(finding::kNotFinite, Describe(box));
    return;
  }
  if (has_id && box.id < 1) Count(finding::kIdBelowOne, Describe(box));
  renumber_ |= !has_id || box.id < 1;
  dataset_.boxes.push_back(box);
}

void BoxBuilder::DropCategory(std::size_t index) {
  auto& categories = dataset_.categories;
  category_of_.erase(categories[index].id);
  categories.erase(categories.begin() + static_cast<std::ptrdiff_t>(index));
  for (auto& [id, at] : category_of_)
    if (at > index) --at;
  for (TrueBox& box : dataset_.boxes) {
    EYECHART_CHECK(box.category != index, "box {} has the category", box.id);
    if (box.category > index) --box.category;
  }
}

void BoxBuilder::CheckPictures(const BoxOptions& options) {
  if (dataset_.images.empty()) Count(finding::kNoImages, dataset_.source);
  std::unordered_map<std::string, std::size_t> seen;
  std::size_t there = 0;
  for (std::size_t i = 0; i < dataset_.images.size(); ++i) {
    BoxImage& image = dataset_.images[i];
    const auto [first, fresh] =
        seen.emplace(image.file.lexically_normal().string(), i);
    if (!fresh)
      Count(finding::kFileTwice,
            fmt::format("{}: images {} and {}", image.path,
                        dataset_.images[first->second].id, image.id));
    std::error_code error;
    image.missing = !std::filesystem::is_regular_file(image.file, error);
    there += !image.missing;
    if (image.missing) Count(finding::kMissingPicture, image.path);
    if (image.width > 0 && image.height > 0) continue;
    const bool told = std::min(image.width, image.height) == kUnusableSide;
    const auto size = ReadPictureSize(image.file);
    if (!size && !image.missing)
      Count(finding::kUnreadablePicture, image.path);
    else if (!told)
      Count(finding::kNoSize, image.path);
    image.width = image.height = 0;
    if (!size) continue;
    image.width = static_cast<int>(size->width);
    image.height = static_cast<int>(size->height);
  }
  EYECHART_REQUIRE(
      there > 0 || dataset_.images.empty() || options.allow_no_pictures,
      "{}: none of its {} pictures exists, for one {}", dataset_.source,
      dataset_.images.size(), dataset_.images.front().file.string());
}

void BoxBuilder::CheckRowsLeft(const BoxOptions& options) {
  // One bad row among good ones is odd; a list of nothing else is another
  // format, or belongs to other pictures. In the order in which one leaves
  // nothing of the next.
  struct Kind {
    RowOf row;
    const char* name;
    bool none_left;
  };
  for (const Kind& kind :
       {Kind{RowOf::kCategory, "category", dataset_.categories.empty()},
        Kind{RowOf::kImage, "picture", dataset_.images.empty()},
        Kind{RowOf::kBox, "box", dataset_.boxes.empty()}}) {
    const Dropped& dropped = dropped_[kind.row];
    EYECHART_REQUIRE(
        dropped.count == 0 || !kind.none_left || options.allow_no_boxes,
        "{}: no {} of it can be used; left out: {}, the first is {}",
        dataset_.source, kind.name, dropped.count, dropped.first);
  }
  if (!dataset_.images.empty() &&
      std::all_of(dataset_.boxes.begin(), dataset_.boxes.end(),
                  [](const TrueBox& box) { return box.crowd; }))
    Count(finding::kNoBoxes, dataset_.source);
}

void BoxBuilder::CheckPlaces() {
  for (const TrueBox& box : dataset_.boxes) {
    const BoxImage& image = dataset_.images[box.image];
    if (box.w <= 0 || box.h <= 0) {
      Count(finding::kDegenerate, Describe(box));
      continue;
    }
    if (image.width == 0) continue;
    const double beyond = std::max({-box.x, -box.y, box.x + box.w - image.width,
                                    box.y + box.h - image.height});
    if (box.x >= image.width || box.y >= image.height || box.x + box.w <= 0 ||
        box.y + box.h <= 0)
      Count(finding::kOutside, Describe(box));
    else if (beyond > kEdgeTolerance)
      Count(finding::kBeyondEdge, Describe(box));
  }
}

void BoxBuilder::CheckRepeats() {
  const std::vector<TrueBox>& boxes = dataset_.boxes;
  std::vector<std::size_t> order(boxes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto key = [&boxes](std::size_t i) {
    const TrueBox& b = boxes[i];
    return std::tuple(b.image, b.category, b.x, b.y, b.w, b.h);
  };
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::tuple_cat(key(a), std::tuple(a)) <
           std::tuple_cat(key(b), std::tuple(b));
  });
  std::vector<std::size_t> repeats;
  for (std::size_t i = 1; i < order.size(); ++i)
    if (key(order[i - 1]) == key(order[i])) repeats.push_back(order[i]);
  std::sort(repeats.begin(), repeats.end());
  for (const std::size_t i : repeats)
    Count(finding::kBoxTwice, Describe(boxes[i]));

  std::unordered_set<std::string_view> names;
  for (const BoxCategory& category : dataset_.categories)
    if (!names.insert(category.name).second)
      Count(finding::kCategoryTwice, category.name);
}

void BoxBuilder::Renumber() {
  std::unordered_set<std::int64_t> seen;
  seen.reserve(dataset_.boxes.size());
  for (const TrueBox& box : dataset_.boxes) {
    // Ids that are not there are 0, and counted as such.
    if (box.id < 1 || seen.insert(box.id).second) continue;
    Count(finding::kIdTwice, Describe(box));
    renumber_ = true;
  }
  if (!renumber_) return;
  std::int64_t next = 0;
  for (TrueBox& box : dataset_.boxes) box.id = ++next;
}

void BoxBuilder::MakeSingleClass() {
  dataset_.single_class = true;
  // Id 1 whatever the set's were: its parts may have others.
  dataset_.categories = {{1, std::string(kSingleClassName), ""}};
  for (TrueBox& box : dataset_.boxes) box.category = 0;
}

BoxDataset BoxBuilder::Finish(const BoxOptions& options) {
  CheckRowsLeft(options);
  if (options.single_class) MakeSingleClass();
  CheckPictures(options);
  CheckPlaces();
  CheckRepeats();
  Renumber();
  return std::move(dataset_);
}

}  // namespace eyechart::data::internal
