#include "encoders/key_map.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "core/error.h"

namespace eyechart::encoders {
namespace {

// `pattern` with its stars replaced in order.
std::string FillStars(std::string_view pattern,
                      const std::vector<std::string_view>& stars) {
  std::string filled;
  std::size_t next = 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '*') {
      filled += pattern[i];
      continue;
    }
    if (i + 1 < pattern.size() && pattern[i + 1] == '*') ++i;
    EYECHART_CHECK(next < stars.size(), "more stars in {}", pattern);
    filled += stars[next++];
  }
  return filled;
}

// "a{b,c}d" -> "abd", "acd".
std::vector<std::string> ExpandBraces(const std::string& name) {
  const std::size_t open = name.find('{');
  const std::size_t close = name.find('}');
  EYECHART_CHECK(open != name.npos && close != name.npos, "no list in {}",
                 name);
  std::vector<std::string> names;
  for (std::size_t begin = open + 1; begin <= close;) {
    const std::size_t end = std::min(name.find(',', begin), close);
    names.push_back(name.substr(0, open) + name.substr(begin, end - begin) +
                    name.substr(close + 1));
    begin = end + 1;
  }
  return names;
}

StoredTensor Transposed(const StoredTensor& tensor, const std::string& what) {
  EYECHART_REQUIRE(tensor.shape.size() == 2,
                   "{} has shape [{}]; it should be a matrix", what,
                   fmt::join(tensor.shape, ", "));
  StoredTensor turned = tensor;
  std::swap(turned.shape[0], turned.shape[1]);
  if (turned.view.defined()) turned.view = turned.view.t();
  return turned;
}

StoredTensor Squeezed(const StoredTensor& tensor, const std::string& what) {
  EYECHART_REQUIRE(!tensor.shape.empty() && tensor.shape.front() == 1,
                   "{} has shape [{}]; its first extent should be 1", what,
                   fmt::join(tensor.shape, ", "));
  StoredTensor squeezed = tensor;
  squeezed.shape.erase(squeezed.shape.begin());
  if (squeezed.view.defined()) squeezed.view = squeezed.view.squeeze(0);
  return squeezed;
}

std::vector<MappedTensor> Split(const std::vector<std::string>& names,
                                const StoredTensor& tensor,
                                const std::string& what) {
  const auto parts = static_cast<std::int64_t>(names.size());
  EYECHART_REQUIRE(
      !tensor.shape.empty() && tensor.shape.front() % parts == 0,
      "{} has shape [{}]; its first extent should be a multiple of {}", what,
      fmt::join(tensor.shape, ", "), parts);
  const std::int64_t rows = tensor.shape.front() / parts;
  std::vector<MappedTensor> mapped;
  for (std::int64_t i = 0; i < parts; ++i) {
    StoredTensor part = tensor;
    part.shape.front() = rows;
    if (part.view.defined()) part.view = part.view.narrow(0, i * rows, rows);
    mapped.push_back({names[static_cast<std::size_t>(i)], std::move(part)});
  }
  return mapped;
}

}  // namespace

bool MatchesKey(std::string_view name,
                std::string_view pattern,
                std::vector<std::string_view>* stars) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '*') {
      if (at >= name.size() || name[at] != pattern[i]) return false;
      ++at;
      continue;
    }
    const bool rest = i + 1 < pattern.size() && pattern[i + 1] == '*';
    const std::size_t begin = at;
    if (rest) {
      EYECHART_CHECK(i + 2 == pattern.size(), "** ends a pattern: {}", pattern);
      ++i;
      at = name.size();
    } else {
      while (at < name.size() &&
             std::isdigit(static_cast<unsigned char>(name[at])))
        ++at;
      if (at == begin) return false;
    }
    if (stars != nullptr) stars->push_back(name.substr(begin, at - begin));
  }
  return at == name.size();
}

std::vector<MappedTensor> MapKey(const KeyLayout& layout,
                                 const std::string& name,
                                 const StoredTensor& tensor,
                                 const std::string& source) {
  for (const KeyRule& rule : layout.rules) {
    std::vector<std::string_view> stars;
    if (!MatchesKey(name, rule.from, &stars)) continue;
    if (rule.action == KeyAction::kIgnore) return {};
    const std::string native = FillStars(rule.to, stars);
    const std::string what = fmt::format("{}: tensor {}", source, name);
    switch (rule.action) {
      case KeyAction::kTranspose:
        return {{native, Transposed(tensor, what)}};
      case KeyAction::kSqueeze:
        return {{native, Squeezed(tensor, what)}};
      case KeyAction::kSplit:
        return Split(ExpandBraces(native), tensor, what);
      default:
        return {{native, tensor}};
    }
  }
  return {{name, tensor}};
}

}  // namespace eyechart::encoders
