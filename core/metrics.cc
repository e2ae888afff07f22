#include "core/metrics.h"

#include <array>

#include "core/error.h"

namespace eyechart {
namespace {

constexpr std::string_view kMmvp = "Tong et al. 2024, arXiv 2401.06209";
constexpr std::string_view kCoco = "COCO, pycocotools 2.0.11";
constexpr std::string_view kLoadGen = "MLPerf LoadGen, mlcommons/inference";
constexpr std::string_view kWinoground = "Thrush et al. 2022, arXiv 2204.03162";

constexpr std::array kMetrics = {
    Metric{"images", "1", Direction::kNone, "pictures in the data set",
           "eyechart"},
    Metric{"unreadable", "1", Direction::kLower,
           "pictures that could not be decoded", "eyechart"},
    Metric{"encode_throughput", "images/s", Direction::kHigher,
           "pictures decoded, resized and encoded a second of wall time",
           "eyechart"},
    Metric{"cell_seconds", "s", Direction::kLower,
           "wall time of a cell, its features included; A/B comparisons alone "
           "have it",
           "eyechart"},
    Metric{"latency_median", "ms", Direction::kLower,
           "median time a query, from when it was due (server) or given to the "
           "device to its answer, decoding and NMS included",
           "eyechart"},
    Metric{"latency_p90", "ms", Direction::kLower,
           "the same, 90th percentile by nearest rank; from 64 queries on",
           kLoadGen},
    Metric{"latency_p95", "ms", Direction::kLower,
           "the same, 95th percentile; from 130 queries on", kLoadGen},
    Metric{"latency_p99", "ms", Direction::kLower,
           "the same, 99th percentile; from 662 queries on", kLoadGen},
    Metric{"latency_min", "ms", Direction::kNone, "the quickest query",
           "eyechart"},
    Metric{"latency_max", "ms", Direction::kNone, "the slowest query",
           "eyechart"},
    Metric{"load_throughput", "samples/s", Direction::kHigher,
           "samples answered a second of a load run", kLoadGen},
    Metric{"peak_rate", "queries/s", Direction::kHigher,
           "highest rate of random arrivals that keeps the latency bound",
           kLoadGen},
    Metric{"cache_again_ratio", "ratio", Direction::kNone,
           "time of pictures asked for again, with others in between, over "
           "their first time; below 1 where results are kept",
           kLoadGen},
    Metric{"cache_right_after_ratio", "ratio", Direction::kNone,
           "time of pictures asked for right after themselves over their first "
           "time; below 1 where having just had them helps",
           kLoadGen},
    Metric{"peak_memory", "bytes", Direction::kLower,
           "memory that the process had resident at its peak", "eyechart"},
    Metric{"device_peak_memory", "bytes", Direction::kLower,
           "memory of the GPU that tensors took at their peak", "eyechart"},
    Metric{"stage_queue", "ms", Direction::kNone,
           "median time a query waited for a free lane", "eyechart"},
    Metric{"stage_decode", "ms", Direction::kNone,
           "median time a query in decoding its pictures", "eyechart"},
    Metric{"stage_resize", "ms", Direction::kNone,
           "median time a query in resizing, cropping and normalising",
           "eyechart"},
    Metric{"stage_preprocess", "ms", Direction::kNone,
           "median time a query in a fast decode and the resize after it",
           "eyechart"},
    Metric{"stage_wait", "ms", Direction::kNone,
           "median time a query waited for the model", "eyechart"},
    Metric{"stage_to_device", "ms", Direction::kNone,
           "median time a query in copying pixels to the GPU", "eyechart"},
    Metric{"stage_encode", "ms", Direction::kNone,
           "median time a query in the encoder, until its output is on the "
           "host",
           "eyechart"},
    Metric{"stage_head", "ms", Direction::kNone,
           "median time a query in the detection head", "eyechart"},
    Metric{"stage_nms", "ms", Direction::kNone,
           "median time a query in non-maximum suppression", "eyechart"},
    Metric{"stage_post", "ms", Direction::kNone,
           "median time a query in mapping boxes back to the picture",
           "eyechart"},
    Metric{"stage_rest", "ms", Direction::kNone,
           "median time a query in no stage; below zero where stages overlap",
           "eyechart"},
    Metric{"chart_threshold", "1", Direction::kLower,
           "strength at which a read-out of the features is right 75 % of the "
           "time, in the chart's unit; smaller is sharper",
           "eyechart"},
    Metric{"chart_threshold_patches", "patches", Direction::kLower,
           "the same in patches of the encoder", "eyechart"},
    Metric{"chart_accuracy", "1", Direction::kHigher,
           "share of right answers over all strengths of a chart", "eyechart"},
    Metric{"near_pairs", "1", Direction::kNone,
           "pairs whose cosine in the near space is above near_min", kMmvp},
    Metric{"blind_pairs", "1", Direction::kLower,
           "near pairs whose cosine in the far space is below far_max", kMmvp},
    Metric{"blind_share", "1", Direction::kLower,
           "blind pairs as a share of the near pairs", "eyechart"},
    Metric{"blind_per_1e9", "1e-9", Direction::kLower,
           "blind pairs in 10^9 candidate pairs", "eyechart"},
    Metric{"blind_from_pairs", "1", Direction::kNone,
           "blind pairs that are the two pictures of one of the benchmark's "
           "pairs, as a share of all blind pairs",
           "eyechart"},
    Metric{"mined_share", "1", Direction::kLower,
           "pairs of a benchmark's pattern that are blind pairs, as a share of "
           "its pairs",
           "eyechart"},
    Metric{"pair_accuracy", "1", Direction::kHigher,
           "pairs of which both items are right; of statements, each finds its "
           "picture among the two (MMVP-VLM's released score)",
           kMmvp},
    Metric{"item_accuracy", "1", Direction::kHigher,
           "questions, statements or captions that are right, each by itself",
           "eyechart"},
    Metric{"text_score", "1", Direction::kHigher,
           "pairs of which each picture finds its statement among the two",
           kWinoground},
    Metric{"group_score", "1", Direction::kHigher,
           "pairs right in both directions, statement to picture and back",
           kWinoground},
    Metric{"diagonal_accuracy", "1", Direction::kHigher,
           "pairs whose right matches score more in sum than the wrong ones",
           "eyechart"},
    Metric{"top1", "1", Direction::kHigher, "pictures whose class scores most",
           "eyechart"},
    Metric{"top5", "1", Direction::kHigher,
           "pictures whose class is among the five that score most",
           "eyechart"},
    Metric{"mean_per_class", "1", Direction::kHigher,
           "mean over classes of the share of their pictures that is right",
           "eyechart"},
    Metric{"map", "1", Direction::kHigher,
           "mean over labels of the average precision, without interpolation",
           "scikit-learn, average_precision_score"},
    Metric{
        "mae", "label", Direction::kLower,
        "mean distance of the number read out from the label, in the label's "
        "unit",
        "eyechart"},
    Metric{"rmse", "label", Direction::kLower,
           "root of the mean squared distance, in the label's unit",
           "eyechart"},
    Metric{"r2", "1", Direction::kHigher,
           "share of the labels' variance that the read-out explains",
           "eyechart"},
    Metric{"probe_seed_mean", "1", Direction::kNone,
           "mean over seeds of a probe's leading score", "eyechart"},
    Metric{"probe_seed_deviation", "1", Direction::kLower,
           "sample standard deviation of it", "eyechart"},
    Metric{"ap", "1", Direction::kHigher,
           "average precision of boxes, mean over classes and IoU 0.5 to 0.95",
           kCoco},
    Metric{"ap50", "1", Direction::kHigher, "the same at IoU 0.5", kCoco},
    Metric{"ap75", "1", Direction::kHigher, "the same at IoU 0.75", kCoco},
    Metric{"ap_small", "1", Direction::kHigher,
           "ap of objects of at most 32 x 32 pixels", kCoco},
    Metric{"ap_medium", "1", Direction::kHigher,
           "ap of objects of 32 x 32 to 96 x 96 pixels", kCoco},
    Metric{"ap_large", "1", Direction::kHigher,
           "ap of objects of at least 96 x 96 pixels", kCoco},
    Metric{"ar1", "1", Direction::kHigher,
           "recall with one box a class and picture, mean over classes and IoU",
           kCoco},
    Metric{"ar10", "1", Direction::kHigher, "the same with ten boxes", kCoco},
    Metric{"ar100", "1", Direction::kHigher, "the same with a hundred boxes",
           kCoco},
    Metric{"ar_small", "1", Direction::kHigher,
           "ar100 of objects of at most 32 x 32 pixels", kCoco},
    Metric{"ar_medium", "1", Direction::kHigher,
           "ar100 of objects of 32 x 32 to 96 x 96 pixels", kCoco},
    Metric{"ar_large", "1", Direction::kHigher,
           "ar100 of objects of at least 96 x 96 pixels", kCoco},
    Metric{"nms_ms", "ms", Direction::kLower,
           "median time of non-maximum suppression a picture", "eyechart"},
    Metric{"end_to_end_ms", "ms", Direction::kLower,
           "median time from a picture's bytes to its boxes, suppression "
           "included",
           "eyechart"},
    Metric{"boxes_before_nms", "1", Direction::kNone,
           "mean boxes a picture that go into suppression", "eyechart"},
    Metric{"boxes_after_nms", "1", Direction::kNone,
           "mean boxes a picture that come out of it", "eyechart"},
    Metric{"head_parameters", "1", Direction::kNone,
           "learned values of a detection head", "eyechart"},
    Metric{"abstained", "1", Direction::kLower,
           "answers that name no option or more than one; they are wrong",
           "eyechart"},
    Metric{"unanswered", "1", Direction::kLower,
           "questions that the answers file lacks; they are wrong", "eyechart"},
    Metric{"undecided", "1", Direction::kLower,
           "items whose scores tie or are not finite; they are wrong",
           "eyechart"},
    Metric{"pair_cosine", "1", Direction::kNone,
           "mean cosine of the two pictures of a pair", kMmvp},
    Metric{"pair_cosine_rank", "1", Direction::kLower,
           "mean share of random pairs of the set that are less alike than a "
           "pair; 0.5: a pair is like any two pictures. No accuracy: a trained "
           "read-out needs more pairs than MMVP's 150",
           "eyechart"},
    Metric{"clock_error", "min", Direction::kLower,
           "median distance of the time read from the time shown, on 12 h",
           "eyechart"},
    Metric{"gauge_error", "%", Direction::kLower,
           "median distance of the value read from the value shown, in per "
           "cent of the range",
           "eyechart"},
    Metric{"call_time_median", "ns", Direction::kLower,
           "median over repetitions of the mean time of a call",
           "Google Benchmark"},
    Metric{"within_tolerance", "1", Direction::kHigher,
           "readings no further from the truth than the tolerance", "eyechart"},
};

}  // namespace

std::string_view DirectionName(Direction direction) {
  switch (direction) {
    case Direction::kHigher:
      return "higher";
    case Direction::kLower:
      return "lower";
    case Direction::kNone:
      return "none";
  }
  return "none";
}

std::span<const Metric> Metrics() { return kMetrics; }

const Metric& FindMetric(std::string_view name) {
  for (const Metric& metric : kMetrics)
    if (metric.name == name) return metric;
  EYECHART_CHECK(false, "no metric {} in the table", name);
  throw std::logic_error("unreachable");
}

}  // namespace eyechart
