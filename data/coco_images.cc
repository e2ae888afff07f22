#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "data/dataset_kinds.h"

namespace eyechart::data::internal {

std::unique_ptr<Dataset> OpenCocoImages(const std::filesystem::path& path,
                                        const std::filesystem::path& root) {
  const std::string source = path.string();
  std::error_code error;
  EYECHART_REQUIRE(root.empty() || std::filesystem::is_directory(root, error),
                   "{}: no such folder (root of {})", root.string(), source);
  const Json coco = ReadJsonFile(path);
  const Json* images = nullptr;
  if (coco.is_object() && coco.contains("images")) images = &coco["images"];
  EYECHART_REQUIRE(images != nullptr && images->is_array(),
                   "{}: key \"images\" should be a list, as in a COCO JSON",
                   source);
  std::vector<Item> items;
  items.reserve(images->size());
  for (std::size_t i = 0; i < images->size(); ++i) {
    const Json& image = (*images)[i];
    const std::string place = fmt::format("{}: images[{}]", source, i);
    EYECHART_REQUIRE(image.is_object(), "{}: should be an object", place);
    Item item;
    item.path = JsonGet<std::string>(image, "file_name", place);
    EYECHART_REQUIRE(!item.path.empty(), "{}: \"file_name\" is empty", place);
    const auto id = image.find("id");
    EYECHART_REQUIRE(
        id != image.end() && (id->is_number_integer() || id->is_string()),
        "{}: key \"id\" should be an integer", place);
    item.id = id->is_string() ? id->get<std::string>() : id->dump();
    items.push_back(std::move(item));
  }
  auto dataset = std::make_unique<FileDataset>(
      LastComponent(path), source, root.empty() ? path.parent_path() : root,
      std::move(items));
  dataset->RequireSomeFile();
  return dataset;
}

}  // namespace eyechart::data::internal
