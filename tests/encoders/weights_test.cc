#include "encoders/weights.h"

#include <ATen/ops/from_blob.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "core/files.h"
#include "tests/encoders/toy_checkpoint.h"
#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;
using testing::ToyTensors;
using testing::WriteSafetensors;

class WeightsTest : public ::testing::Test {
 protected:
  Checkpoint Files(const std::vector<std::string>& names) {
    Checkpoint checkpoint;
    checkpoint.folder = temp_.path();
    for (const auto& name : names)
      checkpoint.weight_files.push_back(temp_ / name);
    return checkpoint;
  }
  std::string OpenError() {
    return InputErrorOf([&] { WeightStore store(Files({"w.safetensors"})); });
  }

  TempFolder temp_;
};

TEST_F(WeightsTest, HandsOutCopiesByName) {
  WriteSafetensors(temp_ / "w.safetensors", {{"a", {{2, 2}, {1, 2, 3, 4}}},
                                             {"b", {{2, 2}, {5, 6, 7, 8}}}});
  WeightStore store(Files({"w.safetensors"}));
  const at::Tensor a = store.Take("a", {2, 2});
  EXPECT_EQ(a[1][0].item<float>(), 3);
  const at::Tensor both = store.TakeStacked({"b", "a"}, {2, 2});
  EXPECT_EQ(both.sizes().vec(), (std::vector<std::int64_t>{4, 2}));
  EXPECT_EQ(both[1][1].item<float>(), 8);
  EXPECT_EQ(both[2][0].item<float>(), 1);
  EXPECT_EQ(store.parameters(), 8);
}

TEST_F(WeightsTest, ReadsHalfPrecisionAtOddOffsets) {
  // One byte of header padding less than alignment asks for.
  const std::uint16_t half = 0x3E00;   // 1.5 as fp16
  const std::uint16_t brain = 0x3FC0;  // 1.5 as bf16
  std::string header =
      R"({"h":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},)"
      R"("b":{"dtype":"BF16","shape":[1],"data_offsets":[2,4]}})";
  if (header.size() % 2 == 0) header += ' ';
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(header.size());
  bytes += header;
  bytes.append(reinterpret_cast<const char*>(&half), 2);
  bytes.append(reinterpret_cast<const char*>(&brain), 2);
  WriteText(temp_ / "w.safetensors", bytes);
  WeightStore store(Files({"w.safetensors"}));
  EXPECT_EQ(store.Take("h", {1}).item<float>(), 1.5F);
  EXPECT_EQ(store.Take("b", {1}).item<float>(), 1.5F);
}

TEST_F(WeightsTest, NamesFileTensorAndShapes) {
  WriteSafetensors(temp_ / "w.safetensors",
                   {{"layer.0.weight", {{2, 3}, std::vector<float>(6)}}});
  WeightStore store(Files({"w.safetensors"}));
  const std::string shape = InputErrorOf([&] {
    store.Take("layer.0.weight", {3, 2});
  });
  EXPECT_NE(shape.find("w.safetensors"), std::string::npos) << shape;
  EXPECT_NE(shape.find("layer.0.weight has shape [2, 3]"), std::string::npos);
  EXPECT_NE(shape.find("[3, 2]"), std::string::npos) << shape;
  // Which there need not be.
  EXPECT_EQ(shape.find("config.json"), std::string::npos) << shape;
}

TEST_F(WeightsTest, ListsAllThatIsMissing) {
  WriteSafetensors(temp_ / "w.safetensors",
                   {{"layer.0.weight", {{2, 3}, std::vector<float>(6, 1)}}});
  WeightStore one(Files({"w.safetensors"}));
  EXPECT_EQ(one.Take("layer.0.weights", {2, 3}).sum().item<float>(), 0);
  const std::string missing = InputErrorOf([&] { one.RequireComplete(); });
  EXPECT_NE(missing.find("layer.0.weights is missing"), std::string::npos);
  EXPECT_NE(missing.find("did you mean \"layer.0.weight\""), std::string::npos)
      << missing;

  WeightStore two(Files({"w.safetensors"}));
  two.TakeStacked({"a", "layer.0.weight", "b"}, {2, 3});
  EXPECT_EQ(two.missing(), (std::vector<std::string>{"a", "b"}));
  EXPECT_NE(InputErrorOf([&] {
              two.RequireComplete();
            }).find("2 tensors are missing: a, b"),
            std::string::npos);
}

