#include "core/progress.h"

namespace eyechart {

Progress::~Progress() = default;
void Progress::Begin(const std::string&, std::int64_t) {}
void Progress::Update(std::int64_t) {}
void Progress::End() {}
void Progress::Warn(const std::string&) {}
void Progress::Note(const std::string&) {}

Progress& Progress::None() {
  static Progress none;
  return none;
}

}  // namespace eyechart
