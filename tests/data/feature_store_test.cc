#include "data/feature_store.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>

#include "core/files.h"
#include "core/json.h"
#include "tests/data/store_fixture.h"
#include "tests/fixture.h"

namespace eyechart::data {
namespace {

namespace fs = std::filesystem;
using testing::InputErrorOf;
using testing::TempFolder;

void WriteStore(const fs::path& folder) {
  FeatureStoreWriter writer(folder, testing::StoreIdentity(2),
                            testing::StoreItems(3), {});
  testing::WriteRows(writer, 0, 2);
  writer.Finish();
}

std::string ErrorOf(const fs::path& folder) {
  return InputErrorOf([&] { FeatureStore store(folder); });
}

// The error after `change` was made to manifest.json.
std::string ErrorAfter(const std::function<void(Json&)>& change) {
  const TempFolder folder;
  WriteStore(folder / "s");
  Json manifest = ReadJsonFile(folder / "s/manifest.json");
  change(manifest);
  WriteFileAtomic(folder / "s/manifest.json", manifest.dump());
  return ErrorOf(folder / "s");
}

TEST(FeatureStore, NamesWhatIsNoStore) {
  const TempFolder folder;
  EXPECT_NE(ErrorOf(folder / "none").find("no such feature store"),
            std::string::npos);
  EXPECT_NE(ErrorOf(folder.path()).find("no manifest.json"), std::string::npos);
}

TEST(FeatureStore, RefusesManifestsThatDoNotFit) {
  EXPECT_EQ(ErrorAfter([](Json&) {}), "");
  EXPECT_NE(ErrorAfter([](Json& m) { m["schema"] = 2; }).find("schema 2"),
            std::string::npos);
  EXPECT_NE(
      ErrorAfter([](Json& m) { m["complete"] = false; }).find("incomplete"),
      std::string::npos);
  EXPECT_NE(ErrorAfter([](Json& m) { m["count"] = 4; }).find("shards hold 3"),
            std::string::npos);
  EXPECT_NE(ErrorAfter([](Json& m) { m["dim"] = 5; }).find("has shape [3, 2]"),
            std::string::npos);
  EXPECT_NE(ErrorAfter([](Json& m) {
              m["shards"][0]["file"] = "../../etc/x.safetensors";
            }).find("leaves its root"),
            std::string::npos);
  EXPECT_NE(ErrorAfter([](Json& m) { m.erase("shards"); }), "");
  EXPECT_NE(ErrorAfter([](Json& m) { m["shards"] = Json::array({7}); }), "");
}

TEST(FeatureStore, VerifyFindsAChangedByte) {
  const TempFolder folder;
  WriteStore(folder / "s");
  const fs::path shard = folder / "s/shard-00000.safetensors";
  std::string content = ReadFile(shard);
  content.back() = static_cast<char>(content.back() ^ 1);
  WriteFileAtomic(shard, content);
  const FeatureStore store(folder / "s");
  EXPECT_NE(InputErrorOf([&] { store.Verify(); }).find("shard-00000"),
            std::string::npos);
}

TEST(FeatureStore, VerifyFindsChangedItems) {
  const TempFolder folder;
  WriteStore(folder / "s");
  std::string items = ReadFile(folder / "s/items.csv");
  items.replace(items.find("label,0"), 7, "label,9");
  WriteFileAtomic(folder / "s/items.csv", items);
  const FeatureStore store(folder / "s");
  EXPECT_NE(InputErrorOf([&] { store.Verify(); }).find("items.csv"),
            std::string::npos);
}

// IEEE 754 binary16 and bfloat16 by hand.
TEST(ConvertToFloat, ReadsHalvesExactly) {
  const std::vector<std::pair<std::uint16_t, float>> halves = {
      {0x0000, 0.0f},          {0x3c00, 1.0f},     {0xc000, -2.0f},
      {0x3555, 0.33325195f},   {0x7bff, 65504.0f}, {0x0001, 5.9604645e-8f},
      {0x83ff, -6.0975552e-5f}};
  for (const auto& [bits, value] : halves) {
    float out = 0;
    ConvertToFloat(DType::kF16, reinterpret_cast<const std::byte*>(&bits), 1,
                   &out);
    EXPECT_EQ(out, value) << bits;
  }
  const std::uint16_t infinity = 0x7c00;
  float out = 0;
  ConvertToFloat(DType::kF16, reinterpret_cast<const std::byte*>(&infinity), 1,
                 &out);
  EXPECT_EQ(out, std::numeric_limits<float>::infinity());
  const std::uint16_t nan = 0x7e00;
  ConvertToFloat(DType::kF16, reinterpret_cast<const std::byte*>(&nan), 1,
                 &out);
  EXPECT_TRUE(std::isnan(out));
  const std::uint16_t brain = 0xbfc0;
  ConvertToFloat(DType::kBF16, reinterpret_cast<const std::byte*>(&brain), 1,
                 &out);
  EXPECT_EQ(out, -1.5f);
}

}  // namespace
}  // namespace eyechart::data
