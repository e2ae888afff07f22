#include "data/first_items.h"

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace eyechart::data {
namespace {

class FirstItemsDataset final : public Dataset {
 public:
  FirstItemsDataset(std::unique_ptr<Dataset> dataset, std::size_t count)
      : dataset_(std::move(dataset)),
        size_(std::min(count, dataset_->size())) {}
  std::size_t size() const override { return size_; }
  const Item& item(std::size_t index) const override {
    EYECHART_CHECK(index < size_, "item {} of {}", index, size_);
    return dataset_->item(index);
  }
  std::string Read(std::size_t index) const override {
    EYECHART_CHECK(index < size_, "item {} of {}", index, size_);
    return dataset_->Read(index);
  }
  const std::string& name() const override { return dataset_->name(); }

 private:
  std::unique_ptr<Dataset> dataset_;
  std::size_t size_;
};

}  // namespace

std::unique_ptr<Dataset> FirstItems(std::unique_ptr<Dataset> dataset,
                                    std::size_t count) {
  return std::make_unique<FirstItemsDataset>(std::move(dataset), count);
}

}  // namespace eyechart::data
