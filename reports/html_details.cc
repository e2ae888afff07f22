// The page's last sections: cells, environment and methods.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/text.h"
#include "reports/html_parts.h"

namespace eyechart::reports {
namespace {

constexpr std::size_t kMaxCellDetails = 100;

// A row of a list of facts; hashes and the like in a fixed-width face.
std::string Fact(const std::string& name, const std::string& value) {
  const bool code =
      name.ends_with("sha256") || name == "environment" || name == "cell";
  return fmt::format("<dt>{}</dt><dd{}>{}</dd>", EscapeHtml(name),
                     code ? " class=\"code\"" : "", EscapeHtml(value));
}

// What all records of a cell share, and its messages.
void DetailCell(HtmlPage& page,
                std::size_t run,
                std::span<const Record* const> records) {
  const Record& first = *records.front();
  page.html += "<details>" +
               Element("summary", page.RunPrefix(run) + first.cell) +
               "<dl class=\"facts\">";
  for (const RecordField& field : RecordFields()) {
    const Json value = field.to_json(first);
    bool shared = field.name != "message";
    for (const Record* record : records)
      shared = shared && field.to_json(*record) == value;
    if (!shared || value.is_null() || value == Json("") || value.empty())
      continue;
    if (value.is_object()) {
      for (const auto& [key, text] : value.items())
        page.html += Fact(std::string(field.name) + " " + key, JsonText(text));
    } else {
      page.html += Fact(std::string(field.name),
                        field.name == "seconds" ? FormatSeconds(first.seconds)
                                                : JsonText(value));
    }
  }
  std::vector<std::string> messages;
  for (const Record* record : records)
    if (!record->message.empty() &&
        std::ranges::find(messages, record->message) == messages.end())
      messages.push_back(record->message);
  for (const std::string& message : messages)
    page.html += Fact("message", message);
  page.html += "</dl></details>\n";
}

}  // namespace

void WriteCells(HtmlPage& page) {
  page.Open("cells", "Cells");
  page.html +=
      "<p class=\"hint\">Settings, hashes of weights, preprocessing and "
      "data, and times of each cell.</p>\n";
  std::size_t left = kMaxCellDetails;
  for (std::size_t run = 0; run < page.runs.size() && left > 0; ++run) {
    std::vector<std::vector<const Record*>> cells;
    std::map<std::string, std::size_t> places;
    for (const Record& record : page.runs[run].records) {
      const auto [place, is_new] = places.emplace(record.cell, cells.size());
      if (is_new) cells.emplace_back();
      cells[place->second].push_back(&record);
    }
    for (const auto& records : cells) {
      if (left == 0) break;
      --left;
      DetailCell(page, run, records);
    }
  }
  const std::size_t all = page.Total(&RunSummaryCounts::cells);
  if (all > kMaxCellDetails)
    page.html += fmt::format(
        "<p class=\"hint\">{} more: a record in the table "
        "above opens to all its fields.</p>\n",
        Plural(all - kMaxCellDetails, "cell"));
  page.html += "</section>\n";
}

void WriteEnvironment(HtmlPage& page) {
  page.Open("environment", "Environment");
  for (std::size_t run = 0; run < page.runs.size(); ++run) {
    const Json& environment = page.runs[run].environment;
    if (page.runs.size() > 1) page.html += Element("h3", page.labels[run]);
    if (environment.is_null()) {
      page.html += "<p>The run folder has no environment.json.</p>\n";
      continue;
    }
    page.html += "<dl class=\"facts\">";
    for (const auto& [key, value] : environment.items())
      if (key != "command") page.html += Fact(key, JsonText(value));
    page.html += "</dl>\n";
    if (page.counts[run].environments > 1)
      page.html += fmt::format(
          "<p>The records of this run were made in {} "
          "environments; this is the first.</p>\n",
          page.counts[run].environments);
    const auto command = environment.find("command");
    if (command != environment.end() && command->is_string())
      page.html +=
          "<p>The command that repeats the run:</p>\n"
          "<pre class=\"command\">" +
          EscapeHtml(command->get<std::string>()) + "</pre>\n";
  }
  page.html += "</section>\n";
}

void WriteMethods(HtmlPage& page) {
  page.Open("methods", "How the numbers are made");
  page.html +=
      "<p class=\"lead\">" + EscapeHtml(std::string(kHowToRead)) + "</p>\n";
  if (!page.metrics.empty())
    page.html +=
        "<div class=\"scroll\"><table><caption>Metrics of this report"
        "</caption><thead><tr><th scope=\"col\">metric</th>"
        "<th scope=\"col\">what it is</th><th scope=\"col\">better</th>"
        "<th scope=\"col\">source</th></tr></thead><tbody>\n";
  for (const MetricNote& note : page.metrics)
    page.html += fmt::format(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td>"
        "</tr>\n",
        EscapeHtml(note.name),
        note.what.empty() ? "not in this build\u2019s table of metrics"
                          : EscapeHtml(note.what),
        note.direction == "none" ? "\u2014" : EscapeHtml(note.direction),
        EscapeHtml(note.source));
  if (!page.metrics.empty()) page.html += "</tbody></table></div>\n";
  const std::vector<EstimatorNote> estimators = EstimatorsUsed(page.runs);
  if (!estimators.empty()) page.html += "<h3>Intervals</h3>\n<ul>\n";
  for (const EstimatorNote& note : estimators)
    page.html += fmt::format(
        "<li><b>{}</b> ({}){}</li>\n", EscapeHtml(note.name),
        EscapeHtml(note.levels),
        note.what.empty() ? "" : fmt::format(": {}", EscapeHtml(note.what)));
  if (!estimators.empty()) page.html += "</ul>\n";
  page.html += "</section>\n";
}

}  // namespace eyechart::reports
