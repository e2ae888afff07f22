// Workflow commands: `::error title=...::message`. Escaping and limits as
// GitHub's documentation of workflow commands and its runner's toolkit say.
#include "reports/github.h"

#include <fmt/format.h>

#include "reports/formats.h"
#include "reports/visible_text.h"

namespace eyechart::reports {
namespace {

constexpr std::size_t kTitleBytes = 255;     // GitHub's limit of a title
constexpr std::size_t kMessageBytes = 4096;  // what is still read on a page

std::string_view CommandLevel(FindingLevel level) {
  switch (level) {
    case FindingLevel::kError:
      return "error";
    case FindingLevel::kWarning:
      return "warning";
    case FindingLevel::kNotice:
      break;
  }
  return "notice";
}

// A property also ends at ':' and ','. No line break is left: text of records
// can begin no command of its own.
std::string EscapeCommand(const std::string& text, bool property) {
  std::string escaped;
  for (const char c : VisibleText(text)) {
    if (c == '%' || c == '\r' || c == '\n' ||
        (property && (c == ':' || c == ',')))
      escaped += fmt::format("%{:02X}", static_cast<unsigned>(c));
    else
      escaped += c;
  }
  return escaped;
}

std::string Command(FindingLevel level,
                    const std::string& title,
                    const std::string& message) {
  return fmt::format("::{} title={}::{}\n", CommandLevel(level),
                     EscapeCommand(title, true), EscapeCommand(message, false));
}

std::string CommandOf(const Finding& finding) {
  const std::string name = ResultName(finding.cell, finding.metric);
  const std::string title =
      name.empty() ? finding.kind : finding.kind + ": " + name;
  std::string message = finding.message.empty() ? name : finding.message;
  // The whole name has to stand somewhere.
  if (title.size() > kTitleBytes) message = name + "\n" + message;
  if (message.empty()) message = finding.kind;
  return Command(finding.level, CutText(AsUtf8(title), kTitleBytes),
                 CutText(AsUtf8(message), kMessageBytes));
}

class GithubExporter : public Exporter {
 public:
  std::string Export(std::span<const RunFolder> runs) const override {
    std::vector<Finding> findings;
    for (const RunFolder& run : runs)
      for (Finding& finding : FindingsOf(run))
        findings.push_back(std::move(finding));
    return Annotations(std::move(findings));
  }
};

class SummaryExporter : public Exporter {
 public:
  std::string Export(std::span<const RunFolder> runs) const override {
    return LimitMarkdown(MakeMarkdown()->Export(runs));
  }
};

}  // namespace

std::string AnnotationWriter::Add(const Finding& finding) {
  Level& level = levels_[static_cast<std::size_t>(finding.level)];
  ++level.count;
  if (level.count < kAnnotationsALevel) return CommandOf(finding);
  if (level.count == kAnnotationsALevel) level.tenth = CommandOf(finding);
  return "";
}

std::string AnnotationWriter::Finish() {
  std::string lines;
  for (const FindingLevel which :
       {FindingLevel::kError, FindingLevel::kWarning, FindingLevel::kNotice}) {
    const Level& level = levels_[static_cast<std::size_t>(which)];
    if (level.count > kAnnotationsALevel)
      lines += Command(
          which, fmt::format("{} more", level.count - (kAnnotationsALevel - 1)),
          fmt::format("{} more of this level are left out: GitHub shows {} a "
                      "step; the report has them all",
                      level.count - (kAnnotationsALevel - 1),
                      kAnnotationsALevel));
    else
      lines += level.tenth;
  }
  return lines;
}

std::string Annotations(std::vector<Finding> findings) {
  SortFindings(findings);
  AnnotationWriter writer;
  std::string lines;
  for (const Finding& finding : findings) lines += writer.Add(finding);
  return lines + writer.Finish();
}

std::string LimitMarkdown(const std::string& markdown, std::size_t bytes) {
  if (markdown.size() <= bytes) return markdown;
  constexpr std::string_view kNotice =
      "\n**Cut here**: the whole is larger than a step's summary may be; the "
      "report as a file has the rest.\n";
  // A fence that has to be closed is a line of the text: room for it is kept.
  std::size_t end = 0;
  std::string fence;
  for (std::size_t begin = 0; begin < markdown.size();) {
    const std::size_t after = markdown.find('\n', begin) + 1;
    if (after == 0) break;  // a last line without an end
    const std::string line = markdown.substr(begin, after - begin);
    std::string open = fence;
    if (line.starts_with("```") && (fence.empty() || line == fence))
      open = fence.empty() ? line : "";
    if (after + open.size() + kNotice.size() > bytes) break;
    fence = open;
    end = begin = after;
  }
  return markdown.substr(0, end) + fence + std::string(kNotice);
}

std::unique_ptr<Exporter> MakeGithub() {
  return std::make_unique<GithubExporter>();
}

std::unique_ptr<Exporter> MakeGithubSummary() {
  return std::make_unique<SummaryExporter>();
}

}  // namespace eyechart::reports
