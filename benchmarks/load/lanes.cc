#include "benchmarks/load/lanes.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

#include "benchmarks/load/sample_order.h"
#include "core/error.h"
#include "core/interrupt.h"

namespace eyechart::benchmarks {
namespace {

// Rows stay where they are while others are added.
constexpr std::size_t kChunk = 512;

class LaneRun {
 public:
  LaneRun(DeviceUnderTest& device,
          Clock& clock,
          const LanePlan& plan,
          std::span<const std::int64_t> samples,
          std::uint64_t order_seed,
          std::int64_t trace_spans)
      : device_(device),
        clock_(clock),
        plan_(plan),
        order_(samples, order_seed),
        warmup_order_(samples, ~order_seed) {
    const std::size_t stages = device.Stages().size();
    for (int i = 0; i < plan.lanes; ++i)
      lanes_.push_back(std::make_unique<Lane>(
          i,
          StageRecorder(clock, stages, static_cast<std::size_t>(trace_spans)),
          static_cast<std::size_t>(plan.samples_per_query)));
    // A server's rows are all there before the clock runs.
    while (chunks_.size() * kChunk < plan.due_ns.size()) AddChunk();
  }

  LaneResult Run() {
    if (clock_.simulated())
      InTurn();
    else if (lanes_.size() == 1)
      OnThisThread();
    else
      OnThreads();
    return Collect();
  }

 private:
  struct Lane {
    Lane(int lane_number, StageRecorder lane_recorder, std::size_t samples)
        : number(lane_number),
          recorder(std::move(lane_recorder)),
          ids(samples) {}
    int number;
    StageRecorder recorder;
    std::vector<std::int64_t> ids;  // of the query at hand
    std::vector<std::int64_t> warmup_ns;
    std::int64_t last_end_ns = 0;
    std::int64_t free_ns = 0;  // simulated lanes
  };

  void AddChunk() { chunks_.push_back(std::make_unique<Chunk>()); }

  // The next query's row, with its samples in the lane; null when it is over.
  QueryRow* Take(Lane& lane) {
    ThrowIfInterrupted();
    const std::lock_guard lock(mutex_);
    const std::size_t id = taken_;
    const bool over = plan_.due_ns.empty()
                          ? plan_.done(static_cast<std::int64_t>(id),
                                       clock_.NowNs() - start_ns_)
                          : id == plan_.due_ns.size();
    if (over || stop_.load(std::memory_order_relaxed)) return nullptr;
    ++taken_;
    if (id / kChunk == chunks_.size()) AddChunk();
    QueryRow* row = &(*chunks_[id / kChunk])[id % kChunk];
    row->query = static_cast<std::int64_t>(id);
    row->lane = lane.number;
    for (std::int64_t& sample : lane.ids) sample = order_.Next();
    return row;
  }

  void Answer(Lane& lane, QueryRow& row) {
    const bool scheduled = !plan_.due_ns.empty();
    if (scheduled) {
      row.scheduled_ns = plan_.due_ns[static_cast<std::size_t>(row.query)];
      clock_.WaitUntilNs(start_ns_ + row.scheduled_ns);
    }
    lane.recorder.Start(row.query);
    const Query query = {row.query, lane.ids, lane.number};
    const std::int64_t begin = clock_.NowNs();
    device_.Run(query, lane.recorder);
    const std::int64_t end = clock_.NowNs();
    row.started_ns = begin - start_ns_;
    if (!scheduled) row.scheduled_ns = row.started_ns;
    row.latency_ns = end - start_ns_ - row.scheduled_ns;
    row.stages = lane.recorder.times();
    lane.last_end_ns = end;
    if (plan_.late_ns.has_value() && row.latency_ns > *plan_.late_ns &&
        late_.fetch_add(1) >= plan_.allowed_late)
      stop_ = lost_ = true;
  }

  void WarmUp(Lane& lane) {
    const std::int64_t begin = clock_.NowNs();
    std::int64_t count = 0;
    while (!stop_.load(std::memory_order_relaxed) &&
           (count < plan_.warmup_queries ||
            static_cast<double>(clock_.NowNs() - begin) <
                plan_.warmup_seconds * 1e9)) {
      ThrowIfInterrupted();
      {
        const std::lock_guard lock(mutex_);
        for (std::int64_t& sample : lane.ids) sample = warmup_order_.Next();
      }
      lane.recorder.Start(-1 - count);
      const Query query = {-1 - count, lane.ids, lane.number};
      const std::int64_t start = clock_.NowNs();
      device_.Run(query, lane.recorder);
      lane.warmup_ns.push_back(clock_.NowNs() - start);
      ++count;
    }
  }

