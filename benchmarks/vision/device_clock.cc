#include "benchmarks/vision/device_clock.h"

#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"

namespace eyechart::benchmarks {
namespace {

constexpr double kClockNsPerMs = 1e6;

// Errors of a run's first stretches stand for all.
constexpr std::size_t kErrorsKept = 4096;

// LibTorch's events name no backend: this compiles without CUDA's headers.
class StreamEvents final : public EventSource {
 public:
  explicit StreamEvents(const c10::Device& device)
      : device_(device), backend_(device.type()) {}

  void Record(std::size_t index) override {
    EYECHART_CHECK(index <= events_.size(), "event {} of {}", index,
                   events_.size());
    // The other flag is for events that tell no time.
    if (index == events_.size())
      events_.emplace_back(device_.type(), c10::EventFlag::BACKEND_DEFAULT);
    events_[index].record(backend_.getStream(device_));
  }

  void Wait(std::size_t index) override { events_.at(index).synchronize(); }

  // Each from the first: steps would add up their rounding. CUDA tells
  // milliseconds as a float, finer than the events for 8 seconds.
  std::int64_t SinceFirstNs(std::size_t index) override {
    if (index == 0) return 0;
    return std::llround(events_.at(0).elapsedTime(events_.at(index)) *
                        kClockNsPerMs);
  }

 private:
  const c10::Device device_;
  const c10::impl::VirtualGuardImpl backend_;
  std::vector<c10::Event> events_;
};

}  // namespace

std::unique_ptr<EventSource> EventSource::Create(const c10::Device& device) {
  EYECHART_CHECK(!device.is_cpu(), "events of device {}", device.str());
  return std::make_unique<StreamEvents>(device);
}

Anchor AnchorOf(std::span<const Boundary> boundaries, std::int64_t waited_ns) {
  EYECHART_CHECK(!boundaries.empty(), "no boundaries");
  // Where the device was idle when an event was recorded, it happened at once,
  // and this bound is sharp.
  std::int64_t low = boundaries[0].host_ns - boundaries[0].device_ns;
  for (const Boundary& boundary : boundaries)
    low = std::max(low, boundary.host_ns - boundary.device_ns);
  const std::int64_t high = waited_ns - boundaries.back().device_ns;
  // Rates that differ can put one over the other, by little.
  return {low + (high - low) / 2,
          (std::abs(high - low) + 1) / 2 + kEventResolutionNs};
}

void TimesOnHost(std::span<const Boundary> boundaries,
                 std::int64_t waited_ns,
                 std::vector<std::int64_t>& times) {
  EYECHART_CHECK(boundaries.size() >= 2, "{} boundaries", boundaries.size());
  const std::int64_t offset = AnchorOf(boundaries, waited_ns).offset_ns;
  times.clear();
  std::int64_t last = boundaries.front().host_ns;
  for (const Boundary& boundary : boundaries) {
    if (!times.empty())
      last = std::clamp(boundary.device_ns + offset, last,
                        std::max(last, waited_ns));
    times.push_back(last);
  }
  times.back() = std::max(last, waited_ns);
}

DeviceClock DeviceClock::For(const c10::Device& device) {
  return DeviceClock(device.is_cpu() ? nullptr : EventSource::Create(device));
}

void DeviceClock::Begin(StageRecorder& recorder) {
  recorder_ = &recorder;
  stages_.clear();
  boundaries_.clear();
}

// The clock first: an event cannot happen before it is recorded.
void DeviceClock::Mark() {
  boundaries_.push_back({recorder_->NowNs(), 0});
  if (events_ != nullptr) events_->Record(boundaries_.size() - 1);
}

void DeviceClock::Enter(std::size_t stage) {
  EYECHART_CHECK(recorder_ != nullptr, "stage {} before Begin", stage);
  Mark();
  stages_.push_back(stage);
}

void DeviceClock::Finish() {
  EYECHART_CHECK(recorder_ != nullptr, "Finish before Begin");
  StageRecorder& recorder = *std::exchange(recorder_, nullptr);
  if (stages_.empty()) return;
  times_.clear();
  if (events_ == nullptr) {
    for (const Boundary& boundary : boundaries_)
      times_.push_back(boundary.host_ns);
    times_.push_back(recorder.NowNs());
  } else {
    boundaries_.push_back({recorder.NowNs(), 0});
    events_->Record(stages_.size());
    events_->Wait(stages_.size());
    const std::int64_t waited = recorder.NowNs();
    for (std::size_t i = 0; i < boundaries_.size(); ++i)
      boundaries_[i].device_ns = events_->SinceFirstNs(i);
    TimesOnHost(boundaries_, waited, times_);
    if (errors_.size() < kErrorsKept)
      errors_.push_back(AnchorOf(boundaries_, waited).error_ns);
  }
  for (std::size_t i = 0; i < stages_.size(); ++i)
    recorder.Add(stages_[i], times_[i], times_[i + 1]);
}

std::int64_t DeviceClock::AnchorErrorNs() const {
  if (errors_.empty()) return 0;
  std::vector<std::int64_t> sorted = errors_;
  const auto middle =
      sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

}  // namespace eyechart::benchmarks
