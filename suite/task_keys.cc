#include "suite/task_keys.h"

#include <optional>

#include "core/error.h"
#include "core/text.h"

namespace eyechart::suite {

std::string WhereOf(const TaskSpec& task) {
  return fmt::format("{}:{}: [[task]]", task.file.string(), task.line);
}

double NumberOf(const TaskSpec& task, const char* key) {
  const std::optional<double> value = ParseDouble(task.keys.at(key));
  EYECHART_CHECK(value.has_value(), "{} is no number", key);
  return *value;
}

std::int64_t WholeOf(const TaskSpec& task, const char* key) {
  const std::optional<std::int64_t> value = ParseInt(task.keys.at(key));
  EYECHART_REQUIRE(value && *value >= 0 && *value < std::int64_t{1} << 31,
                   "{}: {} {}: should be an integer of at least 0",
                   WhereOf(task), key, task.keys.at(key));
  return *value;
}

std::string TextOf(const TaskSpec& task, const char* key) {
  const auto found = task.keys.find(key);
  return found == task.keys.end() ? std::string() : found->second;
}

}  // namespace eyechart::suite
