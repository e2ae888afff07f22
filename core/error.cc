#include "core/error.h"

namespace eyechart {

Interrupted::Interrupted(int signal)
    : std::runtime_error(fmt::format("interrupted by signal {}", signal)),
      signal_(signal) {}

namespace internal {

void CheckFailed(const char* expression,
                 const char* file,
                 int line,
                 const std::string& message) {
  throw std::logic_error(fmt::format("{}:{}: internal check failed: {}: {}",
                                     file, line, expression, message));
}

}  // namespace internal
}  // namespace eyechart
