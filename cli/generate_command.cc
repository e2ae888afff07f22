#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/terminal.h"
#include "core/error.h"
#include "core/text.h"
#include "data/scenes/generate.h"

namespace eyechart::cli {
namespace {

struct GenerateFlags {
  scenes::GenerateOptions generate;
  std::string out;
  bool caption_detail = false;  // whether it was given
  bool directions = false;      // likewise
  bool plain = false;
  bool json = false;
};

void PrintGenerated(const scenes::GenerateSummary& summary,
                    const std::string& kind,
                    std::int64_t count,
                    const std::string& out) {
  if (summary.pairs > 0)
    PrintLine(fmt::format(
        "{} pairs, {} pictures in {:.1f} s: {}", WithSeparators(summary.pairs),
        WithSeparators(summary.pictures), summary.seconds, out));
  else
    PrintLine(fmt::format("{} pictures in {:.1f} s: {}",
                          WithSeparators(summary.pictures), summary.seconds,
                          out));
  if (kind == "scenes") return;
  PrintLine(fmt::format(
      "expect intervals of ±{:.1f} points (95 %, Wilson, at one half) with {} "
      "{}{}; MMVP-VLM's 15 a pattern give ±{:.0f}",
      100 * summary.half_width, WithSeparators(count),
      summary.pairs > 0 ? "pairs a pattern" : "pictures",
      kind == "chart" ? " an optotype" : "",
      100 * scenes::ExpectedHalfWidth(15)));
}

// Options of one kind alone would say nothing of another's pictures. A kind
// that is not known is told by Generate.
void RequireOptionsOfKind(const GenerateFlags& options) {
  const std::string& kind = options.generate.kind;
  bool known = false;
  for (const scenes::GeneratedKind& one : scenes::GeneratedKinds())
    known |= one.name == kind;
  if (!known) return;
  EYECHART_REQUIRE(!options.caption_detail || kind == "scenes",
                   "--caption-detail was given, but the kind is {}; it goes "
                   "with scenes, which have captions",
                   kind);
  EYECHART_REQUIRE(!options.directions || kind == "chart",
                   "--directions was given, but the kind is {}; it goes with "
                   "chart, which has a Landolt C",
                   kind);
}

int RunGenerate(GenerateFlags& options) {
  RequireOptionsOfKind(options);
  scenes::GenerateOptions& generate = options.generate;
  generate.out = options.out;
  generate.render.nuisance = !options.plain;
  TerminalProgress terminal;
  const scenes::GenerateSummary summary = scenes::Generate(generate, terminal);
  if (!options.json) {
    PrintGenerated(summary, generate.kind, generate.count, options.out);
    return kExitOk;
  }
  Json json = summary.manifest;
  json.update({{"schema", 1},
               {"command", "generate"},
               {"warnings", Json::array()},
               {"out", options.out},
               {"half_width", summary.half_width},
               {"seconds", summary.seconds}});
  PrintJson(json);
  return kExitOk;
}

}  // namespace

Runner AddGenerate(Arguments& app) {
  auto o = std::make_shared<GenerateFlags>();
  scenes::GenerateOptions& g = o->generate;
  std::string kinds;
  for (const scenes::GeneratedKind& kind : scenes::GeneratedKinds())
    kinds += fmt::format("{}{} ({})", kinds.empty() ? "" : "; ", kind.name,
                         kind.what);
  app.AddOption("kind", g.kind, kinds).Required();
  app.AddOption("-o,--out", o->out, "folder to write").Required();
  app.AddOption("--pairs,--count", g.count,
                "pairs a pattern, or pictures (chart: of each optotype)")
      .ShowDefault();
  app.AddOption("--pattern", g.patterns,
                "patterns by name (default: all nine)");
  app.AddOption("--step", g.steps,
                "steps of difficulty, 0 the easiest (default: all in turn)");
  app.AddOption("--seed", g.seed, "the same seed gives the same pictures")
      .ShowDefault();
  app.AddOption("--size", g.render.size, "side of the pictures in pixels")
      .ShowDefault();
  app.AddFlag("--plain", o->plain,
              "without nuisance: one plain setting, no noise");
  app.AddFlag("--png", g.png, "PNG instead of JPEG (chart: always)");
  app.AddOption("--caption-detail", g.caption_detail,
                "share of scene captions that tell count, heading and place")
      .ShowDefault()
      .Tells(o->caption_detail);
  app.AddOption("--directions", g.directions,
                "that the chart's Landolt C opens to: 4 or 8")
      .ShowDefault()
      .Tells(o->directions);
  app.AddFlag("--force", g.force, "replace a folder that was generated");
  app.AddOption("--threads", g.threads,
                "threads (default: one a hardware thread)");
  app.AddFlag("--json", o->json, "print one JSON object");
  return [o] { return RunGenerate(*o); };
}

}  // namespace eyechart::cli