TEST_F(WeightsTest, TakesNoMemoryForWhatCannotBeThere) {
  WriteSafetensors(temp_ / "w.safetensors", {{"a", {{1}, {1}}}});
  WeightStore store(Files({"w.safetensors"}));
  EXPECT_NE(InputErrorOf([&] {
              store.Take("b", {1 << 24, 1 << 24});
            }).find("b is missing"),
            std::string::npos);
  EXPECT_NE(InputErrorOf([&] {
              for (int i = 0; i < 100000; ++i)
                store.Take(std::to_string(i), {1});
            }).find("tensors are missing"),
            std::string::npos);
}

TEST_F(WeightsTest, RefusesQuantisedTensors) {
  const std::string header =
      R"({"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}})";
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(header.size());
  WriteText(temp_ / "w.safetensors", bytes + header + "x");
  WeightStore store(Files({"w.safetensors"}));
  EXPECT_NE(InputErrorOf([&] { store.Take("a", {1}); }).find("I8"),
            std::string::npos);
}

TEST_F(WeightsTest, ListsWhatIsNotUsed) {
  const testing::ToyTensor one = {{1}, {1}};
  WriteSafetensors(
      temp_ / "w.safetensors",
      {{"text.a", one}, {"b.position_ids", one}, {"c", one}, {"d", one}});
  WeightStore store(Files({"w.safetensors"}));
  store.Take("c", {1});
  const auto unused =
      store.Unused({.prefixes = {"text."}, .suffixes = {"position_ids"}});
  EXPECT_EQ(unused, std::vector<std::string>{"d"});
  EXPECT_NE(InputErrorOf([&] { store.RequireAllUsed(unused); }).find("d;"),
            std::string::npos);
  EXPECT_EQ(InputErrorOf([&] { store.RequireAllUsed({}); }), "");
}

TEST_F(WeightsTest, RefusesDamagedFiles) {
  WriteSafetensors(temp_ / "w.safetensors",
                   {{"a", {{64}, std::vector<float>(64)}}});
  const std::string whole = ReadFile(temp_ / "w.safetensors");
  WriteText(temp_ / "w.safetensors", whole.substr(0, whole.size() - 1));
  EXPECT_NE(OpenError().find("cut short"), std::string::npos) << OpenError();

  std::string huge = whole;
  const std::uint64_t length = std::uint64_t{1} << 60;
  std::memcpy(huge.data(), &length, sizeof(length));
  WriteText(temp_ / "w.safetensors", huge);
  EXPECT_NE(OpenError().find("1152921504606846976"), std::string::npos)
      << OpenError();
}

TEST_F(WeightsTest, ReadsAForeignLayoutUnderNativeNames) {
  static constexpr KeyRule kRules[] = {
      {"blocks.*.qkv", "layers.*.{q,k,v}", KeyAction::kSplit},
      {"proj", "projection", KeyAction::kTranspose},
      {"mask", "", KeyAction::kIgnore}};
  static constexpr KeyLayout kLayouts[] = {{"other", "blocks.*.qkv", kRules}};
  WriteSafetensors(temp_ / "w.safetensors",
                   {{"blocks.7.qkv", {{3, 1}, {1, 2, 3}}},
                    {"proj", {{1, 2}, {4, 5}}},
                    {"mask", {{1}, {0}}},
                    {"odd", {{1}, {0}}}});
  WeightStore store(Files({"w.safetensors"}), kLayouts);
  EXPECT_EQ(store.layout(), "other");
  EXPECT_EQ(store.Take("layers.7.k", {1, 1}).item<float>(), 2);
  EXPECT_EQ(store.Take("projection", {2, 1})[1].item<float>(), 5);
  EXPECT_EQ(store.TakeStacked({"layers.7.q", "layers.7.v"}, {1, 1})
                .sum()
                .item<float>(),
            4);
  EXPECT_EQ(store.parameters(), 5);
  EXPECT_EQ(store.Unused({}), std::vector<std::string>{"odd"});
}

TEST_F(WeightsTest, RefusesATensorInTwoShards) {
  const ToyTensors tensors = {{"a", {{1}, {1}}}};
  WriteSafetensors(temp_ / "1.safetensors", tensors);
  WriteSafetensors(temp_ / "2.safetensors", tensors);
  EXPECT_NE(InputErrorOf([&] {
              WeightStore store(Files({"1.safetensors", "2.safetensors"}));
            }).find("tensor a is in"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::encoders
