#include "probes/detection/nms/class_groups.h"

#include <gtest/gtest.h>

#include <limits>

namespace eyechart::detection {
namespace {

using Ranks = std::vector<std::uint32_t>;

std::vector<Ranks> GroupsOf(const std::vector<std::int64_t>& classes,
                            const Ranks& order) {
  const ClassGroups groups = GroupByClass(classes, order);
  std::vector<Ranks> found;
  for (std::size_t g = 0; g + 1 < groups.starts.size(); ++g) {
    const Ranks members(groups.members.begin() + groups.starts[g],
                        groups.members.begin() + groups.starts[g + 1]);
    if (!members.empty()) found.push_back(members);
  }
  return found;
}

TEST(GroupByClass, RanksAscendInEach) {
  // In order: classes 2, 5, 2, 5; index 1 is no candidate.
  EXPECT_EQ(GroupsOf({5, 3, 2, 2, 5}, {3, 4, 2, 0}),
            (std::vector<Ranks>{{0, 2}, {1, 3}}));
}

TEST(GroupByClass, IdsFarApart) {
  const std::int64_t low = std::numeric_limits<std::int64_t>::min();
  const std::int64_t high = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(GroupsOf({high, low, 0, low, high}, {0, 1, 2, 3, 4}),
            (std::vector<Ranks>{{1, 3}, {2}, {0, 4}}));
}

TEST(GroupByClass, OfNothing) {
  EXPECT_EQ(GroupsOf({}, {}), std::vector<Ranks>{});
  EXPECT_EQ(GroupByClass({}, {}).starts, Ranks{0});
}

}  // namespace
}  // namespace eyechart::detection
