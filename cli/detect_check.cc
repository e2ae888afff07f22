#include <algorithm>
#include <memory>
#include <utility>

#include "cli/detect_commands.h"
#include "cli/terminal.h"
#include "core/error.h"
#include "data/boxes/box_check.h"
#include "data/boxes/box_findings.h"

namespace eyechart::cli {
namespace {

struct CheckOptions {
  std::string root;
  BoxFlags boxes;
  std::vector<std::string> old_splits;  // of --split
  std::string old_kind;                 // of --kind
  bool lists_only = false;
  bool strict = false;  // what is odd gives an exit code
  bool json = false;
  data::BoxCheckOptions check;
};

// With --strict, where something odd was found.
constexpr int kExitOdd = 1;

std::string ShownSplit(const std::string& split) {
  return split.empty() ? "(all)" : split;
}

// One row a part.
void PrintParts(const data::BoxReport& report) {
  PrintLine(fmt::format("{:<12} {:>9} {:>8} {:>9} {:>7} {:>9} {:>9} {:>9}  {}",
                        "part", "images", "empty", "boxes", "crowds", "small",
                        "medium", "large", "boxes a picture"));
  for (const data::BoxStatistics& s : report.splits) {
    const auto& q = s.boxes_an_image;
    PrintLine(fmt::format(
        "{:<12} {:>9} {:>8} {:>9} {:>7} {:>9} {:>9} {:>9}  {} | {} {} {} | {}",
        ShownSplit(s.split), WithSeparators(s.images),
        WithSeparators(s.images_without_boxes), WithSeparators(s.boxes),
        WithSeparators(s.crowds), WithSeparators(s.small),
        WithSeparators(s.medium), WithSeparators(s.large), q[0], q[1], q[2],
        q[3], q[4]));
  }
}

// Boxes a category, a column a part; parts with other categories are left out,
// as a finding says.
void PrintCategories(const data::BoxReport& report) {
  std::size_t width = 8;
  for (const data::BoxCategory& category : report.categories)
    width = std::max(width, category.name.size());
  const auto fits = [&report](const data::BoxStatistics& s) {
    return s.boxes_of_category.size() == report.categories.size();
  };
  std::string heading = fmt::format("{:>6}  {:<{}}", "id", "category", width);
  for (const data::BoxStatistics& s : report.splits)
    if (fits(s)) heading += fmt::format(" {:>12}", ShownSplit(s.split));
  PrintLine("");
  PrintLine(heading);
  for (std::size_t c = 0; c < report.categories.size(); ++c) {
    const data::BoxCategory& category = report.categories[c];
    std::string line =
        fmt::format("{:>6}  {:<{}}", category.id, category.name, width);
    for (const data::BoxStatistics& s : report.splits)
      if (fits(s))
        line += fmt::format(" {:>12}", WithSeparators(s.boxes_of_category[c]));
    PrintLine(line);
  }
}

void PrintFindings(const data::BoxReport& report) {
  PrintLine("");
  if (report.findings.empty()) PrintLine("nothing odd was found");
  for (const data::BoxFinding& found : report.findings) {
    const data::BoxFindingKind& kind = data::FindBoxFinding(found.warning.kind);
    PrintLine(fmt::format("{}: {}: {}{}{}", ShownSplit(found.split), kind.what,
                          WithSeparators(found.warning.count),
                          kind.done.empty() ? "" : "; ", kind.done));
    for (const std::string& example : found.warning.examples)
      PrintLine("    " + example);
    const auto shown = static_cast<std::int64_t>(found.warning.examples.size());
    if (found.warning.count > shown)
      PrintLine(fmt::format("    and {} more",
                            WithSeparators(found.warning.count - shown)));
  }
}

// The older names stand for the newer ones. Not CLI11's to refuse both: it
// would say "Excludes:" in the help and leave out what, which is hidden.
void TakeOldNames(CheckOptions& o) {
  const auto take = [](auto& now, auto& old, const char* name,
                       const char* old_name) {
    if (old.empty()) return;
    EYECHART_REQUIRE(now.empty(),
                     "{} is {} by its older name: give one of them", old_name,
                     name);
    now = std::move(old);
  };
  take(o.check.splits, o.old_splits, "--part", "--split");
  take(o.boxes.options.kind, o.old_kind, "--set-kind", "--kind");
}

int Check(CheckOptions o) {
  TakeOldNames(o);
  o.check.data = BoxOptionsOf(o.boxes);
  o.check.open_pictures = !o.lists_only;
  TerminalProgress progress;
  const data::BoxReport report = data::CheckBoxes(o.root, o.check, progress);
  const int code = o.strict && !report.findings.empty() ? kExitOdd : kExitOk;
  if (o.json) {
    Json json = data::ToJson(report);
    json["schema"] = 1;
    json["command"] = "detect check";
    json["warnings"] = Json::array();
    PrintJson(json);
    return code;
  }
  PrintLine(fmt::format("{}: {}, {} categories", report.root, report.kind,
                        report.categories.size()));
  PrintLine("");
  PrintParts(report);
  PrintCategories(report);
  PrintFindings(report);
  return code;
}

}  // namespace

Runner AddDetectCheck(Arguments& app) {
  auto o = std::make_shared<CheckOptions>();
  app.AddOption("root", o->root,
                "detection set: a Roboflow export, a COCO folder or JSON, "
                "what generate scenes writes, Pascal VOC, or YOLO text")
      .Required();
  app.AddOption("--part", o->check.splits,
                "parts to check, comma-separated (default: all)")
      .Delimiter(',');
  AddBoxFlags(app, o->boxes);
  // As they were called here before they had the other commands' names; an
  // empty heading keeps them out of the help.
  app.AddOption("--split", o->old_splits, "as --part").Delimiter(',').Group("");
  app.AddOption("--kind", o->old_kind, "as --set-kind").Group("");
  app.AddFlag("--lists-only", o->lists_only,
              "do not open the pictures: no sizes, no equal files");
  app.AddFlag("--strict", o->strict,
              "exit code 1 where anything odd is found, for scripts");
  app.AddFlag("--json", o->json, "print one JSON object");
  return [o] { return Check(*o); };
}

}  // namespace eyechart::cli
