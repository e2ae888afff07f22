#include "probes/detection/evaluation/read_detections.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "core/error.h"
#include "core/parallel.h"
#include "core/text.h"
#include "probes/detection/evaluation/box_oddities.h"
#include "probes/detection/evaluation/read_truth.h"
#include "probes/detection/evaluation/results_file.h"

namespace eyechart::detection {
namespace {

using Entries = std::vector<RawDetection>;

std::size_t PartsOf(const ByteSource& source) {
  return (source.size() + kPartBytes - 1) / kPartBytes;
}

// Ids of numbers to indices: a table where they lie close enough together.
class IndexOf {
 public:
  explicit IndexOf(std::vector<std::int64_t> ids) : ids_(std::move(ids)) {
    constexpr std::int64_t kMost = 1 << 22;
    if (ids_.empty() || ids_.front() < -kMost || ids_.back() > kMost) return;
    first_ = ids_.front();
    table_.assign(static_cast<std::size_t>(ids_.back() - first_) + 1, -1);
    for (std::size_t i = 0; i < ids_.size(); ++i)
      table_[static_cast<std::size_t>(ids_[i] - first_)] =
          static_cast<std::int32_t>(i);
  }
  std::int32_t operator()(std::int64_t id) const {
    if (!table_.empty()) {
      if (id < ids_.front() || id > ids_.back()) return -1;
      return table_[static_cast<std::size_t>(id - first_)];
    }
    const auto it = std::lower_bound(ids_.begin(), ids_.end(), id);
    if (it == ids_.end() || *it != id) return -1;
    return static_cast<std::int32_t>(it - ids_.begin());
  }

 private:
  std::vector<std::int64_t> ids_;
  std::int64_t first_ = 0;
  std::vector<std::int32_t> table_;
};

// What one part holds of each category, then where it goes.
struct Part {
  Entries* entries;
  std::int64_t first = 0;          // of its entries, in the file
  std::vector<std::size_t> place;  // [slots], the last of unknown ones
  std::size_t unknowns = 0;
  std::set<std::int64_t> unknown;  // some of the category ids
  BoxOddities odd;                 // of those whose category is known
};

class Resolver {
 public:
  Resolver(const Truth& truth,
           const std::string& source,
           const IdTexts& texts,
           int threads,
           Order order)
      : truth_(truth),
        source_(source),
        texts_(texts),
        threads_(threads),
        slots_(order == Order::kOfFile ? 1 : truth.categories.size() + 1),
        images_(truth.images.numbers),
        categories_(CategoryIds(truth)),
        sizes_(truth.sizes) {
    sizes_.resize(truth.images.size());
  }

  /// Columns by slot, the file's order within one: of one category, which is
  /// then read in one go, or of all.
  Detections Run(std::vector<Entries>& all,
                 std::vector<std::string>& warnings) {
    std::vector<Part> parts(all.size());
    std::int64_t total = 0;
    for (std::size_t p = 0; p < all.size(); ++p) {
      parts[p].entries = &all[p];
      parts[p].first = total;
      total += static_cast<std::int64_t>(all[p].size());
    }
    EYECHART_REQUIRE(total < std::int64_t{1} << 31,
                     "{}: {} entries; there should be less than 2^31", source_,
                     total);
    ParallelFor(parts.size(), threads_,
                [&](std::size_t p, int) { Resolve(parts[p]); });
    std::size_t next = 0;
    for (std::size_t k = 0; k < slots_; ++k)
      for (Part& part : parts) next += std::exchange(part.place[k], next);
    WarnOfBoxes(parts, warnings);
    Warn(parts, total, warnings);
    Detections made;
    made.image.resize(next);
    made.category.resize(next);
    for (auto* column :
         {&made.x, &made.y, &made.width, &made.height, &made.score})
      column->resize(next);
    ParallelFor(parts.size(), threads_,
                [&](std::size_t p, int) { Place(parts[p], made); });
    return made;
  }

 private:
  static std::vector<std::int64_t> CategoryIds(const Truth& truth) {
    std::vector<std::int64_t> ids;
    for (const Category& category : truth.categories)
      ids.push_back(category.id);
    return ids;
  }

