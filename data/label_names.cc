#include "data/label_names.h"

#include <optional>
#include <utility>

#include "core/error.h"
#include "core/text.h"

namespace eyechart::data {
namespace {

class NamedLabelsDataset final : public Dataset {
 public:
  NamedLabelsDataset(std::unique_ptr<Dataset> dataset,
                     const std::vector<std::string>& names)
      : dataset_(std::move(dataset)) {
    items_.reserve(dataset_->size());
    for (std::size_t i = 0; i < dataset_->size(); ++i) {
      Item item = dataset_->item(i);
      const std::optional<std::int64_t> number = ParseInt(item.label);
      EYECHART_REQUIRE(
          number && *number >= 0 &&
              *number < static_cast<std::int64_t>(names.size()),
          "{}: picture \"{}\" has the label \"{}\"; label_names names 0 to {}",
          dataset_->name(), item.id, item.label, names.size() - 1);
      item.label = names[static_cast<std::size_t>(*number)];
      items_.push_back(std::move(item));
    }
  }
  std::size_t size() const override { return items_.size(); }
  const Item& item(std::size_t index) const override { return items_[index]; }
  std::string Read(std::size_t index) const override {
    return dataset_->Read(index);
  }
  const std::string& name() const override { return dataset_->name(); }

 private:
  std::unique_ptr<Dataset> dataset_;
  std::vector<Item> items_;
};

}  // namespace

std::unique_ptr<Dataset> WithLabelNames(std::unique_ptr<Dataset> dataset,
                                        const std::vector<std::string>& names) {
  return std::make_unique<NamedLabelsDataset>(std::move(dataset), names);
}

}  // namespace eyechart::data
