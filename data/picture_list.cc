#include "data/picture_list.h"

#include <utility>

#include "data/dataset_kinds.h"

namespace eyechart::data {

std::unique_ptr<Dataset> PictureList(std::string name,
                                     std::string source,
                                     std::filesystem::path root,
                                     std::vector<Item> items) {
  return std::make_unique<internal::FileDataset>(
      std::move(name), std::move(source), std::move(root), std::move(items));
}

}  // namespace eyechart::data
