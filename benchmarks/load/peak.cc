#include "benchmarks/load/peak.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/random.h"

namespace eyechart::benchmarks {
namespace {

class PeakSearch {
 public:
  PeakSearch(DeviceUnderTest& device,
             Clock& clock,
             const LoadOptions& options,
             const PeakOptions& peak)
      : device_(device), clock_(clock), options_(options), peak_(peak) {
    options_.server.stop_when_lost = true;
    start_ =
        peak.start_rate > 0 ? peak.start_rate : std::min(Capacity(), kMostRate);
  }

  PeakResult Run() {
    const int jump =
        static_cast<int>(std::ceil(std::log(2.0) / std::log(peak_.step)));
    int pass = 0, fail = 0;
    if (Passes(0)) {
      fail = jump;
      // Looked at before each trial: the start may be near the most already.
      while (RateAt(fail) <= kMostRate) {
        if (Spent() || !Passes(fail)) break;
        pass = fail;
        fail += jump;
      }
      if (RateAt(fail) > kMostRate) return NoLimit();
    } else {
      pass = -jump;
      while (!Spent() && !Passes(pass)) {
        fail = pass;
        pass -= jump;
        if (TooSlow(pass)) return NoRate();
      }
    }
    while (!Spent() && fail - pass > 1) {
      const int middle = pass + (fail - pass) / 2;
      (Passes(middle) ? pass : fail) = middle;
    }
    return Confirm(pass);
  }

 private:
  double RateAt(int place) const {
    return start_ * std::pow(peak_.step, place);
  }

  bool TooSlow(int place) const {
    return std::pow(peak_.step, place) < peak_.least_share;
  }

  bool Spent() const {
    return static_cast<int>(result_.trials.size()) >= peak_.max_trials;
  }

  // Queries a second that the lanes answer when none has to wait.
  double Capacity() {
    LoadOptions options = options_;
    options.scenario = Scenario::kSingleStream;
    options.samples_per_query = 0;
    options.lanes = 1;
    if (SamplesPerQuery(options_) > 1) {
      options.scenario = Scenario::kMultiStream;
      options.samples_per_query = SamplesPerQuery(options_);
    }
    options.min_queries = std::min<std::int64_t>(20, options.max_queries);
    options.min_seconds = 0;
    const LoadResult run = RunLoad(device_, clock_, options);
    const double median = run.latency.median.value.value_or(0);
    EYECHART_REQUIRE(median > 0, "{}: answers in no time; say a start rate",
                     run.device);
    return 1e9 * options_.lanes / median;
  }

  bool Passes(int place) {
    options_.server.rate = RateAt(place);
    // Other arrivals each time: a rate is not judged twice by the same chance.
    options_.seeds.arrivals =
        Random(first_arrivals_, result_.trials.size()).Next();
    LoadResult run = RunLoad(device_, clock_, options_);
    PeakTrial trial;
    trial.rate = options_.server.rate;
    trial.kept = run.server->kept;
    trial.queries = static_cast<std::int64_t>(run.samples.rows.size());
    trial.percentile_ns = run.server->percentile_ns.value;
    trial.findings = run.findings;
    if (MakeRoom(trial.queries)) trial.samples = run.samples;
    result_.trials.push_back(std::move(trial));
    if (run.server->kept) last_passed_ = std::move(run);
    return result_.trials.back().kept;
  }

  // Whether `rows` more may be kept, at the cost of the earliest trials.
  bool MakeRoom(std::int64_t rows) {
    if (rows > peak_.most_rows) return false;
    rows_kept_ += rows;
    for (PeakTrial& trial : result_.trials) {
      if (rows_kept_ <= peak_.most_rows) break;
      if (!trial.samples.has_value()) continue;
      rows_kept_ -= trial.queries;
      trial.samples.reset();
    }
    return true;
  }

  PeakResult Confirm(int place) {
    for (int passed = 0; !TooSlow(place);) {
      // Where trials end while it goes down, `place` was not tried.
      const bool tried = last_passed_.has_value() &&
                         last_passed_->options.server.rate == RateAt(place);
      if (passed == peak_.confirmations && tried) {
        result_.end = PeakEnd::kFound;
        result_.rate = RateAt(place);
        result_.at_peak = std::move(last_passed_);
        return std::move(result_);
      }
      if (Spent()) break;
      if (Passes(place)) {
        ++passed;
      } else {
        passed = 0;
        --place;
      }
    }
    if (!last_passed_.has_value()) return NoRate();
    return Spent() ? OutOfTrials() : NotConfirmed();
  }

