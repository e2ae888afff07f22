#include "benchmarks/load/overhead.h"

#include <array>
#include <vector>

#include "benchmarks/load/lanes.h"
#include "core/statistics.h"

namespace eyechart::benchmarks {
namespace {

class IdleDevice final : public DeviceUnderTest {
 public:
  explicit IdleDevice(std::size_t stages) : stages_(stages) {}
  std::string Name() const override { return "idle"; }
  std::vector<std::string> Stages() const override {
    return std::vector<std::string>(stages_, "idle");
  }
  std::int64_t SampleCount() const override { return 1; }
  void Prepare(const LoadPlan&) override {}
  void Run(const Query&, StageRecorder& recorder) override {
    for (std::size_t i = 0; i < stages_; ++i)
      const auto span = recorder.Enter(i);
  }

 private:
  std::size_t stages_;
};

}  // namespace

Overhead MeasureOverhead(Clock& clock, std::size_t stages, int queries) {
  if (clock.simulated()) return {};
  IdleDevice device(stages);
  LanePlan plan;
  plan.warmup_queries = 100;
  plan.done = [queries](std::int64_t count, std::int64_t) {
    return count >= queries;
  };
  constexpr std::array<std::int64_t, 1> kSamples = {0};
  const LaneResult run = RunLanes(device, clock, plan, kSamples, 0, 0);
  std::vector<double> inside, periods;
  for (std::size_t i = 0; i < run.rows.size(); ++i) {
    inside.push_back(static_cast<double>(run.rows[i].latency_ns));
    if (i > 0)
      periods.push_back(static_cast<double>(run.rows[i].started_ns -
                                            run.rows[i - 1].started_ns));
  }
  Overhead overhead;
  overhead.inside_ns = Median(inside);
  overhead.between_ns = Median(periods) - overhead.inside_ns;
  return overhead;
}

}  // namespace eyechart::benchmarks
