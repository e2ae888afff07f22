// What a step of a GitHub workflow shows: annotations and the step's summary.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "reports/findings.h"

namespace eyechart::reports {

/// GitHub shows at most so many annotations of a level a step.
inline constexpr std::size_t kAnnotationsALevel = 10;

/// A step's summary that is larger is refused as a whole: 1 MiB.
inline constexpr std::size_t kSummaryBytes = std::size_t{1} << 20U;

/// Annotations as workflow commands, made one after another: at most ten of a
/// level, the tenth of which says how many more there were.
class AnnotationWriter {
 public:
  /// The command's line, or nothing where there were nine of its level.
  std::string Add(const Finding& finding);
  /// The lines that are held back until all are known: of each level with ten
  /// the tenth, with more how many.
  std::string Finish();

 private:
  struct Level {
    std::size_t count = 0;
    std::string tenth;
  };
  Level levels_[3];
};

/// All findings, the worst first.
std::string Annotations(std::vector<Finding> findings);

/// `markdown` in at most `bytes` bytes: cut at the end of a line, an open block
/// of code closed, with a last line that says so.
std::string LimitMarkdown(const std::string& markdown,
                          std::size_t bytes = kSummaryBytes);

}  // namespace eyechart::reports
