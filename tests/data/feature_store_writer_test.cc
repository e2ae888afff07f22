#include "data/feature_store_writer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "core/files.h"
#include "core/hash.h"
#include "data/feature_store.h"
#include "tests/data/store_fixture.h"
#include "tests/fixture.h"

namespace eyechart::data {
namespace {

namespace fs = std::filesystem;
using testing::InputErrorOf;
using testing::StoreIdentity;
using testing::StoreItems;
using testing::TempFolder;
using testing::WriteRows;

constexpr StoreWriteOptions kByTwo = {2, DType::kF32};

void WriteStore(const fs::path& folder, std::int64_t count) {
  FeatureStoreWriter writer(folder, StoreIdentity(3), StoreItems(count),
                            kByTwo);
  for (std::int64_t k = 0; k < writer.shard_count(); ++k)
    if (!writer.done(k)) WriteRows(writer, k, 3);
  writer.Finish();
}

TEST(FeatureStoreWriter, WritesWhatTheReaderReads) {
  const TempFolder folder;
  WriteStore(folder / "store", 5);
  const FeatureStore store(folder / "store");
  store.Verify();
  EXPECT_EQ(store.count(), 5);
  EXPECT_EQ(store.manifest().shards.size(), 3u);
  EXPECT_EQ(store.items()[4].label, "label,4");
  std::vector<float> rows(3 * 3);
  store.ReadPooled(1, 3, rows.data());  // across two shards
  EXPECT_EQ(rows, (std::vector<float>{1, 1.125, 1.25, 2, 2.125, 2.25, 3, 3.125,
                                      3.25}));
  EXPECT_EQ(store.PooledRow(4)[0], 4.0f);
  EXPECT_EQ(store.manifest().items_sha256,
            Sha256File(folder / "store/items.csv"));
  EXPECT_FALSE(fs::exists(folder / "store.partial"));
  EXPECT_FALSE(fs::exists(folder / "store/items-00000.csv"));
}

TEST(FeatureStoreWriter, GoesOnWhereItWasStopped) {
  const TempFolder folder;
  WriteStore(folder / "whole", 5);
  {
    FeatureStoreWriter writer(folder / "store", StoreIdentity(3), StoreItems(5),
                              kByTwo);
    WriteRows(writer, 1, 3);
  }
  EXPECT_FALSE(fs::exists(folder / "store"));
  FeatureStoreWriter writer(folder / "store", StoreIdentity(3), StoreItems(5),
                            kByTwo);
  EXPECT_FALSE(writer.done(0));
  EXPECT_TRUE(writer.done(1));
  EXPECT_EQ(writer.items()[2].sha256, "sha2");
  WriteRows(writer, 0, 3);
  WriteRows(writer, 2, 3);
  writer.Finish();
  for (const char* file :
       {"manifest.json", "items.csv", "shard-00000.safetensors",
        "shard-00001.safetensors"})
    EXPECT_EQ(ReadFile(folder / "store" / file),
              ReadFile(folder / "whole" / file))
        << file;
}

TEST(FeatureStoreWriter, GoesOnWithTheShardsOfTheFormerRun) {
  const TempFolder folder;
  WriteStore(folder / "whole", 5);
  {
    FeatureStoreWriter writer(folder / "store", StoreIdentity(3), StoreItems(5),
                              kByTwo);
    WriteRows(writer, 0, 3);
  }
  FeatureStoreWriter writer(folder / "store", StoreIdentity(3), StoreItems(5),
                            {3, DType::kF32});
  ASSERT_EQ(writer.shard_count(), 3);
  EXPECT_TRUE(writer.done(0));
  WriteRows(writer, 1, 3);
  WriteRows(writer, 2, 3);
  writer.Finish();
  EXPECT_EQ(ReadFile(folder / "store/manifest.json"),
            ReadFile(folder / "whole/manifest.json"));
}

TEST(FeatureStoreWriter, ComputesAgainWhatIsDamaged) {
  const TempFolder folder;
  {
    FeatureStoreWriter writer(folder / "store", StoreIdentity(3), StoreItems(4),
                              kByTwo);
    WriteRows(writer, 0, 3);
    WriteRows(writer, 1, 3);
  }
  const fs::path shard = folder / "store.partial/shard-00001.safetensors";
  fs::resize_file(shard, fs::file_size(shard) - 1);
  FeatureStoreWriter writer(folder / "store", StoreIdentity(3), StoreItems(4),
                            kByTwo);
  EXPECT_TRUE(writer.done(0));
  EXPECT_FALSE(writer.done(1));
}

TEST(FeatureStoreWriter, TakesAWholeStoreAsItIs) {
  const TempFolder folder;
  WriteStore(folder / "store", 3);
  const FeatureStoreWriter writer(folder / "store", StoreIdentity(3),
                                  StoreItems(3), kByTwo);
  EXPECT_TRUE(writer.complete());
  EXPECT_TRUE(writer.done(0));
  EXPECT_TRUE(writer.done(1));
}

TEST(FeatureStoreWriter, RefusesToMix) {
  const TempFolder folder;
  WriteStore(folder / "whole", 3);
  {
    FeatureStoreWriter writer(folder / "begun", StoreIdentity(3), StoreItems(3),
                              kByTwo);
    WriteRows(writer, 0, 3);
  }
  for (const char* name : {"whole", "begun"}) {
    const auto error = [&](const StoreManifest& identity,
                           std::vector<StoreItem> items) {
      return InputErrorOf([&] {
        FeatureStoreWriter writer(folder / name, identity, std::move(items),
                                  kByTwo);
      });
    };
    StoreManifest other = StoreIdentity(3);
    other.weights_sha256 = "others";
    EXPECT_NE(error(other, StoreItems(3))
                  .find("weights weights, now it is "
                        "others"),
              std::string::npos)
        << name;
    other = StoreIdentity(3);
    other.dtype = "bf16";
    EXPECT_NE(error(other, StoreItems(3)).find("dtype fp32"),
              std::string::npos);
    other = StoreIdentity(3);
    other.computed_in = "bf16";
    EXPECT_NE(
        error(other, StoreItems(3)).find("products in fp32, now it is bf16"),
        std::string::npos);
    other = StoreIdentity(3);
    other.tf32 = "on";
    EXPECT_NE(error(other, StoreItems(3)).find("TF32 off, now it is on"),
              std::string::npos);
    other = StoreIdentity(3);
    other.preprocess_sha256 = "x";
    EXPECT_NE(error(other, StoreItems(3)).find("preprocessing"),
              std::string::npos);
    EXPECT_NE(error(StoreIdentity(3), StoreItems(4)).find("pictures"),
              std::string::npos);
    std::vector<StoreItem> items = StoreItems(3);
    items[0].id = "renamed";
    EXPECT_NE(error(StoreIdentity(3), items).find("other images"),
              std::string::npos);
  }
}

TEST(FeatureStoreWriter, GoesOnFromTheCpuWhereCudaHasTf32Off) {
  const TempFolder folder;
  {
    FeatureStoreWriter writer(folder / "store", StoreIdentity(3), StoreItems(4),
                              kByTwo);
    WriteRows(writer, 0, 3);
  }
  StoreManifest cuda = StoreIdentity(3);
  cuda.tf32 = "off";
  const FeatureStoreWriter writer(folder / "store", cuda, StoreItems(4),
                                  kByTwo);
  EXPECT_TRUE(writer.done(0));
}

TEST(FeatureStoreWriter, TouchesNoFolderThatIsNoStore) {
  const TempFolder folder;
  testing::WriteText(folder / "store/precious.txt", "mine");
  const std::string error =
      InputErrorOf([&] { WriteStore(folder / "store", 2); });
  EXPECT_NE(error.find("is no feature store"), std::string::npos) << error;
  EXPECT_EQ(ReadFile(folder / "store/precious.txt"), "mine");
}

TEST(FeatureStoreWriter, AbandonsWithoutATrace) {
  const TempFolder folder;
  FeatureStoreWriter writer(folder / "store", StoreIdentity(3), StoreItems(3),
                            kByTwo);
  WriteRows(writer, 0, 3);
  writer.Abandon();
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace eyechart::data
