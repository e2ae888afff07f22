#include "benchmarks/load/cache_audit.h"

#include <algorithm>

#include "benchmarks/load/sample_order.h"
#include "benchmarks/load/timed_query.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "core/random.h"

namespace eyechart::benchmarks {
namespace {

class Audit {
 public:
  Audit(DeviceUnderTest& device, Clock& clock, const AuditOptions& options)
      : device_(device),
        clock_(clock),
        options_(options),
        recorder_(clock, device.Stages().size(), 0) {
    samples_ = DrawSubset(device.SampleCount(), 0, 0);
    EYECHART_REQUIRE(samples_.size() >= 2,
                     "{}: an audit of caches needs two samples or more, there "
                     "are {}",
                     device.Name(), samples_.size());
    EYECHART_REQUIRE(options.blocks >= 1 && options.samples_per_block >= 2 &&
                         options.warmup_queries >= 0,
                     "cache audit of {} blocks of {} samples; should be 1 or "
                     "more of 2 or more",
                     options.blocks, options.samples_per_block);
  }

  AuditResult Run() {
    device_.Prepare({samples_, 1, 1});
    // What warms up is never asked for as new.
    SampleOrder order(samples_, options_.seeds.order);
    std::vector<std::int64_t> fresh;
    for (std::size_t i = 0; i < samples_.size(); ++i)
      fresh.push_back(order.Next());
    for (int i = 0; i < options_.warmup_queries; ++i) Time(fresh.back());
    fresh.pop_back();

    const auto size = static_cast<std::size_t>(options_.samples_per_block);
    Random coin(options_.seeds.pairs);
    AuditResult result;
    std::size_t used = 0;
    for (int block = 0; block < options_.blocks; ++block) {
      ThrowIfInterrupted();
      const bool new_ones = used + size <= fresh.size();
      const std::vector<std::int64_t> ids =
          new_ones ? std::vector<std::int64_t>(fresh.data() + used,
                                               fresh.data() + used + size)
                   : Some(order, size);
      used += new_ones ? size : 0;
      // New ones must come first; so all come once, whoever they are.
      const double first = Pass(ids);
      double again = 0, repeat = 0;
      const bool repeat_leads = coin.Below(2) == 1;
      for (const bool repeats : {repeat_leads, !repeat_leads})
        (repeats ? repeat : again) = repeats ? Repeats(ids) : Pass(ids);
      if (again > 0 && repeat > 0)
        result.again_ratios.push_back(again / repeat);
      if (new_ones && again > 0) result.first_ratios.push_back(first / again);
    }
    result.again = EstimateMedian(result.again_ratios, options_.level);
    result.first = EstimateMedian(result.first_ratios, options_.level);
    if (result.first_ratios.empty())
      result.first.reason =
          fmt::format("{} samples are too few for a block of {} new ones",
                      samples_.size(), options_.samples_per_block);
    Judge(result);
    return result;
  }

 private:
  double Time(std::int64_t sample) {
    const std::int64_t ids[] = {sample};
    const QueryRow row = TimedQuery(device_, clock_, recorder_, -1, ids, 0);
    return static_cast<double>(row.latency_ns);
  }

  // Distinct ones of those seen, as far as there are as many.
  std::vector<std::int64_t> Some(SampleOrder& order, std::size_t size) {
    std::vector<std::int64_t> ids;
    while (ids.size() < std::min(size, samples_.size())) {
      const std::int64_t id = order.Next();
      if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
    }
    return ids;
  }

  double Pass(const std::vector<std::int64_t>& ids) {
    double sum = 0;
    for (const std::int64_t id : ids) sum += Time(id);
    return sum;
  }

  // Each right after itself; the one before is not counted.
  double Repeats(const std::vector<std::int64_t>& ids) {
    double sum = 0;
    for (const std::int64_t id : ids) {
      Time(id);
      sum += Time(id);
    }
    return sum;
  }

  void Judge(AuditResult& result) const {
    const double limit = 1 + options_.tolerance;
    const auto over = [limit](const Estimate& ratio) {
      return ratio.ci.has_value() && ratio.ci->low > limit;
    };
    if (over(result.again))
      result.findings.push_back(
          {false,
           fmt::format("a sample directly after itself is {:.2f} times as fast "
                       "as one after others ({:.2f} to {:.2f})",
                       *result.again.value, result.again.ci->low,
                       result.again.ci->high),
           "measure with different samples; check the device for a cache of "
           "its last result"});
    if (over(result.first))
      result.findings.push_back(
          {false,
           fmt::format("a sample seen before is {:.2f} times as fast as a new "
                       "one ({:.2f} to {:.2f})",
                       *result.first.value, result.first.ci->low,
                       result.first.ci->high),
           "check the device for a cache of results; measure with as many "
           "samples as the use has"});
  }

  DeviceUnderTest& device_;
  Clock& clock_;
  const AuditOptions options_;
  StageRecorder recorder_;
  std::vector<std::int64_t> samples_;
};

}  // namespace

AuditResult AuditCaches(DeviceUnderTest& device,
                        Clock& clock,
                        const AuditOptions& options) {
  return Audit(device, clock, options).Run();
}

}  // namespace eyechart::benchmarks
