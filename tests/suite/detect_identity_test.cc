#include "suite/detect_identity.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/files.h"
#include "suite/detect_folder.h"
#include "tests/fixture.h"
#include "tests/probes/detection/transfer/patch_means.h"

namespace eyechart::suite {
namespace {

using detection::testing::FakeModel;
using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;

constexpr const char* kName = "identity.json";

TEST(DetectIdentity, Tf32IsAnotherResult) {
  encoders::LoadedModel model = FakeModel();
  const DetectJob job;
  const Json off = DetectIdentity(model, job);
  EXPECT_FALSE(off.contains("tf32"));  // as before there was a word for it
  model.tf32 = true;
  EXPECT_NE(DetectIdentity(model, job), off);
}

TEST(DetectIdentity, ADoneResultIsBoundToItsFile) {
  const TempFolder folder;
  const Json identity = {{"steps", 4}};
  const auto done = [&](std::vector<Record>* records = nullptr) {
    return FindDone(folder.path(), kName, identity, records).has_value();
  };
  const Json result = {{"AP", 0.1}, {"seconds", 2.5}};
  WriteText(folder / "detect.json", result.dump());
  EXPECT_FALSE(done());
  Record record;
  record.cell = "dinov2/detect/set";
  record.setting = {{"steps", "4"}};
  SetMetric(record, "ap", 0.1);
  MarkDone(folder.path(), kName, identity, std::vector{record});
  // Whatever stands in records.jsonl by now.
  WriteText(folder / "records.jsonl", "");
  std::vector<Record> records;
  EXPECT_TRUE(done(&records));
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(RecordToLine(records[0]), RecordToLine(record));
  // A comparison comes and goes; it is no other result.
  Json compared = result;
  compared["comparison"] = {{"difference", 0.01}};
  WriteText(folder / "detect.json", compared.dump(1));
  EXPECT_TRUE(done());
  compared["AP"] = 0.2;
  WriteText(folder / "detect.json", compared.dump(1));
  EXPECT_FALSE(done());
  // Of an earlier version, which did not say whose result stands there.
  WriteText(folder / kName, identity.dump());
  EXPECT_FALSE(done());
  WriteText(folder / kName, "[]");
  EXPECT_FALSE(done());
}

TEST(DetectIdentity, WhatCannotBeLookedUpIsAnInputError) {
  const TempFolder folder;
  // Longer than a name can be on common file systems.
  const auto lost = folder / std::string(300, 'x');
  const auto told = [&](const std::string& error) {
    EXPECT_NE(error.find(lost.string()), std::string::npos) << error;
    EXPECT_NE(error.find("cannot be looked up"), std::string::npos) << error;
  };
  told(InputErrorOf([&] { FindDone(lost, kName, Json()); }));
  told(InputErrorOf([&] { ForgetDone(lost, kName); }));
  told(InputErrorOf([&] { RequireDetectFolder(lost); }));
  EXPECT_FALSE(IsThere(folder / "none"));
  EXPECT_TRUE(IsThere(folder.path()));
}

}  // namespace
}  // namespace eyechart::suite
