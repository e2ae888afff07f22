// Ids as they stand in a file, before it is known what they point at.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace eyechart::detection {

/// A number, or kTextBase + n for the n-th distinct text of an IdTexts.
using RawId = std::int64_t;
inline constexpr RawId kTextBase = std::numeric_limits<std::int64_t>::min();
/// Numbers from here down are refused, as texts have them.
inline constexpr RawId kLeastNumber = kTextBase / 2;

inline bool IsText(RawId id) { return id < kLeastNumber; }

class IdTexts {
 public:
  RawId Intern(std::string_view text) {
    const auto [it, fresh] = index_.emplace(
        std::string(text), static_cast<std::int64_t>(texts_.size()));
    if (fresh) texts_.push_back(it->first);
    return kTextBase + it->second;
  }
  const std::string& Text(RawId id) const {
    return texts_[static_cast<std::size_t>(id - kTextBase)];
  }
  std::string Name(RawId id) const {
    return IsText(id) ? "\"" + Text(id) + "\"" : std::to_string(id);
  }

 private:
  std::unordered_map<std::string, std::int64_t> index_;
  std::vector<std::string> texts_;
};

}  // namespace eyechart::detection
