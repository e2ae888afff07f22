// How library code tells that it is getting on, without printing.
#pragma once

#include <cstdint>
#include <string>

namespace eyechart {

/// Receives progress; the default does nothing. Calls may come from one thread
/// at a time only.
class Progress {
 public:
  virtual ~Progress();
  /// A new stage of `total` steps (0: unknown) begins.
  virtual void Begin(const std::string& stage, std::int64_t total);
  /// `done` steps of the stage are done.
  virtual void Update(std::int64_t done);
  /// The stage is over.
  virtual void End();
  /// Something the user should read, once, after or between stages.
  virtual void Warn(const std::string& message);

  /// What is going to be done and why, for people; no cause for concern.
  virtual void Note(const std::string& message);

  /// One that ignores everything.
  static Progress& None();
};

}  // namespace eyechart
