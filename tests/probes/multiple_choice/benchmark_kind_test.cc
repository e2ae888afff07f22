#include "probes/multiple_choice/benchmark_kind.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/probes/multiple_choice/made_benchmarks.h"

namespace eyechart::multiple_choice {
namespace {

using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;
using testing::Read;
using testing::ReadError;

TEST(BenchmarkKinds, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const BenchmarkKind& kind : BenchmarkKinds()) {
    EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
    EXPECT_EQ(FindBenchmarkKind(kind.name), &kind);
  }
  EXPECT_EQ(FindBenchmarkKind("folder"), nullptr);
}

TEST(ReadBenchmark, SaysWhatItCannotRead) {
  const TempFolder folder;
  EXPECT_NE(ReadError(folder / "none").find("no such"), std::string::npos);
  EXPECT_NE(ReadError(folder.path()).find("Questions.csv"), std::string::npos);
  WriteText(folder / "Questions.csv", "a,b\n1,2\n");
  EXPECT_NE(ReadError(folder.path()).find("mmvp-vlm"), std::string::npos);
  EXPECT_NE(ReadError(folder.path(), "mmpv").find("did you mean \"mmvp\""),
            std::string::npos);
}

TEST(ReadBenchmark, TakesWinogroundAsCsvJsonAndJsonLines) {
  const TempFolder folder;
  for (const char* name : {"p/a.png", "p/b.jpg"}) WriteText(folder / name, "");
  WriteText(folder / "w.csv",
            "id,caption_0,caption_1,image_0,image_1,tag\n"
            "7,\"a, b\",c,p/a,p/b.jpg,Object\n");
  const std::string row =
      R"({"id":7,"caption_0":"a, b","caption_1":"c","image_0":"p/a",)"
      R"("image_1":"p/b.jpg","tag":"Object"})";
  WriteText(folder / "w.json", "[" + row + "]");
  WriteText(folder / "w.jsonl", row + "\n\n");
  for (const char* name : {"w.csv", "w.json", "w.jsonl"}) {
    const Benchmark benchmark = Read(folder / name);
    EXPECT_EQ(benchmark.kind, "winoground") << name;
    EXPECT_EQ(benchmark.name, "w");
    ASSERT_EQ(benchmark.items.size(), 2u);
    EXPECT_EQ(benchmark.items[0].id, "7_0");
    EXPECT_EQ(benchmark.items[0].statement, "a, b");
    EXPECT_EQ(benchmark.pictures[0].path, "p/a.png");
    EXPECT_EQ(benchmark.patterns, std::vector<std::string>{"Object"});
    EXPECT_TRUE(benchmark.has_statements());
    EXPECT_EQ(benchmark.statement_prompt, "");
  }
}

TEST(ReadBenchmark, TakesSugarCrepeAsObjectAndList) {
  const TempFolder folder;
  WriteText(folder / "p/a.jpg", "");
  const std::string row =
      R"({"filename":"a.jpg","caption":"x","negative_caption":"y"})";
  WriteText(folder / "swap_att.json",
            R"({"0":)" + row + R"(,"1":)" + row + "}");
  ReadOptions options;
  options.path = folder / "swap_att.json";
  options.root = folder / "p";
  const Benchmark benchmark = ReadBenchmark(options);
  EXPECT_EQ(benchmark.kind, "sugarcrepe");
  ASSERT_EQ(benchmark.items.size(), 2u);
  EXPECT_EQ(benchmark.pictures.size(), 1u);  // encoded once
  EXPECT_EQ(benchmark.items[1].id, "1");
  EXPECT_EQ(benchmark.items[1].options, (std::vector<std::string>{"x", "y"}));
  EXPECT_TRUE(benchmark.pairs.empty());
  WriteText(folder / "list.json", "[" + row + "," + row + "]");
  options.path = folder / "list.json";
  EXPECT_EQ(ReadBenchmark(options).items.size(), 2u);
  WriteText(folder / "list.json",
            "[" + row + R"(,{"filename":"a.jpg","caption":"x"}])");
  EXPECT_NE(testing::ReadError(folder / "list.json").find("negative_caption"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::multiple_choice