  std::size_t SlotOf(std::int64_t category) const {
    return category < 0
               ? slots_ - 1
               : std::min(static_cast<std::size_t>(category), slots_ - 1);
  }

  void Resolve(Part& part) const {
    part.place.assign(slots_, 0);
    for (std::size_t i = 0; i < part.entries->size(); ++i) {
      RawDetection& one = (*part.entries)[i];
      const std::int32_t image =
          IsText(one.image) ? truth_.images.Find(texts_.Text(one.image))
                            : images_(one.image);
      EYECHART_REQUIRE(
          image >= 0,
          "{}: entry {}: image_id {} is none of the ground truth's images; {}",
          source_, part.first + static_cast<std::int64_t>(i),
          texts_.Name(one.image), WhatIdsShouldBe(one.image));
      one.image = image;
      const std::int32_t category = categories_(one.category);
      constexpr std::size_t kShown = 5;
      if (category < 0 && part.unknown.size() < kShown)
        part.unknown.insert(one.category);
      one.category = category;
      part.unknowns += category < 0 ? 1 : 0;
      ++part.place[SlotOf(category)];
      const ListedBox box = {part.first + static_cast<std::int64_t>(i),
                             image,
                             one.x,
                             one.y,
                             one.width,
                             one.height,
                             one.width * one.height,
                             sizes_[static_cast<std::size_t>(image)]};
      if (!IsOrdinary(box) && category >= 0) part.odd.Add(box);
    }
  }

  // pycocotools too takes "1" and 1 for two.
  const char* WhatIdsShouldBe(RawId id) const {
    const ImageIds& images = truth_.images;
    if (IsText(id)) {
      const std::optional<std::int64_t> number = ParseInt(texts_.Text(id));
      if (images.texts.empty() || (number && images.Find(*number) >= 0))
        return "it is a text, the ground truth has numbers";
    } else if (images.numbers.empty() ||
               images.Find(std::string_view(std::to_string(id))) >= 0) {
      return "it is a number, the ground truth has texts";
    }
    return "results should be of the same images";
  }

  void Place(Part& part, Detections& made) const {
    for (const RawDetection& one : *part.entries) {
      const std::size_t to = part.place[SlotOf(one.category)]++;
      made.image[to] = static_cast<std::int32_t>(one.image);
      made.category[to] = static_cast<std::int32_t>(one.category);
      made.x[to] = one.x;
      made.y[to] = one.y;
      made.width[to] = one.width;
      made.height[to] = one.height;
      made.score[to] = one.score;
    }
    *part.entries = Entries();
  }

  void WarnOfBoxes(const std::vector<Part>& parts,
                   std::vector<std::string>& warnings) const {
    BoxOddities odd;
    for (const Part& part : parts) odd.Append(part.odd);
    const auto warn = [&](const BoxTally& tally, const char* what,
                          const std::string& first) {
      if (tally.count > 0)
        warnings.push_back(fmt::format(
            "{}: {} detection{} {} (first entry {}: {})", source_, tally.count,
            tally.count == 1 ? "" : "s", what, tally.first.index, first));
    };
    std::string flat =
        "without extent, width or height not above 0: nothing can overlap such "
        "a box, which makes it a false alarm";
    if (odd.flat_no_area > 0)
      flat += fmt::format(", but for {} whose area is in none of COCO's",
                          odd.flat_no_area);
    warn(odd.flat, flat.c_str(), BoxText(odd.flat.first));
    warn(odd.no_area,
         "of an area, width times height, below 0 or above 1e10, in none of "
         "COCO's areas: where such a box finds nothing it is left out of AP, "
         "not even a false alarm",
         BoxText(odd.no_area.first));
    if (odd.outside.count > 0)
      warn(odd.outside,
           "wholly outside the picture, taken like any other: a false alarm "
           "unless a truth is out there too",
           OutsideText(odd.outside.first, truth_.images));
  }

