// Time: the machine's monotonic clock, or one that only moves when told to, so
// that the harness itself can be checked in no time.
#pragma once

#include <cstdint>

namespace eyechart::benchmarks {

/// Nanoseconds that never go back; the origin means nothing.
class Clock {
 public:
  virtual ~Clock() = default;

  virtual std::int64_t NowNs() const = 0;
  /// Returns once NowNs() >= `time_ns`; at once where it is already.
  virtual void WaitUntilNs(std::int64_t time_ns) = 0;
  /// True where time is made up. Lanes then run one after another, in the order
  /// of their events, each from the time that it has reached.
  virtual bool simulated() const { return false; }
  /// Simulated clocks only: sets the time, back as well as forward.
  virtual void JumpToNs(std::int64_t time_ns);
};

/// CLOCK_MONOTONIC. Waits asleep until 100 us before the time and spins from
/// there: a sleeper wakes up to some 60 us late.
class MonotonicClock final : public Clock {
 public:
  std::int64_t NowNs() const override;
  void WaitUntilNs(std::int64_t time_ns) override;
};

/// Moves when told to. Not for several threads.
class VirtualClock final : public Clock {
 public:
  std::int64_t NowNs() const override { return now_ns_; }
  void WaitUntilNs(std::int64_t time_ns) override {
    if (time_ns > now_ns_) now_ns_ = time_ns;
  }
  bool simulated() const override { return true; }
  void JumpToNs(std::int64_t time_ns) override { now_ns_ = time_ns; }
  void AdvanceNs(std::int64_t ns) { now_ns_ += ns; }

 private:
  std::int64_t now_ns_ = 0;
};

}  // namespace eyechart::benchmarks
