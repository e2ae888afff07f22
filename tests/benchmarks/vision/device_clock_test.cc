#include "benchmarks/vision/device_clock.h"

#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <span>
#include <utility>

#include "encoders/device.h"
#include "tests/fixture.h"

namespace eyechart::benchmarks {
namespace {

// A device with a clock of its own. Work that the host issues begins
// `submit_ns` later at the earliest, in its order; who waits is told
// `notice_ns` late.
class MadeDevice {
 public:
  explicit MadeDevice(VirtualClock& host) : clock(host) {}

  void Issue(std::int64_t work_ns) { free_ns = Next() + work_ns; }
  std::int64_t Next() const {
    return std::max(clock.NowNs() + submit_ns, free_ns);
  }

  VirtualClock& clock;
  std::int64_t submit_ns = 4'000;
  std::int64_t notice_ns = 6'000;
  double rate = 1;           // its nanoseconds a nanosecond of the host
  std::int64_t tick_ns = 1;  // what it resolves
  std::int64_t free_ns = 0;
  std::vector<std::int64_t> happened;  // by event, on the host's clock
  int records = 0;
  int waits = 0;
};

class MadeEvents final : public EventSource {
 public:
  explicit MadeEvents(MadeDevice& device) : device_(device) {}

  void Record(std::size_t index) override {
    ASSERT_LE(index, device_.happened.size());
    if (index == device_.happened.size()) device_.happened.emplace_back();
    device_.happened[index] = device_.Next();
    ++device_.records;
  }
  void Wait(std::size_t index) override {
    device_.clock.WaitUntilNs(device_.happened.at(index));
    device_.clock.AdvanceNs(device_.notice_ns);
    ++device_.waits;
  }
  std::int64_t SinceFirstNs(std::size_t index) override {
    const auto passed = static_cast<double>(device_.happened.at(index) -
                                            device_.happened.at(0));
    const auto ticks = static_cast<std::int64_t>(
        passed * device_.rate / static_cast<double>(device_.tick_ns));
    return ticks * device_.tick_ns;
  }

 private:
  MadeDevice& device_;
};

class DeviceClockTest : public ::testing::Test {
 protected:
  DeviceClockTest() { clock.JumpToNs(5'000'000); }

  DeviceClock MadeClock() {
    return DeviceClock(std::make_unique<MadeEvents>(device));
  }

  // What holds of the spans of every stretch that began and ended then.
  void ExpectWhole(std::int64_t begin_ns, std::int64_t end_ns) const {
    const std::vector<StageSpan>& spans = recorder.spans();
    ASSERT_FALSE(spans.empty());
    EXPECT_EQ(spans.front().begin_ns, begin_ns);
    EXPECT_EQ(spans.back().end_ns, end_ns);
    for (std::size_t i = 0; i < spans.size(); ++i) {
      EXPECT_LE(spans[i].begin_ns, spans[i].end_ns);
      if (i > 0) {
        EXPECT_EQ(spans[i].begin_ns, spans[i - 1].end_ns);
      }
    }
  }