  PeakResult NoLimit() {
    result_.end = PeakEnd::kNoLimit;
    const PeakTrial& last = result_.trials.back();
    result_.reason = fmt::format(
        "the bound is kept at any rate: {} queries at {:g} a second, as good "
        "as all at once, are answered within it; more queries or a longer run "
        "(--min-queries, --min-seconds) or a tighter bound would find a limit",
        last.queries, last.rate);
    return std::move(result_);
  }

  PeakResult OutOfTrials() {
    result_.end = PeakEnd::kOutOfTrials;
    result_.reason = fmt::format(
        "{} trials ended before a rate was confirmed; the last that kept the "
        "bound was {:g} queries a second",
        result_.trials.size(), last_passed_->options.server.rate);
    return std::move(result_);
  }

  PeakResult NotConfirmed() {
    result_.end = PeakEnd::kNotConfirmed;
    result_.reason = fmt::format(
        "no rate was confirmed within {} trials: {:g} queries a second, the "
        "last that kept the bound, did not keep it again, nor did a lower one, "
        "the last {:g}; its reason: {}",
        result_.trials.size(), last_passed_->options.server.rate,
        result_.trials.back().rate, LastReason());
    return std::move(result_);
  }

  PeakResult NoRate() {
    result_.end = PeakEnd::kNoRate;
    const PeakTrial& last = result_.trials.back();
    result_.reason = fmt::format(
        "no rate kept the bound within {} trials, the last at {:g} queries a "
        "second; its reason: {}",
        result_.trials.size(), last.rate, LastReason());
    return std::move(result_);
  }

  std::string LastReason() const {
    for (const Finding& finding : result_.trials.back().findings)
      if (finding.fatal) return finding.reason;
    return "none, but it was not repeated";
  }

  DeviceUnderTest& device_;
  Clock& clock_;
  LoadOptions options_;
  const PeakOptions peak_;
  const std::uint64_t first_arrivals_ = options_.seeds.arrivals;
  double start_ = 0;
  std::int64_t rows_kept_ = 0;
  std::optional<LoadResult> last_passed_;
  PeakResult result_;
};

}  // namespace

std::string_view PeakEndName(PeakEnd end) {
  switch (end) {
    case PeakEnd::kFound:
      return "found";
    case PeakEnd::kNoLimit:
      return "no-limit";
    case PeakEnd::kNoRate:
      return "no-rate";
    case PeakEnd::kNotConfirmed:
      return "not-confirmed";
    case PeakEnd::kOutOfTrials:
      return "out-of-trials";
  }
  EYECHART_CHECK(false, "end {} of a search", static_cast<int>(end));
}

PeakResult FindPeak(DeviceUnderTest& device,
                    Clock& clock,
                    const LoadOptions& options,
                    const PeakOptions& peak) {
  EYECHART_REQUIRE(
      options.scenario == Scenario::kServer &&
          options.server.bound_ns.has_value(),
      "the peak rate is that of a server with a latency bound; "
      "here is {} {}",
      ScenarioName(options.scenario),
      options.server.bound_ns.has_value() ? "with one" : "without one");
  EYECHART_REQUIRE(peak.step > 1 && peak.step <= 2 && peak.start_rate >= 0 &&
                       peak.confirmations >= 0 && peak.max_trials >= 1 &&
                       peak.most_rows >= 0,
                   "peak search from {:g} queries a second in steps of {:g}; "
                   "steps should be above 1 and at most 2",
                   peak.start_rate, peak.step);
  return PeakSearch(device, clock, options, peak).Run();
}

std::string PeakSamplesCsv(const PeakResult& result) {
  std::vector<NumberedSamples> kept;
  for (std::size_t i = 0; i < result.trials.size(); ++i)
    if (result.trials[i].samples.has_value())
      kept.push_back(
          {static_cast<std::int64_t>(i), &*result.trials[i].samples});
  return kept.empty() ? "" : NumberedSamplesCsv("trial", kept);
}

}  // namespace eyechart::benchmarks
