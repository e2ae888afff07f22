#include "cli/ask_output.h"

#include <algorithm>
#include <string>
#include <utility>

#include "cli/terminal.h"
#include "core/error.h"

namespace eyechart::cli {
namespace {

std::string Text(const Json& value) { return value.get<std::string>(); }

// "0.193  26/135  [0.135, 0.267]"; the interval only where it is of this score.
std::string Share(const Json& row,
                  const char* score,
                  const char* part,
                  const char* whole) {
  std::string line = fmt::format("{:.3f}  {}/{}", row[score].get<double>(),
                                 row[part].get<std::int64_t>(),
                                 row[whole].get<std::int64_t>());
  const bool pairs = row["pairs"].get<std::int64_t>() > 0;
  if (pairs == (std::string(whole) == "pairs"))
    line +=
        fmt::format("  95% [{:.3f}, {:.3f}]", row["ci"]["low"].get<double>(),
                    row["ci"]["high"].get<double>());
  return line;
}

void PrintAskScores(const Json& json) {
  if (!json["pair_accuracy"].is_null())
    PrintLine("pair accuracy      " +
              Share(json, "pair_accuracy", "correct_pairs", "pairs"));
  if (!json["item_accuracy"].is_null())
    PrintLine("item accuracy      " +
              Share(json, "item_accuracy", "correct_items", "items"));
  if (!json["chance"].is_null())
    PrintLine(fmt::format("chance             {:.3f}  of {}",
                          json["chance"].get<double>(),
                          json["pair_accuracy"].is_null() ? "items" : "pairs"));
  for (const auto& [key, name] :
       {std::pair{"text_score", "text score"},
        std::pair{"group_score", "group score"},
        std::pair{"diagonal_accuracy", "diagonal accuracy"}})
    if (json.contains(key))
      PrintLine(fmt::format("{:<17}  {:.3f}", name, json[key].get<double>()));
  for (const char* key : {"pair_cosine", "pair_cosine_rank"})
    if (json.contains(key) && !json[key]["mean"].is_null())
      PrintLine(fmt::format("{:<17}  {:.3f}  95% [{:.3f}, {:.3f}]", key,
                            json[key]["mean"].get<double>(),
                            json[key]["ci"]["low"].get<double>(),
                            json[key]["ci"]["high"].get<double>()));
  if (json.contains("reading")) {
    const Json& reading = json["reading"];
    const std::string error =
        reading["median_error"].is_null()
            ? "not known"
            : fmt::format("{:.3g} {}", reading["median_error"].get<double>(),
                          Text(reading["unit"]));
    PrintLine(fmt::format(
        "reading            {} numbers, median error {}, {} "
        "within tolerance",
        reading["read"].get<int>(), error, reading["within"].get<int>()));
  }
  for (const char* key :
       {"abstained", "unanswered", "unreadable", "ties", "not_finite"})
    if (json[key].get<std::int64_t>() > 0)
      PrintLine(fmt::format("{:<17}  {}", key, json[key].get<std::int64_t>()));
}

// Rows of a group: patterns, or a pattern's steps.
void PrintRows(const Json& rows) {
  std::size_t width = 0;
  const auto name = [](const Json& row) {
    if (row.contains("name")) return Text(row["name"]);
    return Text(row["pattern"]) + " " + Text(row["step"]) + " (" +
           Text(row["difficulty"]) + ")";
  };
  for (const Json& row : rows) width = std::max(width, name(row).size());
  for (const Json& row : rows) {
    if (row["ci"].is_null()) continue;
    const bool pairs = row["pairs"].get<std::int64_t>() > 0;
    PrintLine(fmt::format(
        "  {:<{}}  {}", name(row), width,
        pairs ? Share(row, "pair_accuracy", "correct_pairs", "pairs")
              : Share(row, "item_accuracy", "correct_items", "items")));
  }
}

}  // namespace

void PrintAsk(const Json& json) {
  PrintLine(fmt::format("{} ({}): {} items, {} pairs; labels {}, scoring {}",
                        Text(json["name"]), Text(json["benchmark"]),
                        json["items"].get<std::int64_t>(),
                        json["pairs"].get<std::int64_t>(), Text(json["labels"]),
                        Text(json["scoring"])));
  PrintAskScores(json);
  PrintRows(json["patterns"]);
  if (json.contains("steps")) PrintRows(json["steps"]);
  if (!json.contains("comparison")) return;
  for (const Json& row : json["comparison"])
    PrintLine(fmt::format(
        "compared by {}: {} against {} of {}; {} and {} right alone, p = "
        "{:.4g} "
        "({})",
        Text(row["unit"]), row["first_correct"].get<std::int64_t>(),
        row["second_correct"].get<std::int64_t>(), row["n"].get<std::int64_t>(),
        row["only_first"].get<std::int64_t>(),
        row["only_second"].get<std::int64_t>(), row["p"].get<double>(),
        Text(row["method"])));
}

}  // namespace eyechart::cli
