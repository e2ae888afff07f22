#include "probes/detection/transfer/detector.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <limits>
#include <string>

#include "core/files.h"
#include "core/hash.h"
#include "probes/heads/tensor_file.h"
#include "tests/fixture.h"

namespace eyechart::detection {
namespace {

namespace fs = std::filesystem;
using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;

class DetectorTest : public ::testing::Test {
 protected:
  DetectorTest() {
    Detector made;
    made.kind = "dense";
    made.options.pyramid.width = 32;
    made.options.pyramid.maps = {{6, 8}};
    made.options.classes = 2;
    made.options.layers = 1;
    made.canvas.width = made.canvas.height = 64;
    made.scale.shift = {at::zeros({6})};
    made.scale.scale = {at::ones({6})};
    made.categories = {{1, "red", ""}, {7, "green", ""}};
    made.head = CreateHead(made.kind, made.options);
    made.encoder = Json::object();
    made.training = Json::object();
    WriteDetector(folder_, made);
  }

  // What a detector.json that `change` changed is refused with.
  std::string Refusal(const std::function<void(Json&)>& change) const {
    Json json = ReadJsonFile(path_);
    change(json);
    WriteText(path_, json.dump());
    return InputErrorOf([&] { ReadDetector(folder_); });
  }

  TempFolder temp_;
  fs::path folder_ = temp_ / "detector";
  fs::path path_ = folder_ / "detector.json";
};

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(DetectorTest, ReadsWhatItWrote) {
  const Detector read = ReadDetector(folder_);
  EXPECT_EQ(read.kind, "dense");
  EXPECT_EQ(read.options.pyramid.width, 32);
  ASSERT_EQ(read.categories.size(), 2U);
  EXPECT_EQ(read.categories[1].id, 7);
  EXPECT_EQ(read.categories[1].name, "green");
}

// Before, a head of that width was built: 10 GB of start values, and minutes.
TEST_F(DetectorTest, AWidthThatTheWeightsLackAsksForNoMemory) {
  const std::string error =
      Refusal([](Json& json) { json["head"]["width"] = 16384; });
  EXPECT_TRUE(Has(error, "\"head.width\" is 16384")) << error;
  EXPECT_TRUE(Has(error, "head.safetensors")) << error;
}

TEST_F(DetectorTest, AMapTooWideAsksForNoMemory) {
  const std::string error =
      Refusal([](Json& json) { json["levels"][0]["width"] = 16384; });
  EXPECT_TRUE(Has(error, "\"levels[0].width\" is 16384")) << error;
}

TEST_F(DetectorTest, PlacesAreNamed) {
  EXPECT_TRUE(Has(Refusal([](Json& json) { json["classes"][1].erase("name"); }),
                  "detector.json: classes[1]: "));
}

TEST_F(DetectorTest, WhatIsNoObjectIsNamed) {
  EXPECT_TRUE(Has(Refusal([](Json& json) {
                    json["classes"] = {1, 2};
                  }),
                  "\"classes[0]\" should be an object"));
  EXPECT_TRUE(Has(Refusal([](Json& json) { json["head"] = nullptr; }),
                  "\"head\" should be an object"));
}

TEST_F(DetectorTest, AnUnknownFilterListsThoseThereAre) {
  EXPECT_TRUE(Has(Refusal([](Json& json) { json["canvas"]["filter"] = "x"; }),
                  "\"x\" is not known; known are "));
}

// An AP of 0 would be told without a word.
TEST_F(DetectorTest, WeightsThatAreNoNumbersAreRefused) {
  const fs::path file = folder_ / "head.safetensors";
  probes::NamedTensors tensors = probes::ReadTensors(file);
  tensors[0].second.fill_(std::numeric_limits<float>::quiet_NaN());
  probes::WriteTensors(file, tensors);
  const std::string error =
      Refusal([&](Json& json) { json["tensors_sha256"] = Sha256File(file); });
  EXPECT_TRUE(Has(error, tensors[0].first)) << error;
  EXPECT_TRUE(Has(error, "not finite")) << error;
}

TEST_F(DetectorTest, ALinkToItselfIsNoDetector) {
  fs::remove(path_);
  fs::create_symlink("detector.json", path_);
  EXPECT_TRUE(
      Has(InputErrorOf([&] { ReadDetector(folder_); }), "no detector.json"));
}

}  // namespace
}  // namespace eyechart::detection
