// Everything odd in a detection set: `detect check`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/progress.h"
#include "data/boxes/box_dataset.h"
#include "data/boxes/box_statistics.h"

namespace eyechart::data {

struct BoxCheckOptions {
  BoxOptions data;
  /// Parts to look at; empty: all there are, but for VOC's trainval
  /// beside train.
  std::vector<std::string> splits;
  /// Also opens the pictures: sizes in their headers, equal files. Off, a set
  /// is checked from its lists alone.
  bool open_pictures = true;
};

/// One kind of oddity in one part; the kinds are in box_findings.h.
struct BoxFinding {
  std::string split;
  BoxWarning warning;
};

struct BoxReport {
  std::string name;
  std::string kind;
  std::string root;
  std::vector<BoxCategory> categories;  // of the first part
  std::vector<BoxStatistics> splits;
  std::vector<BoxFinding> findings;  // by part, then in the order of the kinds
};

/// Reads the parts of the set at `root` and lists what is odd. That none of the
/// pictures is on disk, or none of the rows can be used, is a finding here, no
/// error. Throws InputError as OpenBoxDataset does where a part cannot be read.
BoxReport CheckBoxes(const std::filesystem::path& root,
                     const BoxCheckOptions& options = {},
                     Progress& progress = Progress::None());

/// `name`, `kind`, `root`, `categories`, `splits` and `findings`; boxes and
/// pictures a category in the categories' order.
Json ToJson(const BoxReport& report);

}  // namespace eyechart::data
