#include "probes/detection/nms/class_groups.h"

#include <algorithm>

namespace eyechart::detection {
namespace {

// A slot a class: its distance from the smallest id where they lie close
// together, else its place among the ids.
class ClassSlots {
 public:
  ClassSlots(std::span<const std::int64_t> classes,
             std::span<const std::uint32_t> order) {
    smallest_ = classes[order[0]];
    std::int64_t largest = smallest_;
    for (const std::uint32_t index : order) {
      smallest_ = std::min(smallest_, classes[index]);
      largest = std::max(largest, classes[index]);
    }
    const std::uint64_t range = Distance(largest);
    if (range < 4 * order.size() + 1024) {
      count_ = static_cast<std::size_t>(range) + 1;
      return;
    }
    for (const std::uint32_t index : order) ids_.push_back(classes[index]);
    std::sort(ids_.begin(), ids_.end());
    ids_.erase(std::unique(ids_.begin(), ids_.end()), ids_.end());
    count_ = ids_.size();
  }

  std::size_t count() const { return count_; }

  std::size_t Of(std::int64_t id) const {
    if (ids_.empty()) return static_cast<std::size_t>(Distance(id));
    return static_cast<std::size_t>(
        std::lower_bound(ids_.begin(), ids_.end(), id) - ids_.begin());
  }

 private:
  // Without overflow, for any two ids.
  std::uint64_t Distance(std::int64_t id) const {
    return static_cast<std::uint64_t>(id) -
           static_cast<std::uint64_t>(smallest_);
  }

  std::int64_t smallest_ = 0;
  std::vector<std::int64_t> ids_;
  std::size_t count_ = 0;
};

}  // namespace

ClassGroups GroupByClass(std::span<const std::int64_t> classes,
                         std::span<const std::uint32_t> order) {
  ClassGroups groups;
  if (order.empty()) {
    groups.starts = {0};
    return groups;
  }
  const ClassSlots slots(classes, order);
  groups.starts.assign(slots.count() + 1, 0);
  std::vector<std::uint32_t> slot_of(order.size());
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const std::size_t slot = slots.Of(classes[order[rank]]);
    slot_of[rank] = static_cast<std::uint32_t>(slot);
    ++groups.starts[slot + 1];
  }
  for (std::size_t slot = 0; slot < slots.count(); ++slot)
    groups.starts[slot + 1] += groups.starts[slot];
  std::vector<std::uint32_t> next(groups.starts.begin(),
                                  groups.starts.end() - 1);
  groups.members.resize(order.size());
  for (std::size_t rank = 0; rank < order.size(); ++rank)
    groups.members[next[slot_of[rank]]++] = static_cast<std::uint32_t>(rank);
  return groups;
}

}  // namespace eyechart::detection