  void Warn(const std::vector<Part>& parts,
            std::int64_t total,
            std::vector<std::string>& warnings) const {
    if (total == 0)
      warnings.push_back(fmt::format(
          "{}: no detections: AP and AR are 0 where there is truth", source_));
    std::size_t count = 0;
    std::set<std::int64_t> unknown;
    for (const Part& part : parts) {
      count += part.unknowns;
      unknown.insert(part.unknown.begin(), part.unknown.end());
    }
    if (count == 0) return;
    const bool all = count == static_cast<std::size_t>(total);
    std::string shown;
    int n = 0;
    for (const std::int64_t id : unknown)
      if (n++ < 5) shown += (shown.empty() ? "" : ", ") + std::to_string(id);
    warnings.push_back(fmt::format(
        "{}: {}{} detection{} in a category that the ground truth lacks: left "
        "out ({}{}){}",
        source_, all && count > 1 ? "all " : "", count, count == 1 ? "" : "s",
        shown, unknown.size() > 5 ? ", ..." : "",
        all ? "; none is left, so that AP and AR are 0 where there is truth"
            : ""));
  }

  const Truth& truth_;
  const std::string& source_;
  const IdTexts& texts_;
  int threads_;
  std::size_t slots_;
  IndexOf images_;
  IndexOf categories_;
  std::vector<ImageExtent> sizes_;  // one an image
};

Detections Finish(const ByteSource& source,
                  const std::string& name,
                  const Truth& truth,
                  int threads,
                  Order order,
                  bool whole,
                  std::vector<Entries>& parts,
                  std::vector<std::string>& warnings) {
  IdTexts texts;
  if (whole) {
    parts.assign(1, {});
    parts[0] = ReadWhole(source, name, texts);
  }
  return Resolver(truth, name, texts, threads, order).Run(parts, warnings);
}

// The parts of a results file, and what else is to be done meanwhile.
class PartsRun {
 public:
  PartsRun(const ByteSource& source, int threads)
      : source_(source),
        readers_(static_cast<std::size_t>(ThreadCount(threads))),
        parts_(PartsOf(source)) {}

  template <typename Other>
  void Run(int threads, const Other& other) {
    ParallelFor(parts_.size() + 1, threads, [&](std::size_t i, int thread) {
      if (i == 0) {
        other();
        return;
      }
      if (failed_) return;
      auto& reader = readers_[static_cast<std::size_t>(thread)];
      if (!reader) reader.emplace();
      if (!reader->Read(source_, i - 1, parts_[i - 1])) failed_ = true;
    });
    readers_.clear();
  }

  bool failed() const { return failed_ || parts_.empty(); }
  std::vector<Entries>& parts() { return parts_; }

 private:
  const ByteSource& source_;
  std::vector<std::optional<PartReader>> readers_;
  std::vector<Entries> parts_;
  std::atomic<bool> failed_{false};
};

Detections Read(const ByteSource& source,
                const std::string& name,
                const Truth& truth,
                int threads,
                std::vector<std::string>& warnings) {
  PartsRun run(source, threads);
  run.Run(threads, [] {});
  return Finish(source, name, truth, threads, Order::kByCategory, run.failed(),
                run.parts(), warnings);
}

}  // namespace

Detections ReadDetections(const std::filesystem::path& path,
                          const Truth& truth,
                          int threads,
                          std::vector<std::string>& warnings) {
  return Read(ByteSource(path), path.string(), truth, threads, warnings);
}

Detections ParseDetections(std::string_view json,
                           const std::string& source,
                           const Truth& truth,
                           std::vector<std::string>& warnings) {
  return Read(ByteSource(json.data(), json.size()), source, truth,
              /*threads=*/1, warnings);
}

EvaluationFiles ReadFiles(const std::filesystem::path& truth,
                          const std::filesystem::path& detections,
                          int threads,
                          Order order) {
  EvaluationFiles made;
  const ByteSource source(detections);
  PartsRun run(source, threads);
  run.Run(threads, [&] { made.truth = ReadTruth(truth, made.warnings); });
  made.detections = Finish(source, detections.string(), made.truth, threads,
                           order, run.failed(), run.parts(), made.warnings);
  return made;
}

}  // namespace eyechart::detection
