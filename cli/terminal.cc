#include "cli/terminal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace eyechart::cli {
namespace {

std::string Duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds);
  if (whole < 60) return fmt::format("{:.1f} s", seconds);
  if (whole < 3600) return fmt::format("{}:{:02d} min", whole / 60, whole % 60);
  return fmt::format("{}:{:02d} h", whole / 3600, whole / 60 % 60);
}

}  // namespace

TerminalProgress::TerminalProgress() : terminal_(isatty(STDERR_FILENO) == 1) {}

void TerminalProgress::Begin(const std::string& stage, std::int64_t total) {
  stage_ = stage;
  total_ = total;
  done_ = 0;
  start_ = last_shown_ = Clock::now();
  if (terminal_) std::fprintf(stderr, "\r\033[K%s", Line(start_).c_str());
}

std::string TerminalProgress::Line(Clock::time_point now) const {
  const double seconds = std::chrono::duration<double>(now - start_).count();
  if (total_ <= 0)
    return fmt::format("{}: {} in {}", stage_, done_, Duration(seconds));
  const double share = static_cast<double>(done_) / static_cast<double>(total_);
  std::string line = fmt::format("{}: {} of {}", stage_, WithSeparators(done_),
                                 WithSeparators(total_));
  if (terminal_) {
    constexpr int kWidth = 24;
    const int full = static_cast<int>(share * kWidth);
    line = fmt::format("{} [{}{}] {:3.0f} %", stage_, std::string(full, '#'),
                       std::string(kWidth - full, '.'), 100 * share);
  }
  if (done_ > 0 && done_ < total_)
    line += fmt::format(", {} left", Duration(seconds / share - seconds));
  else
    line += fmt::format(", {}", Duration(seconds));
  return line;
}

void TerminalProgress::Update(std::int64_t done) {
  done_ = done;
  const Clock::time_point now = Clock::now();
  const auto pause = terminal_ ? std::chrono::milliseconds(100)
                               : std::chrono::milliseconds(30'000);
  if (now - last_shown_ < pause) return;
  last_shown_ = now;
  std::fprintf(stderr, terminal_ ? "\r\033[K%s" : "%s\n", Line(now).c_str());
}

void TerminalProgress::End() {
  if (total_ > 0) done_ = total_;
  std::fprintf(stderr, terminal_ ? "\r\033[K%s\n" : "%s\n",
               Line(Clock::now()).c_str());
}

void TerminalProgress::Warn(const std::string& message) {
  if (terminal_) std::fprintf(stderr, "\r\033[K");
  PrintWarning(message);
}

void TerminalProgress::Note(const std::string& message) {
  std::fprintf(stderr, terminal_ ? "\r\033[K%s\n" : "%s\n", message.c_str());
}

void PrintJson(const Json& json) {
  PrintLine(json.dump(1, ' ', false, Json::error_handler_t::replace));
}

void PrintLine(const std::string& line) {
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
}

void PrintWarning(const std::string& message) {
  std::fprintf(stderr, "eyechart: warning: %s\n", message.c_str());
}

}  // namespace eyechart::cli
