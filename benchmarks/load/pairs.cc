#include "benchmarks/load/pairs.h"

#include <array>
#include <utility>

#include "benchmarks/load/sample_order.h"
#include "benchmarks/load/timed_query.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "core/random.h"

namespace eyechart::benchmarks {
namespace {

struct Side {
  DeviceUnderTest* device;
  StageRecorder recorder;
  SampleTable* table;
  std::int64_t block_ns = 0;
};

void Require(const PairOptions& options,
             const DeviceUnderTest& first,
             const DeviceUnderTest& second) {
  EYECHART_REQUIRE(options.blocks >= 1 && options.queries_per_turn >= 1 &&
                       options.samples_per_query >= 1 &&
                       options.warmup_queries >= 0 && options.samples >= 0,
                   "{} blocks of {} queries a turn of {} samples; should be 1 "
                   "or more",
                   options.blocks, options.queries_per_turn,
                   options.samples_per_query);
  EYECHART_REQUIRE(options.level > 0 && options.level < 1,
                   "interval of level {:g}; should be in (0, 1)",
                   options.level);
  EYECHART_REQUIRE(first.SampleCount() == second.SampleCount(),
                   "{} has {} samples and {} has {}; both should have the same",
                   first.Name(), first.SampleCount(), second.Name(),
                   second.SampleCount());
}

}  // namespace

PairResult RunPairs(DeviceUnderTest& first,
                    DeviceUnderTest& second,
                    Clock& clock,
                    const PairOptions& options) {
  Require(options, first, second);
  const std::vector<std::int64_t> samples =
      DrawSubset(first.SampleCount(), options.samples, options.seeds.subset);
  EYECHART_REQUIRE(!samples.empty(), "{}: no samples to measure with",
                   first.Name());
  PairResult result;
  std::array<Side, 2> sides = {
      Side{&first, StageRecorder(clock, first.Stages().size(), 0),
           &result.first},
      Side{&second, StageRecorder(clock, second.Stages().size(), 0),
           &result.second}};
  for (Side& side : sides) {
    side.table->stages = side.device->Stages();
    side.table->seed = options.seed;
    if (&side == &sides[0] || &first != &second)
      side.device->Prepare({samples, options.samples_per_query, 1});
  }

  SampleOrder order(samples, options.seeds.order);
  Random coin(options.seeds.pairs);
  // A turn's queries: the same for both sides.
  std::vector<std::vector<std::int64_t>> turn(
      static_cast<std::size_t>(options.queries_per_turn),
      std::vector<std::int64_t>(
          static_cast<std::size_t>(options.samples_per_query)));
  const auto draw = [&turn, &order] {
    for (auto& query : turn)
      for (std::int64_t& sample : query) sample = order.Next();
  };
  for (int i = 0; i < options.warmup_queries; ++i) {
    draw();
    for (Side& side : sides)
      TimedQuery(*side.device, clock, side.recorder, -1, turn.front(), 0);
  }

  const std::int64_t origin = clock.NowNs();
  std::int64_t id = 0;
  for (int block = 0; block < options.blocks; ++block) {
    const std::size_t leads = coin.Below(2);
    for (Side& side : sides) side.block_ns = 0;
    for (const std::size_t half : {leads, 1 - leads}) {
      draw();
      for (const std::size_t which : {half, 1 - half}) {
        ThrowIfInterrupted();
        Side& side = sides[which];
        for (const auto& query : turn) {
          QueryRow row = TimedQuery(*side.device, clock, side.recorder, id++,
                                    query, origin);
          row.pair = block;
          side.block_ns += row.latency_ns;
          side.table->rows.push_back(row);
        }
      }
    }
    if (sides[0].block_ns > 0)
      result.ratios.push_back(static_cast<double>(sides[1].block_ns) /
                              static_cast<double>(sides[0].block_ns));
  }
  result.ratio = EstimateMedian(result.ratios, options.level);
  return result;
}

}  // namespace eyechart::benchmarks
