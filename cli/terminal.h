// What people see: progress on stderr, results on stdout.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "core/json.h"
#include "core/progress.h"
#include "core/separators.h"

namespace eyechart::cli {

/// A bar that is redrawn where stderr is a terminal; elsewhere a line at the
/// end of a stage and every 30 s. Warnings are lines of their own.
class TerminalProgress final : public Progress {
 public:
  TerminalProgress();
  void Begin(const std::string& stage, std::int64_t total) override;
  void Update(std::int64_t done) override;
  void End() override;
  void Warn(const std::string& message) override;
  void Note(const std::string& message) override;

 private:
  using Clock = std::chrono::steady_clock;
  std::string Line(Clock::time_point now) const;

  bool terminal_ = false;
  std::string stage_;
  std::int64_t total_ = 0;
  std::int64_t done_ = 0;
  Clock::time_point start_;
  Clock::time_point last_shown_;
};

/// The one JSON object of `--json`, on stdout with a line feed.
void PrintJson(const Json& json);
/// A line on stdout.
void PrintLine(const std::string& line);
/// "eyechart: warning: ..." on stderr.
void PrintWarning(const std::string& message);

}  // namespace eyechart::cli
