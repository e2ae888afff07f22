#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/cli/process.h"

namespace eyechart {
namespace {

using testing::Eyechart;
using testing::EyechartJson;

TEST(ListCommand, PrintsEveryTable) {
  const Json json = EyechartJson({"list"});
  const auto names = [&json](const char* table) {
    std::set<std::string> found;
    for (const Json& row : json.at(table))
      found.insert(row["name"].get<std::string>());
    return found;
  };
  EXPECT_TRUE(names("encoders").contains("clip"));
  EXPECT_TRUE(names("encoders").contains("dinov2"));
  EXPECT_TRUE(names("tasks").contains("mine"));
  EXPECT_TRUE(names("datasets").contains("idx"));
  EXPECT_TRUE(names("exporters").contains("html"));
  EXPECT_TRUE(names("metrics").contains("blind_pairs"));
  for (const Json& metric : json["metrics"]) {
    EXPECT_TRUE(metric.contains("unit"));
    EXPECT_TRUE(metric.contains("direction"));
  }
}

TEST(ListCommand, PrintsOneTableAndOffersTheNearest) {
  const auto one = Eyechart({"list", "metrics"});
  EXPECT_EQ(one.exit_code, 0);
  EXPECT_NE(one.out.find("blind_pairs"), std::string::npos);
  EXPECT_EQ(one.out.find("dinov2"), std::string::npos);
  const auto slip = Eyechart({"list", "metric"});
  EXPECT_EQ(slip.exit_code, 2);
  EXPECT_NE(slip.err.find("did you mean \"metrics\"?"), std::string::npos);
}

TEST(Help, IsThereForEveryCommand) {
  for (const char* command :
       {"run", "inspect", "encode", "generate", "mine", "report", "list"}) {
    const auto result = Eyechart({command, "--help"});
    EXPECT_EQ(result.exit_code, 0) << command;
    EXPECT_NE(result.out.find("--json"), std::string::npos) << command;
  }
  EXPECT_EQ(Eyechart({"--version"}).exit_code, 0);
}

}  // namespace
}  // namespace eyechart
