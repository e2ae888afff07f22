#include "probes/multiple_choice/benchmark_builder.h"

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "probes/multiple_choice/patterns.h"
#include "probes/multiple_choice/words.h"

namespace eyechart::multiple_choice {

namespace fs = std::filesystem;

BenchmarkBuilder::BenchmarkBuilder(std::string kind, const fs::path& source) {
  benchmark_.kind = std::move(kind);
  benchmark_.source = source;
  benchmark_.root = source.parent_path();
  const fs::path whole = fs::weakly_canonical(source);
  benchmark_.name = whole.parent_path().filename().string();
  benchmark_.questions_sha256 = Sha256File(source);
}

std::string BenchmarkBuilder::Where(std::size_t row) const {
  return fmt::format("{}: row {}", benchmark_.source.string(), row);
}

std::size_t BenchmarkBuilder::AddPicture(const std::string& path,
                                         const std::string& id) {
  const auto [entry, fresh] =
      picture_of_path_.emplace(path, benchmark_.pictures.size());
  if (fresh) benchmark_.pictures.push_back({id.empty() ? path : id, path});
  return entry->second;
}

void BenchmarkBuilder::Add(Question item, std::size_t row) {
  EYECHART_REQUIRE(!item.id.empty(), "{}: the id is empty", Where(row));
  const auto [entry, fresh] = row_of_id_.emplace(item.id, row);
  EYECHART_REQUIRE(fresh,
                   "{}: id \"{}\" stands in row {} already; ids should differ",
                   Where(row), item.id, entry->second);
  EYECHART_REQUIRE(item.options.empty() ||
                       (item.answer >= 0 &&
                        item.answer < static_cast<int>(item.options.size())),
                   "{}: id \"{}\": no right answer among its {} options",
                   Where(row), item.id, item.options.size());
  benchmark_.items.push_back(std::move(item));
}

Benchmark BenchmarkBuilder::Finish() && {
  const std::string source = benchmark_.source.string();
  EYECHART_REQUIRE(!benchmark_.items.empty(), "{}: holds no questions", source);
  std::map<std::string, std::vector<std::size_t>> members;
  std::vector<std::string> order;
  for (std::size_t i = 0; i < benchmark_.items.size(); ++i) {
    const std::string& pair = benchmark_.items[i].pair;
    if (pair.empty()) continue;
    if (members[pair].empty()) order.push_back(pair);
    members[pair].push_back(i);
  }
  for (const std::string& pair : order) {
    const std::vector<std::size_t>& items = members[pair];
    EYECHART_REQUIRE(items.size() == 2,
                     "{}: pair {} has {} item(s), the first with id \"{}\"; a "
                     "pair is two",
                     source, pair, items.size(), benchmark_.items[items[0]].id);
    const Question& first = benchmark_.items[items[0]];
    const Question& second = benchmark_.items[items[1]];
    EYECHART_REQUIRE(first.pattern == second.pattern,
                     "{}: ids \"{}\" and \"{}\" are a pair, but of patterns "
                     "\"{}\" and \"{}\"",
                     source, first.id, second.id, first.pattern,
                     second.pattern);
    benchmark_.pairs.push_back({items[0], items[1]});
  }
  for (const Question& item : benchmark_.items) {
    if (!item.pattern.empty() &&
        std::find(benchmark_.patterns.begin(), benchmark_.patterns.end(),
                  item.pattern) == benchmark_.patterns.end())
      benchmark_.patterns.push_back(item.pattern);
  }
  std::sort(benchmark_.patterns.begin(), benchmark_.patterns.end(),
            [](const std::string& a, const std::string& b) {
              return std::pair(PatternRank(a), a) <
                     std::pair(PatternRank(b), b);
            });
  return std::move(benchmark_);
}

void RequirePictures(const Benchmark& benchmark) {
  std::vector<std::string> missing;
  std::error_code error;
  for (const Picture& picture : benchmark.pictures) {
    const fs::path path =
        SafeJoin(benchmark.root, picture.path, benchmark.source.string());
    if (!fs::is_regular_file(path, error)) missing.push_back(path.string());
  }
  if (missing.empty()) return;
  const std::size_t count = missing.size();
  constexpr std::size_t kShown = 3;
  if (count > kShown) missing.resize(kShown);
  ThrowInput("{}: {} of its {} pictures are missing: {}{}",
             benchmark.source.string(), count, benchmark.pictures.size(),
             fmt::join(missing, ", "), count > kShown ? ", ..." : "");
}

std::string PicturePath(const fs::path& root,
                        const std::string& folder,
                        const std::string& stem) {
  const std::string base = folder.empty() ? stem : folder + "/" + stem;
  std::error_code error;
  for (const char* extension :
       {".jpg", ".jpeg", ".png", ".JPG", ".JPEG", ".PNG"}) {
    if (fs::is_regular_file(root / (base + extension), error))
      return base + extension;
  }
  return base + ".jpg";
}

std::string FolderLike(const fs::path& parent,
                       const std::vector<std::string>& names) {
  std::error_code error;
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(parent, error)) {
    if (!entry.is_directory(error)) continue;
    const std::string name = entry.path().filename().string();
    for (const std::string& wanted : names)
      if (PlainName(name) == PlainName(wanted)) found.push_back(name);
  }
  if (found.empty()) return "";
  return *std::min_element(found.begin(), found.end());
}

}  // namespace eyechart::multiple_choice
