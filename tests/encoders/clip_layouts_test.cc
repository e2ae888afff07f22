// Which CLIP a file of weights alone is taken for.
#include "encoders/clip_layouts.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

using eyechart::testing::InputErrorOf;

constexpr const char* kSource = "ViT.pt";

// A ViT and a text tower of CLIP's, as far as names and shapes tell.
struct Towers {
  std::int64_t width = 768;
  std::int64_t layers = 12;
  std::int64_t patch = 32;
  std::int64_t text_width = 512;
  std::int64_t text_layers = 12;
};

TensorShapes ShapesOf(const Towers& towers) {
  const std::int64_t side = 224 / towers.patch;
  TensorShapes shapes = {
      {"visual.conv1.weight", {towers.width, 3, towers.patch, towers.patch}},
      {"visual.positional_embedding", {1 + side * side, towers.width}},
      {"visual.proj", {towers.width, 512}},
      {"token_embedding.weight", {49408, towers.text_width}},
      {"positional_embedding", {77, towers.text_width}}};
  for (std::int64_t i = 0; i < towers.layers; ++i)
    shapes[fmt::format("visual.transformer.resblocks.{}.attn.in_proj_weight",
                       i)] = {3 * towers.width, towers.width};
  for (std::int64_t i = 0; i < towers.text_layers; ++i)
    shapes[fmt::format("transformer.resblocks.{}.attn.in_proj_weight", i)] = {
        3 * towers.text_width, towers.text_width};
  return shapes;
}

TensorShapes WithNumbers(TensorShapes shapes) {
  for (const char* name : {"input_resolution", "context_length", "vocab_size"})
    shapes[name] = {};
  return shapes;
}

std::string ErrorOf(const TensorShapes& shapes) {
  return InputErrorOf([&] { DescribeOpenAiClip(shapes, kSource); });
}

TEST(DescribeOpenAiClip, KnowsAnArchiveByItsNumbers) {
  const ForeignModel model =
      DescribeOpenAiClip(WithNumbers(ShapesOf({})), kSource);
  EXPECT_TRUE(model.notes.empty());
  EXPECT_EQ(model.config["vision_config"]["num_attention_heads"], 12);
  EXPECT_EQ(model.config["vision_config"]["hidden_act"], "quick_gelu");
  EXPECT_EQ(model.config["vision_config"]["image_size"], 224);
  EXPECT_EQ(model.config["text_config"]["num_attention_heads"], 8);
  // All three: one alone may be anybody's.
  TensorShapes some = ShapesOf({});
  some["vocab_size"] = {};
  EXPECT_EQ(DescribeOpenAiClip(some, kSource).notes.size(), 1U);
}

TEST(DescribeOpenAiClip, SaysWhatItAssumesWhereOpenClipHasTheSameShapes) {
  for (const Towers& towers :
       {Towers{}, Towers{.patch = 16},
        Towers{.width = 1024, .layers = 24, .patch = 14, .text_width = 768}}) {
    TensorShapes shapes = ShapesOf(towers);
    const ForeignModel model = DescribeOpenAiClip(shapes, kSource);
    ASSERT_EQ(model.notes.size(), 1U);
    const std::string& note = model.notes.front();
    EXPECT_EQ(note.rfind(kSource, 0), 0U) << note;
    for (const char* said : {"quick_gelu", "heads", "open_clip_config.json"})
      EXPECT_NE(note.find(said), std::string::npos) << note;
    // The same of an image tower alone.
    shapes.erase("token_embedding.weight");
    EXPECT_EQ(DescribeOpenAiClip(shapes, kSource).notes.size(), 1U);
  }
}

TEST(DescribeOpenAiClip, RefusesWhatOpenAiNeverReleased) {
  // H/14, whose heads are 80 wide, bigG/14, and towers that differ in one.
  for (const Towers& towers :
       {Towers{.width = 1280,
       .layers = 32,
       .patch = 14,
       .text_width = 1024,
       .text_layers = 24},
        Towers{.width = 1664, .layers = 48, .patch = 14}, Towers{.layers = 24},
        Towers{.patch = 14}, Towers{.text_width = 640},
        Towers{.text_layers = 6}}) {
    const std::string error = ErrorOf(ShapesOf(towers));
    EXPECT_EQ(error.rfind(kSource, 0), 0U) << error;
    EXPECT_NE(error.find("open_clip_config.json"), std::string::npos) << error;
    EXPECT_NE(error.find(fmt::format("{} wide", towers.width)),
              std::string::npos)
        << error;
  }
}

TEST(DescribeOpenAiClip, RefusesOpenClipsOwnNames) {
  TensorShapes shapes = WithNumbers(ShapesOf({}));
  shapes["text.transformer.embeddings.word_embeddings.weight"] = {9, 8};
  EXPECT_NE(ErrorOf(shapes).find("text.transformer.embeddings"),
            std::string::npos);
  // Which is no such name.
  shapes = WithNumbers(ShapesOf({}));
  shapes["text_projection"] = {512, 512};
  EXPECT_EQ(ErrorOf(shapes), "");
}

TEST(DescribeOpenAiClip, PrintsShapesThatAreNoPatches) {
  for (const std::vector<std::int64_t>& shape :
       std::vector<std::vector<std::int64_t>>{
           {768, 3, 8, 4}, {768, 3, 0, 0}, {768, 1, 32, 32}, {0, 3, 32, 32}}) {
    TensorShapes shapes = WithNumbers(ShapesOf({}));
    shapes["visual.conv1.weight"] = shape;
    const std::string error = ErrorOf(shapes);
    EXPECT_NE(error.find("visual.conv1.weight has shape [" +
                         std::to_string(shape[0])),
              std::string::npos)
        << error;
  }
  TensorShapes shapes = WithNumbers(ShapesOf({}));
  shapes["visual.positional_embedding"] = {0, 768};
  EXPECT_NE(ErrorOf(shapes).find("[0, 768]"), std::string::npos)
      << ErrorOf(shapes);
}

TEST(DescribeOpenAiClip, WantsWholeHeadsOfAnArchive) {
  const std::string error =
      ErrorOf(WithNumbers(ShapesOf({.width = 80, .layers = 2})));
  EXPECT_NE(error.find("80 wide"), std::string::npos) << error;
  EXPECT_NE(error.find("multiple of 64"), std::string::npos) << error;
  EXPECT_EQ(ErrorOf(WithNumbers(ShapesOf({.width = 1280, .layers = 2}))), "");
}

}  // namespace
}  // namespace eyechart::encoders
