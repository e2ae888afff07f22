#include "encoders/batch_runner.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

using testing::InputErrorOf;

// A device that computes between Start and Finish and has room for `room`
// pictures a pass. The feature of a picture is its first pixel.
class FakeEngine final : public BatchEngine {
 public:
  FakeEngine(int ahead, std::int64_t room) : ahead_(ahead), room_(room) {}

  int ahead() const override { return ahead_; }
  at::Tensor HostPixels(const std::vector<std::int64_t>& shape) override {
    return at::empty(shape);
  }
  void Start(const at::Tensor& pixels) override {
    tried.push_back(pixels.size(0));
    if (pixels.size(0) > room_)
      C10_THROW_ERROR(OutOfMemoryError, "no room\nframe #0");
    under_way_.push_back(pixels);
    most_under_way = std::max(most_under_way, under_way_.size());
  }
  Features Finish() override {
    // Read as late as a device may read it: the runner keeps it till then.
    Features features;
    features.pooled = under_way_.front().flatten(1).narrow(1, 0, 1).clone();
    under_way_.erase(under_way_.begin());
    return features;
  }
  void ReleaseMemory() override {
    EXPECT_TRUE(under_way_.empty());
    ++released;
  }
  std::string note() const override { return said; }

  std::vector<std::int64_t> tried;
  std::size_t most_under_way = 0;
  int released = 0;
  std::string said;

 private:
  int ahead_;
  std::int64_t room_;
  std::vector<at::Tensor> under_way_;
};

// Pictures whose first pixels are begin, begin + 1, ...
at::Tensor Numbered(std::int64_t begin, std::int64_t count) {
  return at::arange(begin, begin + count)
      .to(c10::kFloat)
      .view({count, 1, 1, 1})
      .expand({count, 3, 2, 2})
      .contiguous();
}

// Feeds batches and keeps what comes back.
struct Feed {
  explicit Feed(BatchRunner& r) : runner(r) {}
  void Submit(std::int64_t count) {
    runner.Submit(Numbered(next, count),
                  [this, begin = next](const Features& f, std::int64_t first) {
                    for (std::int64_t k = 0; k < f.pooled.size(0); ++k) {
                      EXPECT_EQ(f.pooled[k].item<float>(),
                                static_cast<float>(begin + first + k));
                      handed_out.push_back(begin + first + k);
                    }
                  });
    next += count;
  }
  void ExpectAllInOrder() const {
    ASSERT_EQ(handed_out.size(), static_cast<std::size_t>(next));
    for (std::int64_t i = 0; i < next; ++i)
      EXPECT_EQ(handed_out[static_cast<std::size_t>(i)], i);
  }

  BatchRunner& runner;
  std::int64_t next = 0;
  std::vector<std::int64_t> handed_out;
};

TEST(BatchRunner, HandsOutInOrderHoweverMuchIsUnderWay) {
  for (const int ahead : {0, 1, 3}) {
    FakeEngine engine(ahead, 100);
    BatchRunner runner(engine, {8, "fake"});
    Feed feed(runner);
    for (const std::int64_t count : {8, 8, 3, 8, 1, 20, 8}) feed.Submit(count);
    runner.Finish();
    feed.ExpectAllInOrder();
    EXPECT_EQ(engine.most_under_way, static_cast<std::size_t>(ahead + 1));
    EXPECT_EQ(engine.tried,
              (std::vector<std::int64_t>{8, 8, 3, 8, 1, 8, 8, 4, 8}));
    EXPECT_TRUE(runner.Warnings().empty());
  }
}

TEST(BatchRunner, LeavesOneUnderWayWhileTheNextIsMade) {
  FakeEngine engine(1, 100);
  BatchRunner runner(engine, {4, "fake"});
  Feed feed(runner);
  feed.Submit(4);
  EXPECT_EQ(feed.handed_out.size(), 0u);
  feed.Submit(4);
  EXPECT_EQ(feed.handed_out.size(), 4u);
  runner.Finish();
  EXPECT_EQ(feed.handed_out.size(), 8u);
}

TEST(BatchRunner, CallsAnActionBetweenTheBatchesAroundIt) {
  for (const int ahead : {0, 1, 2}) {
    FakeEngine engine(ahead, 100);
    BatchRunner runner(engine, {4, "fake"});
    Feed feed(runner);
    std::vector<std::size_t> seen;
    const auto look = [&] { seen.push_back(feed.handed_out.size()); };
    runner.Then(look);
    feed.Submit(4);
    runner.Then(look);
    runner.Then(look);
    feed.Submit(4);
    feed.Submit(2);
    runner.Then(look);
    runner.Finish();
    EXPECT_EQ(seen, (std::vector<std::size_t>{0, 4, 4, 10})) << ahead;
  }
}

TEST(BatchRunner, HalvesWhatDoesNotFit) {
  for (const int ahead : {0, 1}) {
    FakeEngine engine(ahead, 5);
    BatchRunner runner(engine, {12, "fake:0"});
    Feed feed(runner);
    feed.Submit(2);  // under way when the shortage comes
    feed.Submit(12);
    feed.Submit(12);
    runner.Finish();
    feed.ExpectAllInOrder();
    EXPECT_EQ(engine.tried,
              (std::vector<std::int64_t>{2, 12, 6, 3, 3, 3, 3, 3, 3, 3, 3}));
    EXPECT_EQ(engine.released, 2);
    EXPECT_EQ(runner.batch(), 3);
    EXPECT_EQ(runner.Warnings(),
              std::vector<std::string>{
                  "fake:0: out of memory with --batch 12; it was halved to 3"});
  }
}

TEST(BatchRunner, EndsWhereOnePictureDoesNotFit) {
  FakeEngine engine(1, 0);
  BatchRunner runner(engine, {4, "cuda:1"});
  Feed feed(runner);
  EXPECT_EQ(InputErrorOf([&] { feed.Submit(4); }),
            "cuda:1: out of memory with a single picture of 2 x 2 pixels (no "
            "room); a smaller --resolution, --dtype bf16, or a device with "
            "more free memory would help");
  EXPECT_EQ(engine.tried, (std::vector<std::int64_t>{4, 2, 1}));
}

TEST(BatchRunner, PassesTheEnginesNoteOn) {
  FakeEngine engine(0, 8);
  BatchRunner runner(engine, {4, "cuda:0"});
  engine.said = "no graph";
  EXPECT_EQ(runner.Warnings(), std::vector<std::string>{"cuda:0: no graph"});
}

}  // namespace
}  // namespace eyechart::encoders
