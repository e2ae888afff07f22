// core/statistics on cases of the parity tests:
//   statistics_probe CASES.json
//     CASES is a list of [name, arguments...]; prints the list of results:
//     ["wilson", k, n, level] -> [low, high]
//     ["mcnemar", b, c, mid_p] -> p
//     ["student", p, df] -> [quantile, cdf of it]
//     ["paired", both, only_first, only_second, neither, level] -> [low, high]
#include <cstdio>
#include <exception>

#include "core/error.h"
#include "core/json.h"
#include "core/statistics.h"
#include "core/student.h"

namespace eyechart {
namespace {

Json ResultOf(const Json& row) {
  const auto name = row.at(0).get<std::string>();
  if (name == "wilson") {
    const Interval ci =
        WilsonInterval(row.at(1).get<std::int64_t>(),
                       row.at(2).get<std::int64_t>(), row.at(3).get<double>());
    return {ci.low, ci.high};
  }
  if (name == "paired") {
    const auto count = [&row](std::size_t i) {
      return row.at(i).get<std::int64_t>();
    };
    const Interval ci = PairedDifferenceInterval(
        count(1), count(2), count(3), count(4), row.at(5).get<double>());
    return {ci.low, ci.high};
  }
  if (name == "student") {
    const double df = row.at(2).get<double>();
    const double t = StudentQuantile(row.at(1).get<double>(), df);
    return {t, StudentCdf(t, df)};
  }
  EYECHART_REQUIRE(name == "mcnemar", "case \"{}\" is not known", name);
  return McNemarExactP(row.at(1).get<std::int64_t>(),
                       row.at(2).get<std::int64_t>(), row.at(3).get<bool>());
}

}  // namespace
}  // namespace eyechart

int main(int argc, char** argv) {
  try {
    eyechart::Json results = eyechart::Json::array();
    if (argc == 2)
      for (const auto& row : eyechart::ReadJsonFile(argv[1]))
        results.push_back(eyechart::ResultOf(row));
    std::puts(results.dump().c_str());
    return argc == 2 ? 0 : 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "statistics_probe: %s\n", error.what());
    return 1;
  }
}
