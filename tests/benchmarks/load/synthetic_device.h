// A device whose every nanosecond is known, on a clock that it moves itself.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/load/clock.h"
#include "benchmarks/load/device_under_test.h"
#include "core/random.h"

namespace eyechart::testing {

/// Nanoseconds that a stage takes for a query.
using StageCost = std::function<std::int64_t(const benchmarks::Query&)>;

inline StageCost Takes(std::int64_t ns) {
  return [ns](const benchmarks::Query&) { return ns; };
}

/// Exponential with that mean.
inline StageCost TakesExponential(double mean_ns, std::uint64_t seed) {
  return [mean_ns, random = Random(seed)](const benchmarks::Query&) mutable {
    return std::llround(-std::log1p(-random.Uniform()) * mean_ns);
  };
}

class SyntheticDevice final : public benchmarks::DeviceUnderTest {
 public:
  SyntheticDevice(benchmarks::VirtualClock& clock,
                  std::vector<std::pair<std::string, StageCost>> stages,
                  std::int64_t samples = 100)
      : clock_(clock), stages_(std::move(stages)), samples_(samples) {}

  std::string Name() const override { return "synthetic"; }
  std::vector<std::string> Stages() const override {
    std::vector<std::string> names;
    for (const auto& [name, cost] : stages_) names.push_back(name);
    return names;
  }
  std::int64_t SampleCount() const override { return samples_; }
  void Prepare(const benchmarks::LoadPlan& plan) override {
    prepared.assign(plan.samples.begin(), plan.samples.end());
    ++preparations;
  }
  void Run(const benchmarks::Query& query,
           benchmarks::StageRecorder& recorder) override {
    if (asked.size() < 10'000)
      asked.emplace_back(query.samples.begin(), query.samples.end());
    if (outside != nullptr) clock_.AdvanceNs(outside(query));
    for (std::size_t i = 0; i < stages_.size(); ++i) {
      const auto span = recorder.Enter(i);
      clock_.AdvanceNs(stages_[i].second(query));
    }
  }

  StageCost outside;  // time in no stage; none: nothing
  std::vector<std::int64_t> prepared;
  int preparations = 0;
  std::vector<std::vector<std::int64_t>> asked;  // by the first queries

 private:
  benchmarks::VirtualClock& clock_;
  std::vector<std::pair<std::string, StageCost>> stages_;
  std::int64_t samples_;
};

}  // namespace eyechart::testing
