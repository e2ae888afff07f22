// The seam of task kinds: what a [[task]] may say and what it does. To add a
// kind: one new file and one row in task.cc.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/progress.h"
#include "core/record.h"
#include "suite/feature_cache.h"
#include "suite/suite_spec.h"

namespace eyechart::suite {

/// One key that a task kind understands besides kind, dataset and encoder.
struct TaskKey {
  enum class Type { kText, kNumber, kBoolean };
  std::string_view name;
  Type type = Type::kNumber;
  std::string_view fallback;  // default as text; empty: none
  bool required = false;
  std::string_view what;  // for `eyechart list tasks` and errors
};

/// One thing to measure: a task with its encoders and data set.
struct Cell {
  std::string id;  // encoder/task/dataset/setting
  std::string encoder;
  const TaskSpec* task = nullptr;
  const DatasetSpec* dataset = nullptr;
  const DatasetSpec* train = nullptr;  // what a read-out is trained on, if any
  std::vector<const EncoderSpec*> encoders;  // near and far for mine
  std::map<std::string, std::string> setting;
  /// Of a task that takes a trained head, by its key: the detect cell that made
  /// it (detector_cell.h).
  std::map<std::string, std::string> heads;
  /// Of a task that trains: cells of the same text may share one training
  /// (shared_trainings.h). Empty: the cell's own.
  std::string training;
};

/// What a task runs in.
struct TaskContext {
  FeatureCache& features;
  std::filesystem::path artifacts;  // the cell's own folder, not yet made
  std::filesystem::path outcomes;   // the cell's CSV, its folder not yet made
  Progress& progress;
  /// Where the cell's training is shared with others; empty: it is not.
  std::filesystem::path training = {};
};

struct TaskKind {
  std::string_view name;
  std::string_view what;
  bool takes_encoders = true;  // knows the key `encoder`; one cell each
  std::span<const TaskKey> keys;
  /// The cells of one task. Throws InputError for names that the suite lacks.
  std::vector<Cell> (*plan)(const SuiteSpec&, const TaskSpec&);
  /// Runs a cell and returns its records, the first with the cell's weights.
  /// The caller fills in run, environment and times, the cell where it is
  /// empty, and the cell's setting beside what is there. Throws for what fails.
  std::vector<Record> (*run)(const Cell&, TaskContext&);
  bool takes_exported = false;  // makes do with a detector's boxes
  bool takes_programs = false;  // and with what a command does (EncoderSpec)
};

std::span<const TaskKind> TaskKinds();
/// Throws InputError naming `where`, with the nearest kind.
const TaskKind& FindTaskKind(std::string_view name, const std::string& where);

/// The grid points of the encoder called `name`, or of all for "", without
/// exported detectors and other programs where the task's kind takes none.
/// Throws InputError with the nearest name, and for one named in such a task.
std::vector<const EncoderSpec*> EncodersNamed(const SuiteSpec& suite,
                                              const TaskSpec& task,
                                              const std::string& name);
/// The data sets of a task. Throws InputError with the nearest name.
std::vector<const DatasetSpec*> DatasetsOf(const SuiteSpec& suite,
                                           const TaskSpec& task);

/// A cell for each of the task's data sets and encoders, all encoders where it
/// names none. Throws InputError for names that the suite lacks.
std::vector<Cell> CellOfEach(const SuiteSpec& suite, const TaskSpec& task);

/// The id of the cell that a pattern's records stand in: `cell`'s own with the
/// setting `pattern`.
std::string PatternCell(const Cell& cell, std::string pattern);

/// The task's `batch`. Throws InputError unless it is an integer of at least 1.
int BatchOf(const TaskSpec& task);

/// The kinds; each in its own file.
extern const TaskKind kAskTask;
extern const TaskKind kBenchTask;
extern const TaskKind kChartTask;
extern const TaskKind kDetectTask;
extern const TaskKind kEncodeTask;
extern const TaskKind kMineTask;
extern const TaskKind kNmsSweepTask;
extern const TaskKind kProbeTask;

}  // namespace eyechart::suite
