#include "benchmarks/vision/bench_pictures.h"

#include <gtest/gtest.h>

#include <set>

#include "data/decode.h"
#include "tests/benchmarks/vision/memory_pictures.h"
#include "tests/fixture.h"

namespace eyechart::benchmarks {
namespace {

using eyechart::testing::InputErrorOf;
using testing::MemoryPictures;
using testing::RandomPng;

TEST(DrawScenes, AreTheSeedsOwnAndDecode) {
  SceneOptions options;
  options.count = 3;
  options.side = 48;
  options.seed = 5;
  const auto first = DrawScenes(options), again = DrawScenes(options);
  options.seed = 6;
  const auto other = DrawScenes(options);
  ASSERT_EQ(first->size(), 3u);
  std::set<std::string> ids;
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(first->Read(i), again->Read(i));
    EXPECT_NE(first->Read(i), other->Read(i));
    EXPECT_EQ(data::Decode(first->Read(i), {}).image.width, 48);
    ids.insert(first->item(i).id);
  }
  EXPECT_EQ(ids.size(), 3u);
  options.count = 0;
  EXPECT_NE(InputErrorOf([&] { DrawScenes(options); }).find("0 scenes"),
            std::string::npos);
}

TEST(PickPictures, LeavesOutWhatCannotBeReadAndNamesIt) {
  std::string broken = RandomPng(20, 20, 3);
  broken.resize(broken.size() / 2);
  const MemoryPictures pictures({{"a.png", RandomPng(8, 8, 1)},
                                 {"broken.png", broken},
                                 {"gone.png", ""},
                                 {"b.png", RandomPng(8, 8, 2)}});
  PickedPictures picked = PickPictures(pictures, {});
  EXPECT_EQ(picked.index, (std::vector<std::size_t>{0, 3}));
  EXPECT_EQ(picked.given, 4);
  EXPECT_EQ(picked.unreadable, 2);
  ASSERT_EQ(picked.warnings.size(), 1u);
  for (const char* part : {"2 of 4", "broken.png", "gone.png"})
    EXPECT_NE(picked.warnings[0].find(part), std::string::npos)
        << picked.warnings[0];
  // Another program may read what we cannot.
  PickOptions there;
  there.decode = false;
  picked = PickPictures(pictures, there);
  EXPECT_EQ(picked.index, (std::vector<std::size_t>{0, 1, 3}));
}

TEST(PickPictures, TakesSomeBySeed) {
  std::vector<std::pair<std::string, std::string>> files;
  for (std::uint64_t i = 0; i < 20; ++i)
    files.emplace_back(std::to_string(i) + ".png", RandomPng(4, 4, i));
  const MemoryPictures pictures(std::move(files));
  PickOptions options;
  options.most = 7;
  options.seed = 1;
  const PickedPictures one = PickPictures(pictures, options);
  EXPECT_EQ(one.index.size(), 7u);
  EXPECT_EQ(PickPictures(pictures, options).index, one.index);
  EXPECT_EQ(PickPictures(pictures, options).sha256, one.sha256);
  options.seed = 2;
  EXPECT_NE(PickPictures(pictures, options).index, one.index);
  EXPECT_NE(PickPictures(pictures, options).sha256, one.sha256);
}

TEST(PickPictures, RefusesWhereNoneCanBeRead) {
  const MemoryPictures pictures({{"a.png", ""}, {"b.png", "no picture"}});
  const std::string error = InputErrorOf([&] { PickPictures(pictures, {}); });
  EXPECT_NE(error.find("none of the 2"), std::string::npos) << error;
  EXPECT_NE(error.find("b.png"), std::string::npos) << error;
}

}  // namespace
}  // namespace eyechart::benchmarks
