#include "encoders/key_map.h"

#include <ATen/ops/arange.h>
#include <gtest/gtest.h>

#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

using eyechart::testing::InputErrorOf;

StoredTensor Matrix(std::int64_t rows, std::int64_t columns) {
  return {
      {rows, columns},
      "F32",
      at::arange(static_cast<double>(rows * columns)).view({rows, columns})};
}

TEST(KeyMapTest, StarsStandForOneNumberEach) {
  std::vector<std::string_view> stars;
  EXPECT_TRUE(MatchesKey("blocks.12.attn.3.w", "blocks.*.attn.*.w", &stars));
  EXPECT_EQ(stars, (std::vector<std::string_view>{"12", "3"}));
  EXPECT_FALSE(MatchesKey("blocks.x.w", "blocks.*.w"));
  EXPECT_FALSE(MatchesKey("blocks..w", "blocks.*.w"));
  EXPECT_FALSE(MatchesKey("blocks.1.w.more", "blocks.*.w"));
  EXPECT_FALSE(MatchesKey("blocks.1", "blocks.*.w"));
  EXPECT_TRUE(MatchesKey("norm.weight", "norm.**"));
  EXPECT_TRUE(MatchesKey("norm.", "norm.**"));
  EXPECT_FALSE(MatchesKey("norm", "norm.**"));
}

TEST(KeyMapTest, RulesRenameAndReshape) {
  constexpr KeyRule kRules[] = {
      {"a.*.b.**", "x.*.y.**"},
      {"t", "turned", KeyAction::kTranspose},
      {"s", "squeezed", KeyAction::kSqueeze},
      {"f.*.**", "p.*.{one,two}.**", KeyAction::kSplit},
      {"i", "", KeyAction::kIgnore}};
  const KeyLayout layout{"toy", "a.*.b.weight", kRules};
  const auto map = [&](const std::string& name, const StoredTensor& tensor) {
    return MapKey(layout, name, tensor, "file");
  };
  EXPECT_EQ(map("a.4.b.bias", Matrix(1, 1)).at(0).name, "x.4.y.bias");
  const auto turned = map("t", Matrix(2, 3)).at(0).tensor;
  EXPECT_EQ(turned.shape, (std::vector<std::int64_t>{3, 2}));
  EXPECT_EQ(turned.view[2][0].item<float>(), 2);
  EXPECT_EQ(map("s", Matrix(1, 3)).at(0).tensor.shape,
            std::vector<std::int64_t>{3});
  const auto parts = map("f.0.weight", Matrix(4, 2));
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[1].name, "p.0.two.weight");
  EXPECT_EQ(parts[1].tensor.view[0][0].item<float>(), 4);
  EXPECT_TRUE(map("i", Matrix(1, 1)).empty());
  EXPECT_EQ(map("unknown", Matrix(1, 1)).at(0).name, "unknown");
}

TEST(KeyMapTest, ShapesThatDoNotFitARuleAreNamed) {
  constexpr KeyRule kRules[] = {{"t", "t", KeyAction::kTranspose},
                                {"s", "s", KeyAction::kSqueeze},
                                {"f", "{a,b,c}", KeyAction::kSplit}};
  const KeyLayout layout{"toy", "t", kRules};
  const auto error = [&](const std::string& name, const StoredTensor& tensor) {
    return InputErrorOf([&] { MapKey(layout, name, tensor, "w.bin"); });
  };
  const StoredTensor vector{{4}, "F32", at::arange(4.0)};
  EXPECT_NE(error("t", vector).find("w.bin: tensor t"), std::string::npos);
  EXPECT_NE(error("s", vector).find("first extent"), std::string::npos);
  EXPECT_NE(error("f", vector).find("multiple of 3"), std::string::npos);
}

}  // namespace
}  // namespace eyechart::encoders
