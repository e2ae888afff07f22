#include "data/boxes/split_names.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/text.h"

namespace eyechart::data::internal {
namespace {

// A row is one part by its names; the rows' order is the parts'.
constexpr std::array<std::array<std::string_view, 3>, 3> kNames = {{
    {"train", "training", ""},
    {"valid", "val", "validation"},
    {"test", "testing", ""},
}};

// "val2017" as "val".
std::string_view WithoutYear(std::string_view name) {
  const std::size_t end = name.find_last_not_of("0123456789");
  return end == name.npos ? name : name.substr(0, end + 1);
}

// "2017" of "val2017".
std::string_view YearOf(std::string_view name) {
  return name.substr(WithoutYear(name).size());
}

std::size_t SplitRowOf(std::string_view name) {
  for (std::size_t row = 0; row < kNames.size(); ++row)
    if (!name.empty() && std::find(kNames[row].begin(), kNames[row].end(),
                                   name) != kNames[row].end())
      return row;
  return kNames.size();
}

// How near: 3 the very name, 2 a name of the same part, 1 with a year behind.
int Match(const std::string& there, const std::string& asked) {
  if (there == asked) return 3;
  const std::size_t row = SplitRowOf(asked);
  if (row < kNames.size() && SplitRowOf(there) == row) return 2;
  const std::string_view plain = WithoutYear(there);
  if (plain == asked || (row < kNames.size() && SplitRowOf(plain) == row))
    return 1;
  return 0;
}

std::string Listed(const std::vector<std::string>& splits) {
  return fmt::format("{}", fmt::join(InOrder(splits), ", "));
}

}  // namespace

std::vector<std::string> InOrder(std::vector<std::string> splits) {
  std::sort(splits.begin(), splits.end(),
            [](const std::string& a, const std::string& b) {
              return std::pair(SplitRowOf(WithoutYear(a)), a) <
                     std::pair(SplitRowOf(WithoutYear(b)), b);
            });
  return splits;
}

std::vector<std::string> MatchingSplits(const std::vector<std::string>& splits,
                                        const std::string& asked,
                                        const std::string& beside) {
  std::vector<std::string> found;
  for (const int wanted : {3, 2, 1}) {
    for (const std::string& split : splits)
      if (Match(split, asked) == wanted) found.push_back(split);
    if (!found.empty()) break;
  }
  const std::string_view year = YearOf(beside);
  if (found.size() < 2 || year.empty()) return found;
  std::vector<std::string> of_year;
  for (const std::string& split : found)
    if (YearOf(split) == year) of_year.push_back(split);
  return of_year.empty() ? found : of_year;
}

std::string MatchSplit(const std::vector<std::string>& splits,
                       const std::string& asked,
                       const std::string& source) {
  EYECHART_CHECK(!splits.empty(), "{}: a set of no parts", source);
  if (splits.size() == 1 && splits.front().empty()) {
    EYECHART_REQUIRE(asked.empty(),
                     "{}: split \"{}\": the set is one part; ask for none",
                     source, asked);
    return "";
  }
  if (asked.empty()) {
    EYECHART_REQUIRE(splits.size() == 1,
                     "{}: which part? There are {}; name one (split)", source,
                     Listed(splits));
    return splits.front();
  }
  const std::vector<std::string> found = MatchingSplits(splits, asked);
  EYECHART_REQUIRE(found.size() < 2,
                   "{}: split \"{}\" may be any of {}; name one", source, asked,
                   Listed(found));
  if (!found.empty()) return found.front();
  ThrowInput("{}: no split \"{}\"{}; there are {}", source, asked,
             DidYouMean(asked, splits), Listed(splits));
}

bool IsPartName(const std::string& name) {
  return SplitRowOf(WithoutYear(name)) < kNames.size();
}

const std::vector<std::string>& UsualSplits() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& row : kNames)
      for (const std::string_view name : row)
        if (!name.empty()) all.emplace_back(name);
    return all;
  }();
  return names;
}

}  // namespace eyechart::data::internal
