// Records as JUnit XML: a suite a run, a test a metric of a cell. An error
// record is an <error>; a skipped one, and one without a value, are <skipped>,
// for `eyechart run` does not fail by them either.
#include "reports/junit.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/text.h"
#include "reports/comparison.h"
#include "reports/display.h"
#include "reports/findings.h"
#include "reports/formats.h"
#include "reports/visible_text.h"

namespace eyechart::reports {
namespace {

using Outcome = JunitCase::Outcome;

// Text for element content and, as readers make blanks of line breaks there,
// for attributes.
std::string EscapeXml(const std::string& text) {
  std::string escaped;
  for (const char c : VisibleText(text)) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\n':
      case '\r':
      case '\t':
        escaped += fmt::format("&#{};", static_cast<int>(c));
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string Attribute(const char* name, const std::string& value) {
  return fmt::format(" {}=\"{}\"", name, EscapeXml(value));
}

std::string Element(const char* name,
                    const std::string& attributes,
                    const std::string& text) {
  return fmt::format("      <{}{}>{}</{}>\n", name, attributes, EscapeXml(text),
                     name);
}

std::string CaseText(const JunitCase& test) {
  std::string text = "    <testcase" + Attribute("classname", test.class_name) +
                     Attribute("name", test.name);
  if (test.seconds)
    text += Attribute("time", fmt::format("{:.3f}", *test.seconds));
  text += ">\n";
  if (test.outcome != Outcome::kPassed) {
    const char* name = test.outcome == Outcome::kFailure ? "failure"
                       : test.outcome == Outcome::kError ? "error"
                                                         : "skipped";
    text += Element(name,
                    Attribute("type", test.type) +
                        Attribute("message", FirstLine(test.message)),
                    test.message);
  }
  if (!test.output.empty()) text += Element("system-out", "", test.output);
  return text + "    </testcase>\n";
}

struct Counts {
  std::size_t tests = 0;
  std::size_t failures = 0;
  std::size_t errors = 0;
  std::size_t skipped = 0;
  double seconds = 0;

  void Add(const JunitCase& test) {
    ++tests;
    failures += test.outcome == Outcome::kFailure;
    errors += test.outcome == Outcome::kError;
    skipped += test.outcome == Outcome::kSkipped;
    seconds += test.seconds.value_or(0);
  }
  std::string Attributes() const {
    return fmt::format(
        " tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{:.3f}\"", tests,
        failures, errors, seconds);
  }
};

std::string SuiteText(const JunitSuite& suite) {
  Counts counts;
  for (const JunitCase& test : suite.cases) counts.Add(test);
  std::string text = "  <testsuite" + Attribute("name", suite.name) +
                     counts.Attributes() +
                     fmt::format(" skipped=\"{}\"", counts.skipped);
  if (!suite.timestamp.empty()) text += Attribute("timestamp", suite.timestamp);
  text += ">\n";
  if (!suite.properties.empty()) {
    text += "    <properties>\n";
    for (const auto& [name, value] : suite.properties)
      text += "      <property" + Attribute("name", name) +
              Attribute("value", value) + "/>\n";
    text += "    </properties>\n";
  }
  for (const JunitCase& test : suite.cases) text += CaseText(test);
  if (!suite.notes.empty()) text += Element("system-err", "", suite.notes);
  return text + "  </testsuite>\n";
}

// All that the record says, a field a line; what is empty or stands in the
// test's name is left out.
std::string FieldLines(const Record& record) {
  static const std::set<std::string_view> kElsewhere = {"schema", "run", "cell",
                                                        "metric"};
  std::string lines;
  for (const RecordField& field : RecordFields()) {
    const Json value = field.to_json(record);
    if (kElsewhere.contains(field.name) || value.is_null() || value == "" ||
        (value.is_object() && value.empty()))
      continue;
    lines += fmt::format("{} = {}\n", field.name, JsonText(value));
  }
  return lines;
}

JunitCase CaseOf(const Record& record) {
  JunitCase test;
  test.class_name = JunitClass(record.cell);
  test.name = ResultName(record.cell, record.metric);
  test.message = record.message;
  test.output = FieldLines(record);
  if (record.status == RecordStatus::kError) {
    test.outcome = Outcome::kError;
    test.type = "failed";
  } else if (record.status == RecordStatus::kSkipped) {
    test.outcome = Outcome::kSkipped;
    test.type = "skipped";
  } else if (!record.value) {
    test.outcome = Outcome::kSkipped;
    test.type = "no value";
  }
  return test;
}

JunitSuite SuiteOf(const RunFolder& run, const std::string& label) {
  JunitSuite suite;
  suite.name = label;
  suite.timestamp = CountRun(run).first_started;
  if (run.environment.is_object())
    for (const auto& [key, value] : run.environment.items())
      suite.properties.emplace_back(key, JsonText(value));
  std::set<std::string> timed;
  for (const Record& record : run.records) {
    suite.cases.push_back(CaseOf(record));
    // Records carry their cell's time: it counts once.
    if (record.seconds > 0 && timed.insert(record.cell).second)
      suite.cases.back().seconds = record.seconds;
  }
  return suite;
}

class JunitExporter : public Exporter {
 public:
  std::string Export(std::span<const RunFolder> runs) const override {
    const std::vector<std::string> labels = RunLabels(runs);
    std::vector<JunitSuite> suites;
    for (std::size_t i = 0; i < runs.size(); ++i)
      suites.push_back(SuiteOf(runs[i], labels[i]));
    return JunitDocument(suites);
  }
};

}  // namespace

std::string JunitDocument(std::span<const JunitSuite> suites) {
  Counts all;
  std::string text;
  for (const JunitSuite& suite : suites) {
    for (const JunitCase& test : suite.cases) all.Add(test);
    text += SuiteText(suite);
  }
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites "
         "name=\"eyechart\"" +
         all.Attributes() + ">\n" + text + "</testsuites>\n";
}

std::string JunitClass(const std::string& cell) {
  const std::size_t slash = cell.find('/');
  std::string encoder = cell.substr(0, slash);
  std::ranges::replace(encoder, '.', '_');
  if (slash == std::string::npos) return encoder;
  const std::size_t begin = slash + 1;
  return cell.substr(begin, cell.find('/', begin) - begin) + "." + encoder;
}

std::unique_ptr<Exporter> MakeJunit() {
  return std::make_unique<JunitExporter>();
}

}  // namespace eyechart::reports
