#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "data/dataset_kinds.h"

namespace eyechart::data::internal {
namespace {

// A list of 10 million paths is about this long.
constexpr std::uintmax_t kMaxListBytes = std::uintmax_t{1} << 30;

}  // namespace

std::unique_ptr<Dataset> OpenListFile(const std::filesystem::path& path) {
  const std::string text = ReadFile(path, kMaxListBytes);
  EYECHART_REQUIRE(text.find('\0') == std::string::npos,
                   "{}: is neither a list of paths nor a kind of data set that "
                   "is known (a folder, CSV, COCO JSON or IDX)",
                   path.string());
  std::string_view rest = WithoutUtf8Mark(text);
  std::vector<Item> items;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    items.push_back({std::string(line), std::string(line), ""});
  }
  EYECHART_REQUIRE(!items.empty(),
                   "{}: lists nothing; it should have one path "
                   "a line",
                   path.string());
  auto dataset = std::make_unique<FileDataset>(
      LastComponent(path), path.string(), path.parent_path(), std::move(items));
  dataset->RequireSomeFile();
  return dataset;
}

}  // namespace eyechart::data::internal
