#include "data/boxes/box_check.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "core/error.h"
#include "core/hash.h"
#include "core/text.h"
#include "data/boxes/box_findings.h"
#include "data/boxes/picture_folder.h"
#include "data/boxes/picture_size.h"
#include "data/boxes/split_names.h"

namespace eyechart::data {
namespace {

namespace fs = std::filesystem;

// Counts by kind, with the first examples.
class Findings {
 public:
  // What is odd in the set as a whole is told of its first part alone.
  Findings(std::string split, std::vector<BoxWarning> warnings, bool first)
      : split_(std::move(split)) {
    for (BoxWarning& warning : warnings)
      if (first || !FindBoxFinding(warning.kind).of_set)
        by_kind_.emplace(warning.kind, std::move(warning));
  }

  void Count(std::string_view kind, const std::string& example) {
    constexpr std::size_t kMaxExamples = 5;
    BoxWarning& warning = by_kind_[std::string(kind)];
    warning.kind = kind;
    ++warning.count;
    if (warning.examples.size() < kMaxExamples)
      warning.examples.push_back(EscapeNotUtf8(example));
  }

  void AppendTo(std::vector<BoxFinding>& findings) const {
    for (const BoxFindingKind& kind : BoxFindingKinds()) {
      const auto it = by_kind_.find(std::string(kind.name));
      if (it != by_kind_.end()) findings.push_back({split_, it->second});
    }
  }

