#include "cli/report_sinks.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/files.h"
#include "tests/fixture.h"

namespace eyechart::cli {
namespace {

using testing::InputErrorOf;

const std::vector<SinkFormat> kFormats = {
    {"junit", ".xml"}, {"markdown", ".md .markdown"}, {"badge", ""}};

std::string Parsed(const std::vector<std::string>& texts,
                   const std::string& format = "") {
  std::string all;
  for (const ReportSink& sink : ParseSinks(texts, kFormats, "-o", format))
    all += sink.format + ">" + sink.file + " ";
  return all;
}

TEST(ParseSinksTest, TakesTheFormatFromTheNameOrTheExtension) {
  EXPECT_EQ(Parsed({"a.xml", "b.MD", "c/d.markdown"}),
            "junit>a.xml markdown>b.MD markdown>c/d.markdown ");
  EXPECT_EQ(Parsed({"badge=a.json", "junit=b", "markdown=-"}),
            "badge>a.json junit>b markdown>- ");
  EXPECT_EQ(Parsed({"a.xml", "badge=b", "-"}, "markdown"),
            "markdown>a.xml badge>b markdown>- ");
  // No name of a format stands before '='.
  EXPECT_EQ(Parsed({"runs/k=10.md", "./a=b.xml"}),
            "markdown>runs/k=10.md junit>./a=b.xml ");
  EXPECT_EQ(Parsed({}), "");
}

TEST(ParseSinksTest, MistakesSayWhatWouldBeRight) {
  const auto error = [](std::vector<std::string> texts,
                        const std::string& format = "") {
    return InputErrorOf([&] { Parsed(texts, format); });
  };
  EXPECT_NE(error({"jnuit=a"}).find("did you mean \"junit\"?"),
            std::string::npos);
  EXPECT_NE(error({"a.pdf"}).find(".xml, .md, .markdown"), std::string::npos);
  EXPECT_NE(error({"-"}).find("FORMAT=-"), std::string::npos);
  EXPECT_NE(error({"junit="}).find("names no file"), std::string::npos);
  EXPECT_NE(error({"a.xml", "junit=./a.xml"}).find("given twice"),
            std::string::npos);
  EXPECT_NE(error({"a"}, "pdf").find("\"pdf\" is none of"), std::string::npos);
  EXPECT_EQ(error({"junit=-", "badge=-"}), "");
}

TEST(WriteSinksTest, WritesAFileASink) {
  const testing::TempFolder folder;
  const std::vector<ReportSink> sinks = {{"junit", folder / "a"},
                                         {"badge", folder / "b"}};
  WriteSinks(sinks, std::vector<std::string>{"one", "two"});
  EXPECT_EQ(ReadFile(folder / "a"), "one");
  EXPECT_EQ(ReadFile(folder / "b"), "two");
  EXPECT_FALSE(UsesStdout(sinks));
}

}  // namespace
}  // namespace eyechart::cli
