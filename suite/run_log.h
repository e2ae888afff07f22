// The files of a run folder: the suite as given, the environment, the records.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/record.h"

namespace eyechart::suite {

/// An open run folder. Records are appended and flushed a row at a time.
class RunLog {
 public:
  /// Opens or starts the run in `folder`. Throws InputError if the folder holds
  /// a run of another suite; with `fresh` that run's files are removed first.
  /// `command` stands in environment.json, for whoever wants to repeat the run.
  RunLog(const std::filesystem::path& folder,
         const std::string& suite_text,
         const Json& environment,
         const std::string& environment_hash,
         const std::string& command,
         bool fresh);

  /// Records of a former run by cell, errors left out: they are tried again.
  const std::map<std::string, std::vector<Record>>& done() const {
    return done_;
  }
  const std::string& run() const { return run_; }
  std::filesystem::path Artifacts(const std::string& cell) const;
  std::filesystem::path Outcomes(const std::string& cell) const;
  std::filesystem::path FeaturesFolder() const;

  /// Appends a cell's records in one write, so that a killed run leaves all or
  /// none of them.
  void Append(const std::vector<Record>& records);

 private:
  void Start(const std::string& suite_text, bool fresh);
  void ReadDone();

  std::filesystem::path folder_;
  std::string run_;
  std::map<std::string, std::vector<Record>> done_;
};

}  // namespace eyechart::suite
