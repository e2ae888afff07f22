#include <optional>
#include <utility>

#include "core/csv.h"
#include "core/error.h"
#include "data/dataset_kinds.h"

namespace eyechart::data::internal {

std::unique_ptr<Dataset> OpenCsvManifest(const std::filesystem::path& path,
                                         const std::string& label_name) {
  const CsvTable table = CsvTable::ReadFile(path);
  const std::size_t path_column = table.Column("path");
  std::optional<std::size_t> label_column = table.FindColumn("label");
  if (!label_name.empty()) label_column = table.Column(label_name);
  const std::optional<std::size_t> id_column = table.FindColumn("id");
  std::vector<Item> items;
  items.reserve(table.rows());
  for (std::size_t row = 0; row < table.rows(); ++row) {
    Item item;
    item.path = table.at(row, path_column);
    EYECHART_REQUIRE(!item.path.empty(), "{}: row {}: column \"path\" is empty",
                     path.string(), row + 2);
    if (label_column) item.label = table.at(row, *label_column);
    item.id = id_column ? table.at(row, *id_column) : item.path;
    EYECHART_REQUIRE(!item.id.empty(), "{}: row {}: column \"id\" is empty",
                     path.string(), row + 2);
    items.push_back(std::move(item));
  }
  auto dataset = std::make_unique<FileDataset>(
      LastComponent(path), path.string(), path.parent_path(), std::move(items));
  dataset->RequireSomeFile();
  return dataset;
}

}  // namespace eyechart::data::internal
