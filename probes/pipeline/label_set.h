// From the labels of pictures, which are text, to what heads are trained on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "probes/heads/targets.h"

namespace eyechart::probes {

/// "classes", "labels" or "numbers". Throws InputError listing them for another
/// text.
TargetKind ParseTargetKind(const std::string& name);

/// Between the labels of a picture that has several.
inline constexpr char kLabelSeparator = '|';

/// What the labels of a training and a test set stand for.
struct LabelSet {
  TargetKind kind = TargetKind::kClasses;
  /// kClasses, kLabels: the names of scores 0, 1, ...; whole numbers by value,
  /// other text by bytes. Classes that only the test set has come last.
  std::vector<std::string> names;
  /// Scores that heads are trained to give; the names from here on are only in
  /// the test set and can never be right.
  std::int64_t trained = 0;
  /// kNumbers: heads are trained on (number - mean) / deviation.
  double mean = 0;
  double deviation = 1;
  std::vector<std::string> warnings;

  /// Targets of rows with these labels; kClasses may be beyond `trained`.
  /// `source` is named in errors. Throws InputError for text that is no number
  /// where numbers are asked for.
  Targets Of(const std::vector<std::string>& labels,
             const std::string& source) const;

  /// A score of kNumbers in the labels' unit.
  double Number(double score) const { return mean + deviation * score; }
};

/// Throws InputError, naming the sources, where the training rows have one
/// class only, the two sets have no class in common, or the numbers are no
/// numbers or all the same.
LabelSet MakeLabelSet(TargetKind kind,
                      const std::vector<std::string>& train,
                      const std::string& train_source,
                      const std::vector<std::string>& test,
                      const std::string& test_source);

/// Adds to `set`, of a head trained before, the classes of `labels` that it
/// does not know, with a warning. Throws InputError where it knows none.
void AddUnknownClasses(const std::vector<std::string>& labels,
                       const std::string& source,
                       LabelSet& set);

}  // namespace eyechart::probes
