#include "benchmarks/load/cache_audit.h"

#include <algorithm>
#include <iterator>
#include <utility>

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
    origin_ns_ = clock_.NowNs();
    for (int i = 0; i < options_.warmup_queries; ++i)
      Time(fresh.back(), AuditPass::kWarmup);
    fresh.pop_back();

    const auto size = static_cast<std::size_t>(options_.samples_per_block);
    Random coin(options_.seeds.pairs);
    AuditResult result;
    std::vector<double> again_to_first, repeat_to_first;
    std::size_t used = 0;
    for (int block = 0; block < options_.blocks; ++block) {
      ThrowIfInterrupted();
      block_ = block;
      const bool new_ones = used + size <= fresh.size();
      const std::vector<std::int64_t> ids =
          new_ones ? std::vector<std::int64_t>(fresh.data() + used,
                                               fresh.data() + used + size)
                   : Some(order, size);
      used += new_ones ? size : 0;
      // New ones must come first; so all come once, whoever they are.
      const double first =
          Pass(ids, new_ones ? AuditPass::kFirst : AuditPass::kSeen);
      double again = 0, repeat = 0;
      const bool repeat_leads = coin.Below(2) == 1;
      for (const bool repeats : {repeat_leads, !repeat_leads})
        (repeats ? repeat : again) =
            repeats ? Repeats(ids) : Pass(ids, AuditPass::kAgain);
      if (again > 0 && repeat > 0)
        result.again_ratios.push_back(again / repeat);
      if (!new_ones) continue;
      if (again > 0) result.first_ratios.push_back(first / again);
      if (first > 0) {
        again_to_first.push_back(again / first);
        repeat_to_first.push_back(repeat / first);
      }
    }
    result.again = EstimateMedian(result.again_ratios, options_.level);
    result.first = EstimateMedian(result.first_ratios, options_.level);
    result.again_to_first = EstimateMedian(again_to_first, options_.level);
    result.repeat_to_first = EstimateMedian(repeat_to_first, options_.level);
    result.new_blocks = static_cast<std::int64_t>(again_to_first.size());
    for (Estimate* estimate :
         {&result.first, &result.again_to_first, &result.repeat_to_first})
      if (!estimate->value.has_value())
        estimate->reason =
            fmt::format("{} samples are too few for a block of {} new ones",
                        samples_.size(), options_.samples_per_block);
    Judge(result);
    result.queries = std::move(queries_);
    return result;
  }

 private:
  double Time(std::int64_t sample, AuditPass pass) {
    const std::int64_t ids[] = {sample};
    const QueryRow row =
        TimedQuery(device_, clock_, recorder_, -1, ids, origin_ns_);
    queries_.push_back({block_, pass, sample, row.started_ns, row.latency_ns});
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

  double Pass(const std::vector<std::int64_t>& ids, AuditPass pass) {
    double sum = 0;
    for (const std::int64_t id : ids) sum += Time(id, pass);
    return sum;
  }

  // Each right after itself; the one before is not counted.
  double Repeats(const std::vector<std::int64_t>& ids) {
    double sum = 0;
    for (const std::int64_t id : ids) {
      Time(id, AuditPass::kBefore);
      sum += Time(id, AuditPass::kRepeat);
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
  std::int64_t origin_ns_ = 0;
  int block_ = -1;
  std::vector<AuditQuery> queries_;
};

}  // namespace

std::string_view AuditPassName(AuditPass pass) {
  switch (pass) {
    case AuditPass::kWarmup:
      return "warmup";
    case AuditPass::kFirst:
      return "first";
    case AuditPass::kSeen:
      return "seen";
    case AuditPass::kAgain:
      return "again";
    case AuditPass::kBefore:
      return "before";
    case AuditPass::kRepeat:
      return "repeat";
  }
  EYECHART_CHECK(false, "pass {} of an audit", static_cast<int>(pass));
}

AuditResult AuditCaches(DeviceUnderTest& device,
                        Clock& clock,
                        const AuditOptions& options) {
  return Audit(device, clock, options).Run();
}

std::string AuditSamplesCsv(const AuditResult& result) {
  std::string csv = "block,pass,sample,started_ns,latency_ns\n";
  auto out = std::back_inserter(csv);
  for (const AuditQuery& query : result.queries) {
    if (query.block >= 0) fmt::format_to(out, "{}", query.block);
    fmt::format_to(out, ",{},{},{},{}\n", AuditPassName(query.pass),
                   query.sample, query.started_ns, query.latency_ns);
  }
  return csv;
}

}  // namespace eyechart::benchmarks
