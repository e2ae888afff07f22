#include <algorithm>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "core/csv.h"
#include "core/error.h"
#include "core/text.h"
#include "probes/multiple_choice/benchmark_builder.h"
#include "probes/multiple_choice/patterns.h"
#include "probes/multiple_choice/readers.h"
#include "probes/multiple_choice/rows.h"
#include "probes/multiple_choice/words.h"

namespace eyechart::multiple_choice::internal {
namespace {

namespace fs = std::filesystem;

// The released folder, and the one that its README draws.
const std::vector<std::string> kPictureFolders = {"MLLM_VLM Images",
                                                  "MMVP_VLM_Images"};

// Sub-folders by their plain names.
std::map<std::string, std::string> Categories(const fs::path& folder) {
  std::map<std::string, std::string> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory(error)) found.emplace(PlainName(name), name);
  }
  return found;
}

}  // namespace

bool LooksLikeMmvpVlm(const fs::path& source) {
  return FirstRowHas(source, {"Question ID", "Type", "Statement"});
}

Benchmark ReadMmvpVlm(const fs::path& source, const ReadOptions& options) {
  const Rows rows(source);
  BenchmarkBuilder builder("mmvp-vlm", source);
  Benchmark& benchmark = builder.benchmark();
  benchmark.statement_prompt = "a photo of ";  // evaluate_vlm.py
  if (!options.root.empty()) benchmark.root = options.root;
  const std::string folder = FolderLike(benchmark.root, kPictureFolders);
  const std::map<std::string, std::string> categories =
      Categories(benchmark.root / folder);
  std::vector<std::string> known;
  for (const auto& [plain, name] : categories) known.push_back(name);

  // The file's order says nothing: items stand by id, so that any order of its
  // rows gives the same result.
  std::map<std::int64_t, std::pair<Question, std::size_t>> by_id;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string text = rows.Require(i, "Question ID");
    const std::optional<std::int64_t> id = ParseInt(text);
    EYECHART_REQUIRE(id && *id >= 1,
                     "{}: Question ID \"{}\": should be a number from 1",
                     rows.Where(i), text);
    const std::string type = rows.Require(i, "Type");
    const auto category = categories.find(PlainName(type));
    EYECHART_REQUIRE(category != categories.end(),
                     "{}: Type \"{}\": no such category{}; {} has the folders: "
                     "{}",
                     rows.Where(i), type, DidYouMean(type, known),
                     (benchmark.root / folder).string(),
                     fmt::join(known, ", "));
    Question item;
    item.id = std::to_string(*id);
    item.pair = std::to_string((*id + 1) / 2);
    item.pattern = PatternTitle(type);
    item.statement = rows.Require(i, "Statement");
    const std::string inside =
        folder.empty() ? category->second : folder + "/" + category->second;
    item.picture = builder.AddPicture(
        PicturePath(benchmark.root, inside, item.id), item.id);
    const auto [entry, fresh] =
        by_id.emplace(*id, std::pair(std::move(item), rows.Number(i)));
    EYECHART_REQUIRE(fresh, "{}: Question ID {} stands in row {} already",
                     rows.Where(i), *id, entry->second.second);
  }
  EYECHART_REQUIRE(by_id.size() % 2 == 0,
                   "{}: {} rows: an odd number; pairs are the ids 1 and 2, 3 "
                   "and 4, ...",
                   source.string(), by_id.size());
  // Pictures in the order of ids as well, for one order of everything.
  std::vector<Picture> pictures;
  for (auto& [id, entry] : by_id) {
    Question& item = entry.first;
    pictures.push_back(benchmark.pictures[item.picture]);
    item.picture = pictures.size() - 1;
    builder.Add(std::move(item), entry.second);
  }
  benchmark.pictures = std::move(pictures);
  return std::move(builder).Finish();
}

}  // namespace eyechart::multiple_choice::internal
