// JUnit XML as CI servers read it: the format's parts, whatever they are of.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace eyechart::reports {

/// One <testcase>.
struct JunitCase {
  enum class Outcome { kPassed, kFailure, kError, kSkipped };
  std::string class_name;
  std::string name;               // unique in its suite
  std::optional<double> seconds;  // a time that was taken; no other number
  Outcome outcome = Outcome::kPassed;
  std::string type;     // of the failure or error, in a word or two
  std::string message;  // its first line is the message attribute
  std::string output;   // <system-out>
};

/// One <testsuite>.
struct JunitSuite {
  std::string name;
  std::string timestamp;  // RFC 3339; "" where none is known
  std::vector<std::pair<std::string, std::string>> properties;
  std::vector<JunitCase> cases;
  std::string notes;  // <system-err>
};

/// The document, valid against the schema of Jenkins' xUnit plugin
/// (junit-10.xsd), which the other readers' dialects include. Characters that
/// XML 1.0 cannot hold are written out (VisibleText).
std::string JunitDocument(std::span<const JunitSuite> suites);

/// The class of a cell, `task.encoder`: what viewers group by. A dot parts
/// packages there, so that those of the encoder's name become '_'.
std::string JunitClass(const std::string& cell);

}  // namespace eyechart::reports
