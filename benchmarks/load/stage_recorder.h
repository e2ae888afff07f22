// Where the time of a query goes: spans of named stages, written into memory
// that is there before the clock runs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "benchmarks/load/clock.h"
#include "core/error.h"

namespace eyechart::benchmarks {

/// Stages a device may name.
inline constexpr std::size_t kMaxStages = 12;

using StageTimes = std::array<std::int64_t, kMaxStages>;

/// One entry into a stage, for traces.
struct StageSpan {
  std::int64_t query = 0;
  std::size_t stage = 0;
  std::int64_t begin_ns = 0;  // of the run's clock
  std::int64_t end_ns = 0;
};

/// One a lane; not for several threads at once. A stage may be entered several
/// times a query: its times add up. Stages do not nest and, on one lane, do not
/// overlap, so that they can add up to the whole.
class StageRecorder {
 public:
  /// `stages` names are known; the first `span_capacity` spans are kept one by
  /// one, those behind it are only counted and summed.
  StageRecorder(const Clock& clock,
                std::size_t stages,
                std::size_t span_capacity)
      : clock_(&clock), stages_(stages) {
    EYECHART_CHECK(stages <= kMaxStages, "{} stages", stages);
    spans_.reserve(span_capacity);
  }

  /// From its making to its end: the device writes
  /// `const auto span = recorder.Enter(kDecode);`.
  class Span {
   public:
    Span(StageRecorder* recorder, std::size_t stage)
        : recorder_(recorder),
          stage_(stage),
          begin_ns_(recorder->clock_->NowNs()) {}
    ~Span() {
      recorder_->open_ = false;
      recorder_->Keep(stage_, begin_ns_, recorder_->clock_->NowNs());
    }
    Span(const Span&) = delete;
    Span& operator=(const Span&) = delete;

   private:
    StageRecorder* recorder_;
    std::size_t stage_;
    std::int64_t begin_ns_;
  };

  /// Throws std::logic_error for a stage that was not named, or inside another.
  [[nodiscard]] Span Enter(std::size_t stage) {
    EYECHART_CHECK(stage < stages_, "stage {} of {}", stage, stages_);
    EYECHART_CHECK(!open_, "stage {} inside another", stage);
    open_ = true;
    return {this, stage};
  }

  /// The run's clock, for who calls Add().
  std::int64_t NowNs() const { return clock_->NowNs(); }

  /// For times that something else took, such as a GPU's events, told when they
  /// are known; in the run's clock and inside the query.
  void Add(std::size_t stage, std::int64_t begin_ns, std::int64_t end_ns) {
    EYECHART_CHECK(stage < stages_ && begin_ns <= end_ns,
                   "stage {} of {} from {} to {}", stage, stages_, begin_ns,
                   end_ns);
    Keep(stage, begin_ns, end_ns);
  }

  /// The harness's side: forgets the last query's sums. Negative queries
  /// (warm-up) leave no spans.
  void Start(std::int64_t query) {
    query_ = query;
    times_.fill(0);
  }
  const StageTimes& times() const { return times_; }
  const std::vector<StageSpan>& spans() const { return spans_; }
  std::int64_t spans_left_out() const { return left_out_; }

 private:
  void Keep(std::size_t stage, std::int64_t begin_ns, std::int64_t end_ns) {
    times_[stage] += end_ns - begin_ns;
    if (query_ < 0) return;
    if (spans_.size() < spans_.capacity())
      spans_.push_back({query_, stage, begin_ns, end_ns});
    else
      ++left_out_;
  }

  const Clock* clock_;
  std::size_t stages_;
  std::int64_t query_ = -1;
  bool open_ = false;
  StageTimes times_{};
  std::vector<StageSpan> spans_;
  std::int64_t left_out_ = 0;
};

}  // namespace eyechart::benchmarks
