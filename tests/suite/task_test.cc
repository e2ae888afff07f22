#include "suite/task.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

#include "tests/fixture.h"

namespace eyechart::suite {
namespace {

TEST(TaskKinds, AreNamedOnceAndExplained) {
  std::set<std::string_view> names;
  for (const TaskKind& kind : TaskKinds()) {
    EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
    EXPECT_FALSE(kind.what.empty());
    std::set<std::string_view> keys = {"kind", "dataset", "encoder"};
    for (const TaskKey& key : kind.keys) {
      EXPECT_TRUE(keys.insert(key.name).second) << key.name;
      EXPECT_FALSE(key.what.empty()) << key.name;
    }
  }
}

TEST(FindTaskKind, OffersTheNearest) {
  EXPECT_EQ(FindTaskKind("encode", "here").name, "encode");
  EXPECT_EQ(testing::InputErrorOf([] { FindTaskKind("encod", "f:3"); }),
            "f:3: unknown task kind \"encod\" (did you mean \"encode\"?); "
            "known kinds are encode, mine, ask, chart, detect, probe, bench, "
            "nms-sweep");
}

TEST(BatchOf, TakesWholeNumbersOfAtLeastOne) {
  TaskSpec task;
  task.file = "s.toml";
  task.line = 9;
  const auto with = [&task](std::string value) {
    task.keys.insert_or_assign("batch", std::move(value));
  };
  with(std::string(1, '8'));
  EXPECT_EQ(BatchOf(task), 8);
  for (const char* bad : {"0", "-1", "2.5", ""}) {
    with(bad);
    EXPECT_EQ(testing::InputErrorOf([&] {
                BatchOf(task);
              }).rfind("s.toml:9: [[task]]: batch ", 0),
              0u)
        << bad;
  }
}

}  // namespace
}  // namespace eyechart::suite