  void OnThisThread() {
    Lane& lane = *lanes_.front();
    WarmUp(lane);
    start_ns_ = clock_.NowNs();
    while (QueryRow* row = Take(lane)) Answer(lane, *row);
  }

  void OnThreads() {
    std::exception_ptr failure;
    const auto fail = [this, &failure] {
      const std::lock_guard lock(mutex_);
      if (!failure) failure = std::current_exception();
      stop_ = true;
    };
    const auto start = [this]() noexcept { start_ns_ = clock_.NowNs(); };
    std::barrier warm(static_cast<std::ptrdiff_t>(lanes_.size()), start);
    const auto work = [&](Lane& lane) {
      try {
        WarmUp(lane);
      } catch (...) {
        fail();
      }
      warm.arrive_and_wait();
      try {
        while (QueryRow* row = Take(lane)) Answer(lane, *row);
      } catch (...) {
        fail();
      }
    };
    {
      std::vector<std::jthread> threads;
      for (auto& lane : lanes_) {
        try {
          threads.emplace_back(work, std::ref(*lane));
        } catch (...) {  // no more threads to be had: the others must not wait
          fail();
          warm.arrive_and_drop();
        }
      }
    }
    if (failure) std::rethrow_exception(failure);
  }

  // Events in their order: the lane that is free first takes the next query.
  void InTurn() {
    const std::int64_t begin = clock_.NowNs();
    std::int64_t warm = begin;
    for (auto& lane : lanes_) {
      clock_.JumpToNs(begin);
      WarmUp(*lane);
      warm = std::max(warm, clock_.NowNs());
    }
    start_ns_ = warm;
    for (auto& lane : lanes_) lane->free_ns = warm;
    for (;;) {
      Lane& lane = **std::min_element(
          lanes_.begin(), lanes_.end(),
          [](const auto& a, const auto& b) { return a->free_ns < b->free_ns; });
      clock_.JumpToNs(lane.free_ns);
      QueryRow* row = Take(lane);
      if (row == nullptr) break;
      Answer(lane, *row);
      lane.free_ns = clock_.NowNs();
    }
    for (const auto& lane : lanes_) clock_.WaitUntilNs(lane->free_ns);
  }

  LaneResult Collect() {
    LaneResult result;
    result.start_ns = start_ns_;
    result.stopped_early = lost_;
    result.rows.reserve(taken_);
    for (std::size_t i = 0; i < taken_; ++i)
      result.rows.push_back((*chunks_[i / kChunk])[i % kChunk]);
    for (const auto& lane : lanes_) {
      result.duration_ns =
          std::max(result.duration_ns, lane->last_end_ns - start_ns_);
      result.warmup_ns.insert(result.warmup_ns.end(), lane->warmup_ns.begin(),
                              lane->warmup_ns.end());
      result.spans.push_back(lane->recorder.spans());
      result.spans_left_out += lane->recorder.spans_left_out();
    }
    return result;
  }

  using Chunk = std::array<QueryRow, kChunk>;

  DeviceUnderTest& device_;
  Clock& clock_;
  const LanePlan& plan_;
  SampleOrder order_;
  SampleOrder warmup_order_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::mutex mutex_;  // of order, rows and how many are taken
  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::size_t taken_ = 0;
  std::int64_t start_ns_ = 0;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> lost_ = false;
  std::atomic<std::int64_t> late_ = 0;
};

}  // namespace

LaneResult RunLanes(DeviceUnderTest& device,
                    Clock& clock,
                    const LanePlan& plan,
                    std::span<const std::int64_t> samples,
                    std::uint64_t order_seed,
                    std::int64_t trace_spans) {
  EYECHART_CHECK(plan.lanes >= 1 && plan.samples_per_query >= 1,
                 "{} lanes, {} samples a query", plan.lanes,
                 plan.samples_per_query);
  EYECHART_CHECK(plan.done != nullptr || !plan.due_ns.empty(),
                 "a run without an end");
  return LaneRun(device, clock, plan, samples, order_seed, trace_spans).Run();
}

}  // namespace eyechart::benchmarks
