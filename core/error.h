// Errors, and the checks that raise them.
//
// Two kinds, told apart by whose fault it is. `InputError` is the caller's: a
// file, an option or data that cannot be used; its text names the file, the
// place, the value and what would be right, and the command line ends with
// exit code 2. A failed EYECHART_CHECK is ours: a broken invariant.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>

namespace eyechart {

/// The user's mistake or bad data: exit code 2 at the command line.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// SIGINT or SIGTERM was seen at a safe point: exit code 128 + signal.
class Interrupted : public std::runtime_error {
 public:
  explicit Interrupted(int signal);
  int signal() const { return signal_; }

 private:
  int signal_;
};

/// Throws InputError with a fmt-formatted text.
template <typename... Args>
[[noreturn]] void ThrowInput(fmt::format_string<Args...> format,
                             Args&&... args) {
  throw InputError(fmt::format(format, std::forward<Args>(args)...));
}

namespace internal {
[[noreturn]] void CheckFailed(const char* expression,
                              const char* file,
                              int line,
                              const std::string& message);
}  // namespace internal

}  // namespace eyechart

/// Throws InputError with the formatted text unless `condition` holds.
#define EYECHART_REQUIRE(condition, ...)                   \
  do {                                                     \
    if (!(condition)) ::eyechart::ThrowInput(__VA_ARGS__); \
  } while (false)

/// Throws std::logic_error with expression, file and line unless `condition`
/// holds: for what only a defect of eyechart itself can break.
#define EYECHART_CHECK(condition, ...)                                  \
  do {                                                                  \
    if (!(condition))                                                   \
      ::eyechart::internal::CheckFailed(#condition, __FILE__, __LINE__, \
                                        ::fmt::format(__VA_ARGS__));    \
  } while (false)
