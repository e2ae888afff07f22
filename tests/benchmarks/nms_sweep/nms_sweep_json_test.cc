#include "benchmarks/nms_sweep/nms_sweep_json.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <set>

#include "core/files.h"
#include "reports/nms_sweep.h"
#include "tests/fixture.h"

namespace eyechart::benchmarks {
namespace {

using testing::TempFolder;

PictureTimes Times(double ms) {
  PictureTimes times;
  times.median_ns.value = ms * 1e6;
  times.median_ns.ci = Interval{ms * 0.5e6, ms * 2e6, 0.95, "order statistics"};
  times.mean_ns = ms * 1.25e6;
  return times;
}

NmsSweep Sample() {
  NmsSweep sweep;
  sweep.head = "dense";
  sweep.pictures = 40;
  sweep.unreadable = 2;
  sweep.stages = {{"decode", Times(1)}, {"head", Times(4)}};
  sweep.rest = Times(8);
  for (const double confidence : {0.001, 0.25}) {
    NmsSweepRow& row = sweep.rows.emplace_back();
    row.confidence = confidence;
    row.iou = 0.5;
    row.before = {200.5, 300};
    row.after = {10.25, 12};
    row.nms = Times(2);
    row.total = Times(10);
    row.share = 0.2;
    row.ap = 0.375;
    row.ap50 = 0.5;
  }
  sweep.rows[0].ap_ci = Interval{0.25, 0.5, 0.95, "bootstrap over images"};
  sweep.rows[1].ap = sweep.rows[1].ap50 = -1;
  sweep.fastest = 1;
  CostFit fit;
  fit.constant = {100, std::nullopt};
  fit.linear = {3, Interval{2, 4, 0.95, "bootstrap over pictures"}};
  fit.quadratic = {0.5, std::nullopt};
  fit.most_boxes = 512;
  sweep.cost = fit;
  sweep.cost_points = {{0, 10, 150}};
  sweep.as_long_as_head =
      CostFigure{2000, Interval{1000, std::numeric_limits<double>::infinity(),
                                0.95, "bootstrap over pictures"}};
  return sweep;
}

Record Base() {
  Record base;
  base.encoder = "clip";
  base.task = "bench";
  base.dataset = "boxes";
  base.cell = "clip/bench/boxes/default";
  return base;
}

TEST(NmsSweepJson, ReportsReadWhatIsWritten) {
  const TempFolder folder;
  const NmsSweep sweep = Sample();
  const NmsSweepFiles files = NmsSweepFilesOf(folder.path(), Base().cell);
  EXPECT_EQ(files.samples.parent_path(), folder / "samples");
  EXPECT_EQ(files.samples.stem(), files.folder.filename());
  WriteNmsSweep(files, sweep);
  EXPECT_EQ(ReadFile(files.samples), SweepSamplesCsv(sweep.samples));
  reports::RunFolder run;
  run.name = "night";
  run.records = NmsSweepRecords(sweep, Base());
  run.nms_sweeps[Base().cell] = ReadJsonFile(files.folder / "nms_sweep.json");
  const auto groups = reports::MakeNmsSweeps({&run, 1});
  ASSERT_EQ(groups.size(), 1u);
  ASSERT_EQ(groups[0].tables.size(), 1u);
  const reports::NmsSweepTable& table = groups[0].tables[0];
  EXPECT_EQ(groups[0].dataset, "boxes");
  EXPECT_EQ(table.encoder, "clip");
  EXPECT_EQ(table.pictures, 40);
  EXPECT_EQ(table.best, 0u);
  EXPECT_EQ(table.fastest, 1u);
  EXPECT_EQ(table.margin, sweep.options.margin);
  EXPECT_DOUBLE_EQ(*table.rest.median_ms, 8);
  ASSERT_EQ(table.stages.size(), 2u);
  EXPECT_EQ(table.stages[1].first, "head");
  ASSERT_EQ(table.rows.size(), 2u);
  const reports::SweepRow& row = table.rows[0];
  EXPECT_EQ(row.iou, 0.5);
  EXPECT_DOUBLE_EQ(*row.nms.median_ms, 2);
  EXPECT_DOUBLE_EQ(row.nms.ci->low, 1);
  EXPECT_DOUBLE_EQ(row.total.mean_ms, 12.5);
  EXPECT_EQ(row.before_mean, 200.5);
  EXPECT_EQ(row.after_most, 12);
  EXPECT_EQ(row.ap, 0.375);
  EXPECT_EQ(row.ap_ci->high, 0.5);
  EXPECT_FALSE(table.rows[1].ap.has_value());
  ASSERT_TRUE(table.cost.has_value());
  EXPECT_EQ(table.cost->linear, 3);
  EXPECT_EQ(table.cost->as_head, 2000);
  EXPECT_EQ(table.cost->as_head_low, 1000);
  EXPECT_FALSE(table.cost->as_head_high.has_value());
}

// What build and machine have to do with reaches JSON, records and report.
TEST(NmsSweepJson, SaysWhatIsNotValid) {
  NmsSweep sweep = Sample();
  Json json = NmsSweepToJson(sweep);
  EXPECT_EQ(json["valid"], true);
  EXPECT_TRUE(json["reasons"].empty());
  EXPECT_TRUE(json["meanwhile"].is_null());
  MachineWatch::Report report;
  report.findings = {{true, "others used 40 %", "end what else runs"}};
  TakeFindings({{false, "sanitized", "build without"}}, report, false, sweep);
  json = NmsSweepToJson(sweep);
  EXPECT_EQ(json["valid"], false);
  EXPECT_EQ(json["reasons"], Json::array({"others used 40 %"}));
  EXPECT_EQ(json["advice"], Json::array({"end what else runs"}));
  EXPECT_EQ(json["warnings"], Json::array({"sanitized; build without"}));
  EXPECT_TRUE(json["meanwhile"].contains("load1"));
  const std::vector<Record> records = NmsSweepRecords(sweep, Base());
  for (const Record& record : records) {
    const bool timed =
        record.metric == "nms_ms" || record.metric == "end_to_end_ms";
    EXPECT_EQ(record.message.find("not valid") != std::string::npos, timed)
        << record.metric;
    if (timed) {
      EXPECT_EQ(record.message,
                "measured all the same: sanitized; not valid: others used "
                "40 %");
    }
  }
  reports::RunFolder run;
  run.records = records;
  run.nms_sweeps[Base().cell] = json;
  const auto groups = reports::MakeNmsSweeps({&run, 1});
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(reports::SweepInvalidity(groups[0].tables[0]),
            "not valid: others used 40 %");
}

TEST(NmsSweepJson, WhatIsAllowedIsAWarning) {
  NmsSweep sweep = Sample();
  MachineWatch::Report report;
  report.findings = {{true, "others used 40 %", "end what else runs"}};
  TakeFindings({}, report, true, sweep);
  EXPECT_TRUE(sweep.valid());
  const Json json = NmsSweepToJson(sweep);
  EXPECT_EQ(json["valid"], true);
  EXPECT_EQ(json["warnings"],
            Json::array({"others used 40 %; end what else runs"}));
  EXPECT_EQ(NmsSweepRecords(sweep, Base()).front().message,
            "measured all the same: others used 40 %");
}

TEST(NmsSweepJson, RecordsHoldBothAtOneSetting) {
  const NmsSweep sweep = Sample();
  const std::vector<Record> records = NmsSweepRecords(sweep, Base());
  ASSERT_EQ(records.size(), 18u);  // the best row's six, then each row's
  std::set<std::string> cells;
  for (const Record& record : records) {
    cells.insert(record.cell);
    EXPECT_EQ(record.setting.at("head"), "dense");
    EXPECT_EQ(record.setting.at("nms_iou"), "0.5");
    if (record.metric == "nms_ms") {
      EXPECT_DOUBLE_EQ(*record.value, 2);
      EXPECT_DOUBLE_EQ(record.ci->high, 4);
      EXPECT_EQ(record.unit, "ms");
      EXPECT_EQ(record.direction, "lower");
      EXPECT_EQ(record.n, 40);
    }
    if (record.metric == "end_to_end_ms") {
      EXPECT_DOUBLE_EQ(*record.value, 10);
    }
    if (record.metric == "ap") {
      EXPECT_EQ(record.n, 42);
      EXPECT_EQ(record.value.has_value(),
                record.setting.at("confidence") == "0.001");
    }
  }
  EXPECT_EQ(cells, (std::set<std::string>{
                       "clip/bench/boxes/default",
                       "clip/bench/boxes/confidence=0.001,nms_iou=0.5",
                       "clip/bench/boxes/confidence=0.25,nms_iou=0.5"}));
  EXPECT_EQ(records[0].cell, "clip/bench/boxes/default");
  EXPECT_EQ(records[0].setting.at("confidence"), "0.001");
  Record base = Base();
  base.cell = "clip/bench/boxes/batch=1";
  EXPECT_EQ(NmsSweepRecords(sweep, base).back().cell,
            "clip/bench/boxes/batch=1,confidence=0.25,nms_iou=0.5");
}

}  // namespace
}  // namespace eyechart::benchmarks
