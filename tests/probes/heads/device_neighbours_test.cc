// The search by selection against the CPU's: on the CPU, where its tiles can be
// made small, and on a GPU.
#include "probes/heads/device_neighbours.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include "encoders/device.h"
#include "tests/probes/cuda_device.h"

namespace eyechart::probes {
namespace {

struct Rows {
  at::Tensor train;
  at::Tensor test;
};

// Rows anywhere, rows that rounding tells apart, copies, and rows of zeros.
std::vector<Rows> MadeRows() {
  std::vector<Rows> made;
  for (const double noise : {1.0, 1e-3, 1e-6}) {
    const at::Tensor base = at::randn({1, 24});
    made.push_back({base + noise * at::randn({500, 24}),
                    base + noise * at::randn({90, 24})});
  }
  const at::Tensor some = at::randn({60, 24});
  // Equal cosines of rows of other lengths too.
  made.push_back({at::cat({some, 2 * some, some, 3 * some, 0.1 * some}),
                  at::cat({some, at::randn({20, 24})})});
  made.push_back(
      {at::cat({0 * some, some, -some, 0 * some}), at::cat({0 * some, some})});
  made.push_back({at::ones({300, 24}), at::randn({40, 24})});
  return made;
}

void ExpectTheCpus(c10::Device device, const DeviceSearchOptions& options) {
  for (const Rows& rows : MadeRows()) {
    for (const std::int64_t k : {1, 7, 100}) {
      NearestOptions cpu;
      cpu.k = k;
      const Neighbours want = FindNearest(rows.train, rows.test, cpu);
      const Neighbours found = FindNearestOnDevice(rows.train, rows.test, k,
                                                   nullptr, device, options);
      EXPECT_TRUE(at::equal(found.rows, want.rows)) << k;
      EXPECT_TRUE(at::equal(found.cosines, want.cosines)) << k;
    }
  }
}

// Who wins, the first five and the true class's place, as VoteUse promises.
void ExpectTheCpusVotes(c10::Device device,
                        const DeviceSearchOptions& options) {
  for (const Rows& rows : MadeRows()) {
    const at::Tensor labels = at::randint(9, {rows.train.size(0)}, at::kLong);
    const at::Tensor truth = at::randint(9, {rows.test.size(0)}, at::kLong);
    const VoteUse use{labels, 9, {5, 50}, 0.07, truth};
    NearestOptions cpu;
    cpu.k = 50;
    const Neighbours want = FindNearest(rows.train, rows.test, cpu, &use);
    const Neighbours found =
        FindNearestOnDevice(rows.train, rows.test, 50, &use, device, options);
    for (const std::int64_t k : use.k) {
      const at::Tensor a = VotesOf(found, labels, 9, k, 0.07);
      const at::Tensor b = VotesOf(want, labels, 9, k, 0.07);
      EXPECT_LT((a - b).abs().max().item<double>(), 1e-3);
      EXPECT_TRUE(at::equal(a.argmax(1), b.argmax(1)));
      const auto place = [&](const at::Tensor& votes) {
        return (votes > votes.gather(1, truth.unsqueeze(1))).sum(1);
      };
      EXPECT_TRUE(at::equal(place(a), place(b)));
    }
  }
}

TEST(DeviceNeighbours, SmallTilesFindTheCpusNeighbours) {
  ExpectTheCpus(c10::kCPU, {32, 64, 16});
  ExpectTheCpus(c10::kCPU, {7, 1000, 0});
}

TEST(DeviceNeighbours, SmallTilesFindTheCpusWinners) {
  ExpectTheCpusVotes(c10::kCPU, {32, 64, 16});
}

TEST(DeviceNeighbours, AGpuFindsTheCpusNeighbours) {
  if (const std::string why = testing::WhyNoCuda(); !why.empty())
    GTEST_SKIP() << why;
  // Rounded factors would break the bound that candidates are kept by.
  encoders::AllowTf32(true);
  ExpectTheCpus(testing::Cuda(), {});
  ExpectTheCpus(testing::Cuda(), {32, 64, 16});
  encoders::AllowTf32(false);
}

TEST(DeviceNeighbours, AGpuFindsTheCpusWinners) {
  if (const std::string why = testing::WhyNoCuda(); !why.empty())
    GTEST_SKIP() << why;
  ExpectTheCpusVotes(testing::Cuda(), {32, 64, 16});
}

TEST(DeviceNeighbours, FindNearestTakesTheDevice) {
  if (const std::string why = testing::WhyNoCuda(); !why.empty())
    GTEST_SKIP() << why;
  const at::Tensor train = at::randn({400, 32});
  const at::Tensor test = at::randn({50, 32});
  NearestOptions options;
  const Neighbours want = FindNearest(train, test, options);
  options.device = testing::Cuda();
  EXPECT_TRUE(at::equal(FindNearest(train, test, options).rows, want.rows));
}

}  // namespace
}  // namespace eyechart::probes
