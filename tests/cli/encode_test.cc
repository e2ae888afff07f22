#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>

#include "core/files.h"
#include "core/json.h"
#include "data/feature_store.h"
#include "tests/cli/pictures.h"
#include "tests/cli/process.h"
#include "tests/fixture.h"

namespace eyechart {
namespace {

namespace fs = std::filesystem;
using testing::DemoCheckpoint;
using testing::Eyechart;
using testing::EyechartJson;
using testing::TempFolder;

std::vector<std::string> Encode(const fs::path& images,
                                const fs::path& store,
                                std::vector<std::string> more = {}) {
  std::vector<std::string> arguments = {"encode", DemoCheckpoint("dinov2"),
                                        images.string(), "-o", store.string()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(EncodeCommand, WritesAStoreAndSaysSo) {
  const TempFolder folder;
  testing::WritePictures(folder / "photos", 5);
  const Json json = EyechartJson(Encode(folder / "photos", folder / "store"));
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["command"], "encode");
  EXPECT_EQ(json["images"], 5);
  EXPECT_EQ(json["encoded"], 5);
  EXPECT_TRUE(json["warnings"].empty());
  const data::FeatureStore store(folder / "store");
  store.Verify();
  EXPECT_EQ(store.items()[2].id, "002.jpg");
  EXPECT_EQ(store.manifest().preprocess_sha256.size(), 64u);
  EXPECT_EQ(store.manifest().pool, "head");
  // A second call finds everything done.
  EXPECT_EQ(
      EyechartJson(Encode(folder / "photos", folder / "store"))["encoded"], 0);
}

TEST(EncodeCommand, MakesATruncatedPictureARow) {
  const TempFolder folder;
  testing::WritePictures(folder / "photos", 3);
  const fs::path broken = folder / "photos/001.jpg";
  fs::resize_file(broken, fs::file_size(broken) / 2);
  const Json json = EyechartJson(Encode(folder / "photos", folder / "store"));
  EXPECT_EQ(json["unreadable"], 1);
  ASSERT_EQ(json["warnings"].size(), 1u);
  EXPECT_NE(json["warnings"][0].get<std::string>().find("001.jpg"),
            std::string::npos);
  const data::FeatureStore store(folder / "store");
  EXPECT_TRUE(store.items()[0].ok());
  EXPECT_FALSE(store.items()[1].ok());
  EXPECT_NE(store.items()[1].status.find("truncated"), std::string::npos)
      << store.items()[1].status;
  for (std::int64_t k = 0; k < store.dim(); ++k)
    EXPECT_EQ(store.PooledRow(1)[k], 0.0f);
  EXPECT_NE(store.PooledRow(2)[0], 0.0f);
}

// What one picture gives does not depend on the pictures beside it, to
// rounding.
TEST(EncodeCommand, GivesTheSameFeaturesInAnyBatch) {
  const TempFolder folder;
  testing::WritePictures(folder / "photos", 7);
  EyechartJson(Encode(folder / "photos", folder / "one", {"--batch", "1"}));
  EyechartJson(Encode(folder / "photos", folder / "many", {"--batch", "7"}));
  const data::FeatureStore one(folder / "one");
  const data::FeatureStore many(folder / "many");
  for (std::int64_t i = 0; i < 7; ++i)
    for (std::int64_t k = 0; k < one.dim(); ++k)
      EXPECT_NEAR(one.PooledRow(i)[k], many.PooledRow(i)[k], 2e-5);
}

TEST(EncodeCommand, StoresTokensInTheRunsDType) {
  const TempFolder folder;
  testing::WritePictures(folder / "photos", 2);
  const Json json =
      EyechartJson(Encode(folder / "photos", folder / "store",
                          {"--tokens", "--dtype", "bf16", "--pool", "mean"}));
  const SafetensorsFile shard(folder / "store/shard-00000.safetensors");
  EXPECT_EQ(shard.at("pooled").dtype, DType::kF32);
  EXPECT_EQ(shard.at("tokens").dtype, DType::kBF16);
  EXPECT_EQ(shard.at("tokens").shape,
            (std::vector<std::int64_t>{2, json["tokens"]["count"],
                                       json["tokens"]["dim"]}));
}

TEST(EncodeCommand, RefusesAChangedPictureAndAnotherPool) {
  const TempFolder folder;
  testing::WritePictures(folder / "photos", 3);
  EyechartJson(Encode(folder / "photos", folder / "store"));
  const auto other =
      Eyechart(Encode(folder / "photos", folder / "store", {"--pool", "mean"}));
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_NE(other.err.find("pool head"), std::string::npos) << other.err;
  testing::WritePicture(folder / "photos/001.jpg", 99);
  const auto changed = Eyechart(Encode(folder / "photos", folder / "store"));
  EXPECT_EQ(changed.exit_code, 2);
  EXPECT_NE(changed.err.find("\"001.jpg\" has changed"), std::string::npos)
      << changed.err;
}

TEST(EncodeCommand, RecordsAFastDecodeAndDoesNotMixIt) {
  const TempFolder folder;
  testing::WritePictures(folder / "photos", 3);
  const fs::path exact = folder / "exact";
  const fs::path fast = folder / "fast";
  EyechartJson(Encode(folder / "photos", exact));
  EyechartJson(Encode(folder / "photos", fast, {"--decode", "fast"}));
  const auto preprocess = [](const fs::path& store) {
    return ReadJsonFile(store / "manifest.json")["preprocess"];
  };
  EXPECT_FALSE(preprocess(exact).contains("decode"));
  EXPECT_EQ(preprocess(fast)["decode"], "fast");
  for (const auto& [store, decode] :
       {std::pair{exact, "fast"}, std::pair{fast, "exact"}}) {
    const auto mixed =
        Eyechart(Encode(folder / "photos", store, {"--decode", decode}));
    EXPECT_EQ(mixed.exit_code, 2);
    EXPECT_NE(mixed.err.find("preprocess"), std::string::npos) << mixed.err;
  }
}

TEST(EncodeCommand, LeavesAResumableStateOnASignal) {
  const TempFolder folder;
  testing::WritePictures(folder / "photos", 600);
  const auto arguments = Encode(folder / "photos", folder / "store",
                                {"--batch", "1", "--threads", "1"});
  const auto result = testing::EyechartWithSignal(
      arguments, SIGTERM, std::chrono::milliseconds(700));
  if (result.exit_code == 0) GTEST_SKIP() << "it was done before the signal";
  EXPECT_EQ(result.exit_code, 143) << result.err;
  EXPECT_FALSE(fs::exists(folder / "store"));
  EXPECT_EQ(Eyechart(arguments).exit_code, 0);
  data::FeatureStore(folder / "store").Verify();
}

}  // namespace
}  // namespace eyechart
