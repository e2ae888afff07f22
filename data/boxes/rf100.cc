#include "data/boxes/rf100.h"

#include <algorithm>
#include <map>
#include <optional>
#include <system_error>

#include "core/csv.h"
#include "core/error.h"
#include "data/boxes/box_dataset.h"
#include "data/boxes/box_kinds.h"
#include "data/boxes/name_list.h"
#include "data/boxes/picture_folder.h"

namespace eyechart::data {
namespace {

namespace fs = std::filesystem;

std::size_t Either(const CsvTable& table, const char* name, const char* other) {
  const auto column = table.FindColumn(name);
  return column || !table.FindColumn(other) ? table.Column(name)
                                            : table.Column(other);
}

std::map<std::string, std::string> Domains(const fs::path& root) {
  std::map<std::string, std::string> domains;
  for (const char* name : {"domains.csv", "categories.csv"}) {
    const fs::path file = root / name;
    std::error_code error;
    if (!fs::is_regular_file(file, error)) continue;
    const CsvTable table = CsvTable::ReadFile(file);
    const std::size_t slug = Either(table, "slug", "dataset");
    const std::size_t domain = Either(table, "domain", "category");
    for (std::size_t row = 0; row < table.rows(); ++row) {
      for (const std::size_t column : {slug, domain})
        internal::RequireUtf8(
            table.at(row, column),
            fmt::format("{}: row {}", file.string(), row + 2));
      const bool fresh =
          domains.emplace(table.at(row, slug), table.at(row, domain)).second;
      EYECHART_REQUIRE(fresh, "{}: row {}: \"{}\" stands twice", file.string(),
                       row + 2, table.at(row, slug));
    }
    break;
  }
  return domains;
}

bool IsSet(const fs::path& folder) {
  const auto kinds = BoxKinds();
  return std::any_of(
      kinds.begin(), kinds.end(),
      [&folder](const BoxKind& kind) { return kind.recognises(folder); });
}

}  // namespace

std::vector<Rf100Set> FindRf100(const fs::path& root) {
  std::error_code unread;
  EYECHART_REQUIRE(fs::is_directory(root, unread), "{}: no such folder",
                   root.string());
  const std::map<std::string, std::string> domains = Domains(root);
  std::vector<Rf100Set> sets;
  bool any = false;
  for (const std::string& slug : internal::FoldersOf(root)) {
    internal::RequireUtf8(slug, root.string());
    Rf100Set set;
    set.slug = slug;
    set.root = root / slug;
    if (IsSet(set.root)) {
      any = true;
      try {
        set.splits = BoxSplits(set.root);
      } catch (const InputError& error) {
        set.error = error.what();
      }
    } else {
      set.problem = fmt::format(
          "{}: no detection set is recognised here; there should be "
          "<part>/_annotations.coco.json, or another layout that is known",
          set.root.string());
    }
    const auto domain = domains.find(slug);
    set.domain = domain == domains.end() || domain->second.empty()
                     ? "unknown"
                     : domain->second;
    sets.push_back(std::move(set));
  }
  EYECHART_REQUIRE(any,
                   "{}: no folder in it is a detection set; there should be "
                   "<slug>/<split>/_annotations.coco.json",
                   root.string());
  return sets;
}

}  // namespace eyechart::data
