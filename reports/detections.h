// detect.json and errors.json as detection transfer writes them, checked before
// anything of them is drawn, and encoders compared seed by seed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/statistics.h"
#include "reports/run_folder.h"
#include "reports/seed_pairs.h"

namespace eyechart::reports {

/// A box over a picture, in parts of its sides.
struct ShownBox {
  double x = 0, y = 0, w = 0, h = 0;
  std::string label;
  std::optional<double> score;  // none: a truth
  bool wrong = false;           // missed, or a false alarm
};

/// A picture in which much went wrong.
struct WorstPicture {
  std::string id;
  std::string src;  // data URI of a thumbnail
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::int64_t misses = 0;
  std::int64_t false_alarms = 0;
  std::int64_t matched = 0;
  std::vector<ShownBox> boxes;  // truths, then what was found
};

/// One of TIDE's kinds of error, as detect.json's `errors` has it.
struct ErrorKindCost {
  std::string kind;        // class, localisation, both, duplicate ...
  std::int64_t count = 0;  // boxes found, or truths for "missed"
  double gain = 0;         // of AP50, were all of this kind mended; 0 to 1
};

/// Precision over the classes at evenly spaced recall, 0 and 1 included.
struct PrecisionCurve {
  double iou = 0;  // overlap from which a box is right
  std::vector<double> precision;
};

/// Boxes of one class that were found on truths of another.
struct ConfusedPair {
  std::string truth;
  std::string found;
  std::int64_t count = 0;
};

/// Which class is taken for which, at one working point.
struct ConfusionMatrix {
  double iou = 0;        // overlap from which a box is on a truth
  double min_score = 0;  // lesser boxes are left out
  std::vector<std::string> classes;
  /// Counts above 0 by (truth, found), places in `classes`; the place behind
  /// the last is background: a truth found as it was missed, a box on it made
  /// up.
  std::map<std::pair<std::size_t, std::size_t>, std::int64_t> counts;
};

/// One head on one encoder.
struct DetectionRow {
  std::size_t run = 0;  // index of the run
  std::string cell;
  std::string encoder;
  std::string stages;  // last or own; whole: an exported detector
  /// What tells it from other rows of its table: "steps 300, shots 5"; empty
  /// where all were trained and tested alike.
  std::string differs;
  /// The record's setting and detect.json's, which `differs` is made from.
  std::map<std::string, std::string> setting;
  std::map<std::string, double> stats;  // AP ...; those there are
  std::map<std::string, Interval> intervals;
  std::int64_t train = 0;
  std::int64_t test = 0;
  std::int64_t parameters = 0;
  SeedScores seeds;            // the AP of each
  std::string test_sha256;     // of the test part's lists; empty: not known
  std::int64_t hash_rule = 1;  // by which it was made: detect.json's
  // The training log: steps, and AP on the validation pictures or the loss.
  std::vector<std::pair<double, double>> curve;
  std::vector<std::pair<double, double>> losses;
  std::optional<std::int64_t> steps;  // that were trained; none: not known
  /// Boxes found on the test part, of all scores; none: not known.
  std::optional<std::int64_t> found;
  /// Whose head was kept, by validation; none: that of the last step.
  std::optional<double> best_step;
  std::vector<ErrorKindCost> errors;  // empty: not in the file
  /// By IoU; empty: not in the file.
  std::vector<PrecisionCurve> precision_curves;
  std::vector<ConfusedPair> confusions;   // the most frequent first
  std::optional<ConfusionMatrix> matrix;  // none: not in the file
  std::vector<WorstPicture> worst;
  /// Against the first row of the table, by the seeds that both have; where all
  /// but the encoder is the same.
  std::optional<SeedDifference> difference;
  /// Why there is none, "other width"; empty for the first row.
  std::string not_compared;
};

/// The heads of one kind and protocol on one data set, the best first: heads on
/// frozen maps do not stand beside those whose encoder's blocks were trained.
struct DetectionTable {
  std::string dataset;
  std::string head;
  std::string protocol;  // detect-dense, detect-dense-unfreeze-2 ...
  std::vector<DetectionRow> rows;
};

/// "clip", "clip (width 64, shots 5)".
std::string DetectionName(const DetectionRow& row);

/// "boxes: dense head (detect-dense)".
std::string DetectionTableName(const DetectionTable& table);

/// What stands before a row's name, by run: "label: " where there are several
/// runs, else nothing.
std::vector<std::string> DetectionPrefixes(
    const std::vector<std::string>& labels);

/// Tables in the order of their first cell. Throws InputError naming run, cell
/// and key where a file is not as detection transfer writes it.
std::vector<DetectionTable> MakeDetectionTables(
    std::span<const RunFolder> runs);

}  // namespace eyechart::reports
