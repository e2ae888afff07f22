#include "probes/pipeline/split.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/fixture.h"

namespace eyechart::probes {
namespace {

using testing::InputErrorOf;

// Class k has `counts`[k] rows, in turn.
Targets Classes(std::vector<std::int64_t> counts) {
  std::vector<std::int64_t> values;
  bool more = true;
  while (more) {
    more = false;
    for (std::size_t k = 0; k < counts.size(); ++k) {
      if (counts[k]-- <= 0) continue;
      values.push_back(static_cast<std::int64_t>(k));
      more = true;
    }
  }
  return {TargetKind::kClasses, at::tensor(values, at::kLong),
          static_cast<std::int64_t>(counts.size())};
}

std::set<std::int64_t> AsSet(const at::Tensor& rows) {
  const auto* data = rows.const_data_ptr<std::int64_t>();
  return {data, data + rows.numel()};
}

std::map<std::int64_t, int> CountsOf(const Targets& targets,
                                     const at::Tensor& rows) {
  std::map<std::int64_t, int> counts;
  for (const std::int64_t row : AsSet(rows))
    ++counts[targets.values[row].item<std::int64_t>()];
  return counts;
}

TEST(MakeSplit, EachClassKeepsItsShare) {
  const Targets targets = Classes({50, 20, 3, 1});
  const Split split = MakeSplit(targets, {0, 0.1, 4});
  EXPECT_EQ(split.fit.numel() + split.validation.numel(), 74);
  std::set<std::int64_t> both = AsSet(split.fit);
  for (const std::int64_t row : AsSet(split.validation))
    EXPECT_TRUE(both.insert(row).second) << row;
  EXPECT_EQ(CountsOf(targets, split.validation),
            (std::map<std::int64_t, int>{{0, 5}, {1, 2}, {2, 1}}));
  // A class of one row can only be fitted.
  EXPECT_EQ(CountsOf(targets, split.fit)[3], 1);
}

TEST(MakeSplit, TheSeedDecidesAndNothingElse) {
  const Targets targets = Classes({40, 40});
  const Split one = MakeSplit(targets, {0, 0.25, 1});
  EXPECT_TRUE(
      at::equal(one.validation, MakeSplit(targets, {0, 0.25, 1}).validation));
  EXPECT_FALSE(
      at::equal(one.validation, MakeSplit(targets, {0, 0.25, 2}).validation));
}

TEST(MakeSplit, FewShotsAreNested) {
  const Targets targets = Classes({30, 30, 2});
  const auto few = AsSet(MakeSplit(targets, {4, 0, 9}).fit);
  const auto more = AsSet(MakeSplit(targets, {8, 0, 9}).fit);
  EXPECT_EQ(few.size(), 4u + 4u + 2u);
  for (const std::int64_t row : few) EXPECT_TRUE(more.contains(row));
}

TEST(MakeSplit, RefusesWhatCannotChoose) {
  EXPECT_NE(InputErrorOf([] {
              MakeSplit(Classes({1, 1}), {0, 0.1, 0});
            }).find("leave none to choose with"),
            std::string::npos);
  EXPECT_NE(InputErrorOf([] {
              MakeSplit(Classes({9, 9}), {0, 1.0, 0});
            }).find("--validation 1"),
            std::string::npos);
  Targets numbers = Classes({9, 9});
  numbers.kind = TargetKind::kNumbers;
  EXPECT_NE(InputErrorOf([&] {
              MakeSplit(numbers, {3, 0.1, 0});
            }).find("--shots 3"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::probes