  VirtualClock clock;
  MadeDevice device{clock};
  StageRecorder recorder{clock, 3, 100};
};

TEST_F(DeviceClockTest, OnACpuAStageEndsWhenItsCallReturns) {
  DeviceClock cut(nullptr);
  EXPECT_FALSE(cut.has_events());
  recorder.Start(0);
  cut.Begin(recorder);
  cut.Enter(0);
  clock.AdvanceNs(30);
  cut.Enter(2);
  clock.AdvanceNs(500);
  cut.Enter(0);
  clock.AdvanceNs(7);
  cut.Finish();
  EXPECT_EQ(recorder.times()[0], 37);
  EXPECT_EQ(recorder.times()[1], 0);
  EXPECT_EQ(recorder.times()[2], 500);
  ExpectWhole(5'000'000, 5'000'537);
  EXPECT_EQ(cut.AnchorErrorNs(), 0);
}

// The host has issued everything after 2 us; the stages are the device's.
TEST_F(DeviceClockTest, CutsWhatTheDeviceDidWhileTheHostWasAhead) {
  DeviceClock cut = MadeClock();
  recorder.Start(0);
  const std::int64_t begin = clock.NowNs();
  cut.Begin(recorder);
  cut.Enter(0);
  device.Issue(100'000);
  clock.AdvanceNs(1'000);
  cut.Enter(1);
  device.Issue(900'000);
  clock.AdvanceNs(1'000);
  cut.Finish();
  EXPECT_EQ(device.waits, 1);
  // Launch 4 us, work 1000 us, notice 6 us.
  ExpectWhole(begin, begin + 1'010'000);
  // The device's clock is known up to launch and notice: half of 10 us.
  EXPECT_EQ(cut.AnchorErrorNs(), 5'000 + kEventResolutionNs);
  EXPECT_EQ(recorder.times()[0], 105'000);
  EXPECT_EQ(recorder.times()[1], 905'000);
}

// A host that is slower than the device: later boundaries are sharper.
TEST_F(DeviceClockTest, AnchorsOnTheBoundaryThatHappenedSoonest) {
  DeviceClock cut = MadeClock();
  recorder.Start(0);
  cut.Begin(recorder);
  device.submit_ns = 50'000;  // the first launch is slow
  cut.Enter(0);
  device.Issue(10'000);
  device.submit_ns = 2'000;
  clock.AdvanceNs(300'000);
  cut.Enter(1);
  const std::int64_t cut_ns = device.happened[1];
  device.Issue(400'000);
  cut.Finish();
  EXPECT_EQ(cut.AnchorErrorNs(), (2'000 + 6'000) / 2 + kEventResolutionNs);
  EXPECT_NEAR(static_cast<double>(recorder.spans()[0].end_ns),
              static_cast<double>(cut_ns), 4'500);
}

TEST_F(DeviceClockTest, BoundariesAreWithinTheErrorThatIsTold) {
  std::uniform_int_distribution<std::int64_t> any(0, 200'000);
  std::uniform_int_distribution<std::int64_t> small(0, 20'000);
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(round);
    auto& rng = eyechart::testing::Rng();
    MadeDevice made(clock);
    made.tick_ns = round % 2 == 0 ? 1 : kEventResolutionNs;
    made.notice_ns = small(rng);
    DeviceClock cut(std::make_unique<MadeEvents>(made));
    StageRecorder own(clock, 3, 100);
    own.Start(0);
    const std::int64_t begin = clock.NowNs();
    cut.Begin(own);
    for (std::size_t i = 0; i < 6; ++i) {
      made.submit_ns = small(rng);
      cut.Enter(i % 3);
      made.Issue(any(rng));
      clock.AdvanceNs(any(rng));
    }
    cut.Finish();
    ASSERT_EQ(own.spans().size(), 6u);
    EXPECT_EQ(own.spans().front().begin_ns, begin);
    EXPECT_EQ(own.spans().back().end_ns, clock.NowNs());
    std::int64_t sum = 0;
    for (const std::int64_t time : own.times()) sum += time;
    EXPECT_EQ(sum, clock.NowNs() - begin);
    for (std::size_t i = 1; i < 6; ++i)
      EXPECT_LE(std::abs(own.spans()[i].begin_ns - made.happened[i]),
                cut.AnchorErrorNs());
  }
}

// A device whose clock runs wrong, by far more than any does.
TEST_F(DeviceClockTest, StaysOrderedAndInsideWhereClocksDisagree) {
  for (const double rate : {0.5, 0.9, 1.1, 3.0}) {
    SCOPED_TRACE(rate);
    recorder = StageRecorder(clock, 3, 100);
    recorder.Start(0);
    device.rate = rate;
    DeviceClock cut = MadeClock();
    device.happened.clear();
    const std::int64_t begin = clock.NowNs();
    cut.Begin(recorder);
    for (std::size_t i = 0; i < 3; ++i) {
      cut.Enter(i);
      device.Issue(1'000'000);
      clock.AdvanceNs(10);
    }
    cut.Finish();
    ExpectWhole(begin, clock.NowNs());
  }
}

TEST(TimesOnHost, ClampsWhatLiesOutside) {
  // Device times that go back, and lie behind the end.
  const std::vector<Boundary> boundaries = {
      {1'000, 0}, {1'010, 90'000}, {1'020, 40'000}, {1'030, 50'000}};
  std::vector<std::int64_t> times;
  TimesOnHost(boundaries, 41'030, times);
  EXPECT_EQ(times, (std::vector<std::int64_t>{1'000, 41'030, 41'030, 41'030}));
}

TEST(AnchorOf, IsTheMiddleOfWhatIsPossible) {
  // Offsets of at least 100 - 0 and 220 - 30, at most 400 - 200.
  const std::vector<Boundary> boundaries = {{100, 0}, {220, 30}, {230, 200}};
  const Anchor anchor = AnchorOf(boundaries, 400);
  EXPECT_EQ(anchor.offset_ns, 195);
  EXPECT_EQ(anchor.error_ns, 5 + kEventResolutionNs);
}

TEST_F(DeviceClockTest, RecordsTheSameEventsInLaterQueries) {
  DeviceClock cut = MadeClock();
  for (int query = 0; query < 5; ++query) {
    recorder.Start(query);
    cut.Begin(recorder);
    cut.Enter(0);
    device.Issue(1'000);
    cut.Enter(1);
    device.Issue(1'000);
    cut.Finish();
  }
  EXPECT_EQ(device.happened.size(), 3u);
  EXPECT_EQ(device.records, 15);
  EXPECT_EQ(device.waits, 5);
  EXPECT_EQ(recorder.spans().size(), 10u);
}

TEST_F(DeviceClockTest, ForgetsAStretchThatWasNotFinished) {
  DeviceClock cut = MadeClock();
  recorder.Start(0);
  cut.Begin(recorder);
  cut.Enter(2);
  device.Issue(1'000);
  // Its work threw.
  const std::int64_t begin = clock.NowNs();
  cut.Begin(recorder);
  cut.Enter(0);
  device.Issue(1'000);
  cut.Finish();
  EXPECT_EQ(recorder.times()[2], 0);
  ExpectWhole(begin, clock.NowNs());
}

TEST_F(DeviceClockTest, NeedsAStretchAndMayHaveNoStages) {
  DeviceClock cut = MadeClock();
  EXPECT_THROW(cut.Enter(0), std::logic_error);
  EXPECT_THROW(cut.Finish(), std::logic_error);
  recorder.Start(0);
  cut.Begin(recorder);
  cut.Finish();
  EXPECT_EQ(device.waits, 0);
  EXPECT_TRUE(recorder.spans().empty());
}

std::int64_t Median(std::vector<std::int64_t> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void Multiply(const at::Tensor& a, int times) {
  for (int i = 0; i < times; ++i) at::matmul(a, a);
}

TEST(DeviceClockOnCuda, CutsAsWaitingAfterEachStageDoes) {
  const std::string none =
      eyechart::testing::InputErrorOf([] { encoders::ParseDevice("cuda"); });
  if (!none.empty()) GTEST_SKIP() << none;
  const c10::Device device(c10::kCUDA, 0);
  const c10::InferenceMode inference;
  const at::Tensor a = at::ones({4096, 4096}, at::device(device)) / 4096;
  const c10::impl::VirtualGuardImpl backend(device.type());
  const MonotonicClock clock;
  StageRecorder recorder(clock, 2, 1000);
  DeviceClock cut = DeviceClock::For(device);
  ASSERT_TRUE(cut.has_events());
  Multiply(a, 20);  // chooses kernels, raises clocks
  backend.synchronizeDevice(0);

  std::vector<std::int64_t> first, second, waited_first, waited_second;
  std::int64_t issued_ns = 0;
  for (int i = 0; i < 15; ++i) {
    recorder.Start(i);
    const std::int64_t begin = clock.NowNs();
    cut.Begin(recorder);
    cut.Enter(0);
    Multiply(a, 5);
    cut.Enter(1);
    Multiply(a, 20);
    issued_ns = clock.NowNs() - begin;
    cut.Finish();
    const std::int64_t whole = clock.NowNs() - begin;
    first.push_back(recorder.times()[0]);
    second.push_back(recorder.times()[1]);
    const std::int64_t sum = first.back() + second.back();
    EXPECT_LE(sum, whole);
    EXPECT_LE(whole - sum, std::max<std::int64_t>(whole / 20, 50'000));
    const std::span spans = std::span(recorder.spans()).last(2);
    EXPECT_LE(begin, spans[0].begin_ns);
    EXPECT_LT(spans[0].begin_ns, spans[0].end_ns);
    EXPECT_EQ(spans[0].end_ns, spans[1].begin_ns);
    EXPECT_LT(spans[1].begin_ns, spans[1].end_ns);

    const std::int64_t start = clock.NowNs();
    Multiply(a, 5);
    backend.synchronizeDevice(0);
    const std::int64_t middle = clock.NowNs();
    Multiply(a, 20);
    backend.synchronizeDevice(0);
    waited_first.push_back(middle - start);
    waited_second.push_back(clock.NowNs() - middle);
  }
  RecordProperty("first_ns", std::to_string(Median(first)));
  RecordProperty("second_ns", std::to_string(Median(second)));
  RecordProperty("waited_first_ns", std::to_string(Median(waited_first)));
  RecordProperty("waited_second_ns", std::to_string(Median(waited_second)));
  RecordProperty("issued_ns", std::to_string(issued_ns));
  RecordProperty("boundary_error_ns", std::to_string(cut.AnchorErrorNs()));
  // The host was ahead, so that its own clock could not have cut this.
  EXPECT_LT(issued_ns, Median(first) + Median(second));
  const auto near = [](std::int64_t got, std::int64_t want) {
    EXPECT_NEAR(static_cast<double>(got), static_cast<double>(want),
                0.15 * static_cast<double>(want) + 50'000);
  };
  near(Median(first), Median(waited_first));
  near(Median(second), Median(waited_second));
}

}  // namespace
}  // namespace eyechart::benchmarks