 private:
  std::string split_;
  std::map<std::string, BoxWarning> by_kind_;
};

struct Part {
  BoxDataset dataset;
  Findings findings;
};

bool SameCategories(const BoxDataset& a, const BoxDataset& b) {
  return std::equal(a.categories.begin(), a.categories.end(),
                    b.categories.begin(), b.categories.end(),
                    [](const BoxCategory& x, const BoxCategory& y) {
                      return x.id == y.id && x.name == y.name;
                    });
}

std::string Names(const BoxDataset& dataset) {
  constexpr std::size_t kMost = 8;
  std::vector<std::string> names;
  for (const BoxCategory& category : dataset.categories)
    if (names.size() < kMost)
      names.push_back(fmt::format("{} {}", category.id, category.name));
  const std::size_t more = dataset.categories.size() - names.size();
  return fmt::format("{}{}", fmt::join(names, ", "),
                     more > 0 ? fmt::format(" and {} more", more) : "");
}

void CheckCategories(std::vector<Part>& parts) {
  for (Part& part : parts) {
    const BoxDataset& dataset = part.dataset;
    if (!SameCategories(dataset, parts.front().dataset))
      part.findings.Count(
          finding::kCategoriesDiffer,
          fmt::format("{}; the first part has {}", Names(dataset),
                      Names(parts.front().dataset)));
    if (dataset.images.empty()) continue;
    std::vector<bool> used(dataset.categories.size());
    for (const TrueBox& box : dataset.boxes) used[box.category] = true;
    for (std::size_t c = 0; c < used.size(); ++c)
      if (!used[c])
        part.findings.Count(finding::kCategoryUnused,
                            dataset.categories[c].name);
  }
}

void CheckSizes(Part& part, Progress& progress) {
  std::int64_t done = 0;
  for (const BoxImage& image : part.dataset.images) {
    progress.Update(++done);
    if (image.missing || image.width == 0) continue;
    const auto size = ReadPictureSize(image.file);
    if (!size) {
      part.findings.Count(finding::kUnreadablePicture, image.path);
    } else if (size->width != image.width || size->height != image.height) {
      const bool turned =
          size->width == image.height && size->height == image.width;
      part.findings.Count(
          finding::kSizeDiffers,
          fmt::format("{}: {} x {} in the set, {} x {} on disk{}", image.path,
                      image.width, image.height, size->width, size->height,
                      turned ? " (turned)" : ""));
    }
  }
}

// Pictures beside the listed ones that no part lists.
void CheckUnlisted(std::vector<Part>& parts) {
  std::unordered_set<std::string> listed;
  for (const Part& part : parts)
    for (const BoxImage& image : part.dataset.images)
      listed.insert(image.file.lexically_normal().string());
  std::set<fs::path> seen;
  for (Part& part : parts) {
    for (const BoxImage& image : part.dataset.images) {
      const fs::path folder = image.file.lexically_normal().parent_path();
      if (!seen.insert(folder).second) continue;
      for (const std::string& name : internal::PicturesUnder(folder, false))
        if (!listed.contains((folder / name).string()))
          part.findings.Count(finding::kUnlistedPicture, name);
    }
  }
}

// A picture as found first.
struct First {
  std::size_t part = 0;
  std::string path;
};

// Files of equal bytes. Only those of equal length are read for it.
void CheckCopies(std::vector<Part>& parts, Progress& progress) {
  std::map<std::uintmax_t, std::vector<std::pair<std::size_t, std::size_t>>>
      by_length;
  std::unordered_set<std::string> seen;
  std::int64_t total = 0;
  for (std::size_t p = 0; p < parts.size(); ++p) {
    const std::vector<BoxImage>& images = parts[p].dataset.images;
    for (std::size_t i = 0; i < images.size(); ++i) {
      std::error_code error;
      const std::uintmax_t length = fs::file_size(images[i].file, error);
      // The same file twice is a finding of its own.
      const std::string file = images[i].file.lexically_normal().string();
      if (!images[i].missing && !error &&
          seen.insert(fmt::format("{} {}", p, file)).second)
        by_length[length].emplace_back(p, i);
    }
  }
  for (const auto& [length, places] : by_length)
    if (places.size() > 1) total += static_cast<std::int64_t>(places.size());
  progress.Begin("equal files", total);
  std::int64_t done = 0;
  std::unordered_map<std::string, First> first_of;
  for (const auto& [length, places] : by_length) {
    if (places.size() < 2) continue;
    for (const auto& [p, i] : places) {
      const BoxImage& image = parts[p].dataset.images[i];
      progress.Update(++done);
      std::string hash;
      try {
        hash = Sha256File(image.file);
      } catch (const InputError&) {
        parts[p].findings.Count(finding::kUnreadablePicture, image.path);
        continue;
      }
      const auto [it, fresh] = first_of.emplace(hash, First{p, image.path});
      if (fresh) continue;
      const First& first = it->second;
      const bool same = first.part == p;
      parts[p].findings.Count(
          same ? finding::kSamePicture : finding::kLeakedPicture,
          fmt::format("{} is {}{}", image.path,
                      same ? "" : parts[first.part].dataset.split + ": ",
                      first.path));
    }
  }
  progress.End();
}

// All parts but VOC's "trainval" where it repeats two of them.
std::vector<std::string> PartsOf(const fs::path& root, const BoxOptions& data) {
  std::vector<std::string> splits = BoxSplits(root, data);
  if (!internal::MatchingSplits(splits, "train").empty())
    std::erase(splits, "trainval");
  return splits;
}

}  // namespace

BoxReport CheckBoxes(const fs::path& root,
                     const BoxCheckOptions& options,
                     Progress& progress) {
  BoxOptions data = options.data;
  data.allow_no_pictures = true;
  data.allow_no_boxes = true;
  const std::vector<std::string> splits =
      options.splits.empty() ? PartsOf(root, data) : options.splits;
  std::vector<Part> parts;
  progress.Begin("lists", static_cast<std::int64_t>(splits.size()));
  for (const std::string& split : splits) {
    BoxDataset dataset = OpenBoxDataset(root, split, data);
    for (const Part& part : parts)
      EYECHART_REQUIRE(part.dataset.split != dataset.split,
                       "{}: split \"{}\" is asked for twice", root.string(),
                       split);
    Findings findings(dataset.split, dataset.warnings, parts.empty());
    parts.push_back({std::move(dataset), std::move(findings)});
    progress.Update(static_cast<std::int64_t>(parts.size()));
  }
  progress.End();
  CheckCategories(parts);
  // A part by itself does not say what the others list.
  if (options.splits.empty()) CheckUnlisted(parts);
  if (options.open_pictures) {
    for (Part& part : parts) {
      progress.Begin("pictures " + part.dataset.split,
                     static_cast<std::int64_t>(part.dataset.images.size()));
      CheckSizes(part, progress);
      progress.End();
    }
    CheckCopies(parts, progress);
  }
  BoxReport report;
  report.name = parts.front().dataset.name;
  report.kind = parts.front().dataset.kind;
  report.root = root.string();
  report.categories = parts.front().dataset.categories;
  for (const Part& part : parts) {
    report.splits.push_back(StatisticsOf(part.dataset));
    part.findings.AppendTo(report.findings);
  }
  return report;
}

}  // namespace eyechart::data
