#include "probes/pipeline/device_rows.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/fixture.h"
#include "tests/probes/cuda_device.h"
#include "tests/probes/pipeline/probe_fixture.h"

namespace eyechart::probes {
namespace {

using testing::MadeStore;
using testing::TempFolder;
using testing::WriteStore;

class DeviceRowsTest : public ::testing::Test {
 protected:
  DeviceRowsTest() {
    MadeStore made = testing::Clusters(20, 2, 6);
    made.tokens = at::randn({20, 5, 6});
    // A row that is left out moves those behind it.
    made.status.assign(20, "ok");
    made.status[3] = "unreadable";
    const auto store = WriteStore(folder_ / "store", made);
    pooled_.emplace(store, /*tokens=*/false);
    tokens_.emplace(store, /*tokens=*/true);
    made.tokens = at::randn({20, 5, 4});
    mixed_.emplace(store, WriteStore(folder_ / "other", made));
  }

  void ExpectTheSides(c10::Device device) const {
    for (const ProbeSide* side : {&*pooled_, &*tokens_, &*mixed_}) {
      DeviceRows rows(*side, device);
      // Some twice in a batch, and some again later.
      for (const at::Tensor& index :
           {at::tensor({4, 0, 18, 4}, at::kLong), at::tensor({1}, at::kLong),
            at::tensor({18, 17, 2}, at::kLong)}) {
        const at::Tensor found = rows.Load(index);
        EXPECT_EQ(found.device(), device);
        EXPECT_TRUE(at::equal(found.cpu(), side->Load(index)));
      }
    }
  }

  TempFolder folder_;
  std::optional<ProbeSide> pooled_;
  std::optional<ProbeSide> tokens_;
  std::optional<ProbeSide> mixed_;
};

TEST_F(DeviceRowsTest, AreTheSidesOnTheCpu) { ExpectTheSides(c10::kCPU); }

TEST_F(DeviceRowsTest, AreTheSidesOnAGpu) {
  if (const std::string why = testing::WhyNoCuda(); !why.empty())
    GTEST_SKIP() << why;
  ExpectTheSides(testing::Cuda());
}

// The way of what does not fit.
TEST_F(DeviceRowsTest, AnUploadIsACopy) {
  if (const std::string why = testing::WhyNoCuda(); !why.empty())
    GTEST_SKIP() << why;
  const Uploader uploader(testing::Cuda());
  const at::Tensor index = at::tensor({4, 0, 18, 4}, at::kLong);
  for (int i = 0; i < 50; ++i) {
    const at::Tensor x = tokens_->Load(index, testing::Cuda());
    EXPECT_TRUE(x.is_pinned());
    EXPECT_TRUE(at::equal(uploader.Up(x).cpu(), tokens_->Load(index)));
  }
}

TEST_F(DeviceRowsTest, ASourceGivesItsOwnRows) {
  DeviceRows rows(*pooled_, c10::kCPU);
  const at::Tensor own = at::tensor({7, 5, 11}, at::kLong);
  const Targets targets{TargetKind::kClasses, at::tensor({0, 1, 1}, at::kLong),
                        2};
  RowSource source(rows, own, targets);
  EXPECT_EQ(source.size(), 3);
  EXPECT_TRUE(at::equal(source.Load(at::tensor({2, 0}, at::kLong), 0),
                        pooled_->Load(at::tensor({11, 7}, at::kLong))));
  EXPECT_THROW(RowSource(rows, at::tensor({1}, at::kLong), targets),
               std::logic_error);
}

}  // namespace
}  // namespace eyechart::probes
