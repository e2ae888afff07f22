// Where a stage begins and ends on a device that works behind the host's back:
// boundaries are marked while work is issued, and become times afterwards.
#pragma once

#include <c10/core/Device.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "benchmarks/load/stage_recorder.h"

namespace eyechart::benchmarks {

/// What CUDA's events resolve (cudaEventElapsedTime's documentation).
inline constexpr std::int64_t kEventResolutionNs = 500;

/// Events of a device, by number from 0; each is made when it is first
/// recorded, and recorded again in later queries.
class EventSource {
 public:
  virtual ~EventSource() = default;

  /// Lets event `index` happen when all that was issued so far is done. Does
  /// not wait.
  virtual void Record(std::size_t index) = 0;
  /// Returns once event `index` has happened.
  virtual void Wait(std::size_t index) = 0;
  /// From event 0 to event `index`, both of which have happened.
  virtual std::int64_t SinceFirstNs(std::size_t index) = 0;

  /// Of the current stream of `device`, which is no CPU.
  static std::unique_ptr<EventSource> Create(const c10::Device& device);
};

/// A boundary between stages, as the host and the device saw it.
struct Boundary {
  std::int64_t host_ns = 0;    // the host's clock, read before it was recorded
  std::int64_t device_ns = 0;  // when it happened, by the device
};

/// The host's clock less the device's.
struct Anchor {
  std::int64_t offset_ns = 0;
  std::int64_t error_ns = 0;  // at most
};

/// No boundary can have happened before it was recorded, and the last one not
/// after `waited_ns`, at which the host had waited for it: the offset lies
/// between, and the middle is taken. The error is half of what lies between,
/// and the events' resolution. At least one boundary.
Anchor AnchorOf(std::span<const Boundary> boundaries, std::int64_t waited_ns);

/// Boundaries by the host's clock: ascending, the first when the host recorded
/// it, the last `waited_ns`, so that what lies between them is the whole. At
/// least two.
void TimesOnHost(std::span<const Boundary> boundaries,
                 std::int64_t waited_ns,
                 std::vector<std::int64_t>& times);

/// Cuts a stretch of a query, all of whose work goes to one device, into
/// stages. On a CPU a stage ends when its call returns. Elsewhere calls return
/// when the work is issued: the boundaries are events, the host waits once, at
/// the end, and the stages are cut from what passed on its own clock. Its first
/// stage so has the launch in it, its last one the host's notice of the end.
///
/// For one thread at a time.
class DeviceClock {
 public:
  /// None: a CPU.
  explicit DeviceClock(std::unique_ptr<EventSource> events)
      : events_(std::move(events)) {}
  static DeviceClock For(const c10::Device& device);

  /// Begins a stretch. One that was not finished (its work failed) is
  /// forgotten.
  void Begin(StageRecorder& recorder);
  /// What is issued from here on is `stage`'s, which may come several times.
  void Enter(std::size_t stage);
  /// Waits for what was issued and writes the stages. Nothing where no stage
  /// was entered.
  void Finish();

  bool has_events() const { return events_ != nullptr; }
  /// Median of Anchor::error_ns over the first stretches; 0 on a CPU.
  std::int64_t AnchorErrorNs() const;

 private:
  void Mark();

  std::unique_ptr<EventSource> events_;
  StageRecorder* recorder_ = nullptr;
  std::vector<std::size_t> stages_;   // entered, of this stretch
  std::vector<Boundary> boundaries_;  // before each
  std::vector<std::int64_t> times_;
  std::vector<std::int64_t> errors_;
};

}  // namespace eyechart::benchmarks
