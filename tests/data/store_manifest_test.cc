#include "data/store_manifest.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/data/store_fixture.h"
#include "tests/fixture.h"

namespace eyechart::data {
namespace {

using testing::InputErrorOf;
using testing::TempFolder;

TEST(StoreManifest, ReadsBackWhatItWrites) {
  StoreManifest manifest = testing::StoreIdentity(7);
  manifest.count = 3;
  manifest.tokens = TokenShape{17, 5};
  manifest.shards = {{"shard-00000.safetensors", 3, "abc"}};
  manifest.complete = true;
  const Json json = ManifestToJson(manifest);
  EXPECT_EQ(ManifestToJson(ManifestFromJson(json, "m")), json);
  manifest.tokens.reset();
  EXPECT_TRUE(ManifestToJson(manifest)["tokens"].is_null());
}

TEST(StoreManifest, SpeaksOfTf32OnlyWhereThereIsSuchAThing) {
  StoreManifest manifest = testing::StoreIdentity(7);
  EXPECT_FALSE(ManifestToJson(manifest).contains("tf32"));
  EXPECT_EQ(ManifestFromJson(ManifestToJson(manifest), "m").tf32, "");
  manifest.tf32 = "on";
  EXPECT_EQ(ManifestFromJson(ManifestToJson(manifest), "m").tf32, "on");
}

TEST(StoreManifest, SaysWhatWasComputedInWhereItIsNotTheDtype) {
  StoreManifest manifest = testing::StoreIdentity(7);
  EXPECT_FALSE(ManifestToJson(manifest).contains("computed_in"));
  manifest.dtype = "bf16";
  manifest.computed_in = "fp32";
  EXPECT_EQ(ManifestFromJson(ManifestToJson(manifest), "m").computed_in,
            "fp32");
}

TEST(ReadItems, TakesFilesOfOtherTools) {
  const TempFolder folder;
  testing::WriteText(folder / "i.csv",
                     "id,status,index\nx,ok,0\ny,cannot be read,1\n");
  const std::vector<StoreItem> items = ReadItems(folder / "i.csv");
  ASSERT_EQ(items.size(), 2u);
  EXPECT_TRUE(items[0].ok());
  EXPECT_FALSE(items[1].ok());
  EXPECT_EQ(items[1].sha256, "");
}

TEST(ReadItems, NamesTheRowThatIsWrong) {
  const TempFolder folder;
  const auto error = [&](const std::string& csv) {
    testing::WriteText(folder / "i.csv", csv);
    return InputErrorOf([&] { ReadItems(folder / "i.csv"); });
  };
  EXPECT_NE(error("index,id,status\n1,x,ok\n").find("row 2: index \"1\""),
            std::string::npos);
  EXPECT_NE(error("index,id,status\n0,x,ok\n1,x,ok\n").find("stands twice"),
            std::string::npos);
  EXPECT_NE(error("index,id\n0,x\n").find("no column \"status\""),
            std::string::npos);
}

TEST(ItemsToCsv, QuotesWhatNeedsIt) {
  const TempFolder folder;
  std::vector<StoreItem> items = {
      {"a\"b", "p,q", "two\nlines", "ok", "note", "sha"}};
  testing::WriteText(folder / "i.csv", ItemsToCsv(items));
  const std::vector<StoreItem> back = ReadItems(folder / "i.csv");
  ASSERT_EQ(back.size(), 1u);
  EXPECT_EQ(back[0].id, items[0].id);
  EXPECT_EQ(back[0].path, items[0].path);
  EXPECT_EQ(back[0].label, items[0].label);
}

}  // namespace
}  // namespace eyechart::data
