// What a suite file says: TOML read, checked and named.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "encoders/loaded_model.h"

namespace eyechart::suite {

/// One point of an [[encoder]]'s grid.
struct EncoderSpec {
  std::string name;  // as in cells
  encoders::ModelSpec model;
  bool exported_detector = false;  // gives boxes, no features
  /// Another program instead of a model, "prog {image}"; of `model` only the
  /// device is looked at then, whose GPU is watched.
  std::string command;
  std::map<std::string, std::string> setting;  // what differs from defaults
};

struct DatasetSpec {
  std::string name;
  data::DatasetOptions options;  // paths are absolute or relative to the caller
  std::int64_t limit = 0;        // first pictures only; 0: all
  std::vector<std::string> label_names;  // of labels 0, 1, ...; empty: as is
};

/// One point of a [[task]]'s grid: its keys as text, checked by the task kind.
struct TaskSpec {
  std::string kind;
  std::filesystem::path file;                  // the suite's, for errors
  int line = 0;                                // in it
  std::vector<std::string> encoders;           // names; empty: every encoder
  std::vector<std::string> datasets;           // names; empty: every data set
  std::map<std::string, std::string> keys;     // values of the kind's own keys
  std::map<std::string, std::string> setting;  // what differs from defaults
};

struct SuiteSpec {
  std::filesystem::path file;
  std::string text;  // the file's bytes
  std::string name;
  std::int64_t seed = 0;
  std::string out;  // folder for the run; empty: given by --out
  std::vector<EncoderSpec> encoders;
  std::vector<DatasetSpec> datasets;
  std::vector<TaskSpec> tasks;
};

/// Reads `file`. Throws InputError naming file, line and what would be right:
/// bad TOML, an unknown key (with the nearest known one), a value of another
/// type, a name that is missing, repeated or not made of letters, digits, '.',
/// '_', '-'.
SuiteSpec ReadSuite(const std::filesystem::path& file);

/// `key=value` pairs by key, joined by commas; "default" when empty.
std::string SettingText(const std::map<std::string, std::string>& setting);

}  // namespace eyechart::suite
