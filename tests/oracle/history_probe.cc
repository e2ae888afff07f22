// The history's change points on cases of the parity tests:
//   history_probe CASES.json
//     CASES is a list of [name, arguments...]; prints the list of results:
//     ["splits", [values]] -> [Q of every split]
//     ["changes", [values], alpha, draws, most_extreme, min_segment, seed] ->
//       {"first_p", "points": [[index, before, after, p]...]}
#include <cstdio>
#include <exception>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "reports/history/change_points.h"

namespace eyechart::reports {
namespace {

Json ResultOf(const Json& row) {
  const auto name = row.at(0).get<std::string>();
  const auto values = row.at(1).get<std::vector<double>>();
  if (name == "splits") return SplitStatistics(values);
  EYECHART_REQUIRE(name == "changes", "case \"{}\" is not known", name);
  ChangePointOptions options;
  options.alpha = row.at(2).get<double>();
  options.draws = row.at(3).get<int>();
  options.most_extreme = row.at(4).get<int>();
  options.min_segment = row.at(5).get<std::size_t>();
  options.seed = row.at(6).get<std::uint64_t>();
  const ChangePoints found = FindChangePoints(values, options);
  Json points = Json::array();
  for (const ChangePoint& point : found.points)
    points.push_back({point.index, point.before, point.after, point.p});
  return {{"first_p", found.first_p}, {"points", points}};
}

}  // namespace
}  // namespace eyechart::reports

int main(int argc, char** argv) {
  try {
    eyechart::Json results = eyechart::Json::array();
    if (argc == 2)
      for (const auto& row : eyechart::ReadJsonFile(argv[1]))
        results.push_back(eyechart::reports::ResultOf(row));
    std::puts(results.dump().c_str());
    return argc == 2 ? 0 : 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "history_probe: %s\n", error.what());
    return 1;
  }
}
