#include "benchmarks/load/clock.h"

#include <cerrno>
#include <ctime>

#include "core/error.h"

namespace eyechart::benchmarks {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kSpin = 100'000;

}  // namespace

void Clock::JumpToNs(std::int64_t) {
  EYECHART_CHECK(false, "only simulated time can be set");
}

std::int64_t MonotonicClock::NowNs() const {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * kSecond + now.tv_nsec;
}

void MonotonicClock::WaitUntilNs(std::int64_t time_ns) {
  const std::int64_t wake = time_ns - kSpin;
  if (wake > NowNs()) {
    timespec until{};
    until.tv_sec = static_cast<std::time_t>(wake / kSecond);
    until.tv_nsec = static_cast<long>(wake % kSecond);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) ==
           EINTR) {
    }
  }
  while (NowNs() < time_ns) {
  }
}

}  // namespace eyechart::benchmarks
