// The awkward records that every format is tested with.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "core/record.h"
#include "reports/run_folder.h"

namespace eyechart::reports::testing {

inline constexpr char kMineCell[] = "clip~dinov2/mine/photos/near_min=0.95";

inline Record EncodeRecord(const std::string& encoder,
                           const std::string& metric,
                           double value) {
  Record record;
  record.run = "nightly";
  record.encoder = encoder;
  record.task = "encode";
  record.dataset = "photos";
  record.setting = {{"batch", "32"}, {"dtype", "fp32"}};
  record.cell = encoder + "/encode/photos/batch=32,dtype=fp32";
  record.n = 12345;
  record.environment = "0123456789abcdef";
  record.weights_sha256 = std::string(64, 'a');
  record.started = "2026-11-23T20:44:00Z";
  record.seconds = 61;
  SetMetric(record, metric, value);
  return record;
}

inline Record MineRecord(const std::string& metric, double value) {
  Record record = EncodeRecord("clip~dinov2", metric, value);
  record.task = "mine";
  record.cell = kMineCell;
  record.setting = {{"near_min", "0.95"}};
  return record;
}

inline Record ErrorRecord(const std::string& message) {
  Record record = EncodeRecord("odd", "images", 0);
  record.metric.clear();
  record.unit.clear();
  record.value.reset();
  record.n = 0;
  record.status = RecordStatus::kError;
  record.message = message;
  return record;
}

// Quotes, pipes, line breaks and markup, as file names and messages hold them.
inline constexpr char kAwkward[] =
    "say \"hi\", a|b\nnext </script><b>&amp; `x` *y*";

/// One run: an encoder with a throughput, one whose name is awkward, a mined
/// cell with an interval and a value that is not finite, a failed cell.
inline RunFolder SampleRun() {
  RunFolder run;
  run.path = "runs/nightly";
  run.name = "nightly";
  Record share = MineRecord("blind_share", 0.0314159);
  share.ci = Interval{0.02, 0.05, 0.95, "jackknife over images"};
  Record skipped = EncodeRecord("a|<b>\"c\"", "encode_throughput", 0);
  skipped.value.reset();
  skipped.status = RecordStatus::kSkipped;
  skipped.message = "resumed: only 3 of 7 pictures";
  run.records = {
      EncodeRecord("clip", "images", 12345),
      EncodeRecord("clip", "unreadable", 2),
      EncodeRecord("clip", "encode_throughput", 41.23456),
      EncodeRecord("a|<b>\"c\"", "images", 7),
      skipped,
      share,
      MineRecord("blind_per_1e9", std::numeric_limits<double>::quiet_NaN()),
      ErrorRecord(kAwkward)};
  run.environment = {{"cpu", "A <CPU> | B"},
                     {"threads", 2},
                     {"command", "eyechart run a.toml --out 'x & y'"}};
  return run;
}

inline Json SampleGallery() {
  const Json picture = {{"id", "a/1.jpg"},
                        {"label", "ankle <boot>"},
                        {"src", "data:image/png;base64,AAAA"}};
  const Json foreign = {
      {"id", "b/2.jpg"}, {"label", ""}, {"src", "https://example.org/x.png"}};
  return {{"near_model", "clip"},
          {"far_model", "dinov2"},
          {"near_min", 0.95},
          {"far_max", 0.6},
          {"pairs",
           {{{"rank", 1},
             {"near", 0.9712},
             {"far", -0.25},
             {"gap", 1.2212},
             {"a", picture},
             {"b", foreign}}}}};
}

inline std::size_t CountOf(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos;
       at = text.find(part, at + part.size()))
    ++count;
  return count;
}

}  // namespace eyechart::reports::testing
