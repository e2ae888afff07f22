#include "mining/count_scale.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace eyechart::mining {
namespace {

constexpr double kFaintest = 0.12;  // still to be seen on white and on black
constexpr double kFineBelow = 1e5;  // more than ten steps nobody tells apart

}  // namespace

CountScale::CountScale(const std::vector<double>& counts) {
  double most = 0;
  for (const double count : counts) most = std::max(most, count);
  if (!(most > 0)) return;
  EYECHART_CHECK(std::isfinite(most), "a count is {}", most);
  fine_ = most < kFineBelow;
  from_.push_back(1);
  for (int decade = 0;; ++decade) {
    const double next = std::pow(10, decade);
    if (fine_ && 3 * next <= most) from_.push_back(3 * next);
    if (10 * next > most) return;
    from_.push_back(10 * next);
  }
}

int CountScale::LevelOf(double count) const {
  if (!(count > 0)) return -1;
  const auto above = std::upper_bound(from_.begin(), from_.end(), count);
  return std::max(0, static_cast<int>(above - from_.begin()) - 1);
}

double CountScale::Opacity(int level) const {
  if (levels() == 1) return 0.6;
  return kFaintest + (1 - kFaintest) * level / (levels() - 1);
}

std::string CountScale::Name(int level) const {
  const double from = from_[static_cast<std::size_t>(level)];
  if (from < 1000) return fmt::format("{:.0f}", from);
  if (fine_ || from < 1e4)
    return fmt::format("{:.0f},{:03.0f}", std::floor(from / 1000),
                       std::fmod(from, 1000));
  constexpr const char* kRaised[] = {"⁰", "¹", "²", "³", "⁴",
                                     "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string name = "10";
  for (const char digit : std::to_string(std::lround(std::log10(from))))
    name += kRaised[digit - '0'];
  return name;
}

}  // namespace eyechart::mining
