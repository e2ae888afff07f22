#include "probes/heads/zero_shot.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "tests/fixture.h"

namespace eyechart::probes {
namespace {

using eyechart::testing::InputErrorOf;
using Strings = std::vector<std::string>;

/// Embeddings from a table of two values a text; keeps what it was asked.
struct Table {
  std::map<std::string, std::vector<float>> rows;
  std::vector<Strings> batches;

  EmbedTexts Embed() {
    return [this](const Strings& texts) {
      batches.push_back(texts);
      at::Tensor made =
          at::empty({static_cast<std::int64_t>(texts.size()), 2}, at::kFloat);
      auto* out = made.mutable_data_ptr<float>();
      for (const std::string& text : texts)
        for (const float value : rows.at(text)) *out++ = value;
      return made;
    };
  }
};

PromptFile Prompts(Strings templates) {
  PromptFile prompts;
  prompts.templates = std::move(templates);
  return prompts;
}

double At(const at::Tensor& matrix, std::int64_t row, std::int64_t column) {
  return matrix[row][column].item<double>();
}

TEST(ClassEmbeddings, AreMeansOfUnitRowsOfLengthOne) {
  // Lengths 5 and 1: without the first norm the long one would lead.
  Table table{
      {{"a x", {3, 4}}, {"the x", {1, 0}}, {"a y", {0, 2}}, {"the y", {0, 9}}},
      {}};
  const at::Tensor made =
      ClassEmbeddings(Prompts({"a {}", "the {}"}), {"x", "y"}, table.Embed());
  ASSERT_EQ(made.sizes(), (at::IntArrayRef{2, 2}));
  EXPECT_EQ(made.scalar_type(), at::kFloat);
  // (0.6, 0.8) + (1, 0) = (1.6, 0.8), of length sqrt(3.2).
  EXPECT_NEAR(At(made, 0, 0), 1.6 / std::sqrt(3.2), 1e-7);
  EXPECT_NEAR(At(made, 0, 1), 0.8 / std::sqrt(3.2), 1e-7);
  EXPECT_EQ(At(made, 1, 0), 0);
  EXPECT_EQ(At(made, 1, 1), 1);
}

TEST(ClassEmbeddings, OtherNamesOfAClassCount) {
  PromptFile prompts = Prompts({"{}!"});
  prompts.other_names = {{"x", {"z"}}, {"not asked for", {"w"}}};
  Table table{{{"x!", {1, 0}}, {"z!", {0, 1}}, {"y!", {0, 1}}}, {}};
  const at::Tensor made = ClassEmbeddings(prompts, {"y", "x"}, table.Embed());
  EXPECT_EQ(At(made, 0, 0), 0);
  EXPECT_NEAR(At(made, 1, 0), std::sqrt(0.5), 1e-7);
  EXPECT_NEAR(At(made, 1, 1), std::sqrt(0.5), 1e-7);
}

TEST(ClassEmbeddings, BatchesAreBoundedAndChangeNothing) {
  Table table;
  Strings classes;
  for (int k = 0; k < 7; ++k) {
    classes.push_back("c_" + std::to_string(k));
    for (const char* before : {"a ", "b ", "c "})
      table.rows[before + classes.back()] = {
          static_cast<float>(k + before[0] % 5), 3};
  }
  const PromptFile prompts = Prompts({"a {}", "b {}", "c {}"});
  const at::Tensor whole = ClassEmbeddings(prompts, classes, table.Embed());
  ASSERT_EQ(table.batches.size(), 1U);
  for (const std::int64_t batch : {1, 2, 4, 20, 21, 22}) {
    table.batches.clear();
    ZeroShotOptions options;
    options.batch = batch;
    const at::Tensor made =
        ClassEmbeddings(prompts, classes, table.Embed(), options);
    EXPECT_TRUE(made.equal(whole)) << batch;
    std::size_t texts = 0;
    for (const Strings& one : table.batches) {
      EXPECT_LE(std::ssize(one), batch);
      EXPECT_FALSE(one.empty());
      texts += one.size();
    }
    EXPECT_EQ(texts, 21U);
  }
}

TEST(ClassEmbeddings, UnderscoresAreKeptUnlessAskedFor) {
  Table table{{{"a b_c", {1, 0}}, {"a b c", {0, 1}}}, {}};
  ZeroShotOptions options;
  EXPECT_EQ(
      At(ClassEmbeddings(Prompts({"a {}"}), {"b_c"}, table.Embed()), 0, 0), 1);
  options.fill.underscores_to_blanks = true;
  EXPECT_EQ(
      At(ClassEmbeddings(Prompts({"a {}"}), {"b_c"}, table.Embed(), options), 0,
         1),
      1);
}

TEST(ClassEmbeddings, TextsWithoutADirectionAreNamed) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const std::vector<float>& row : std::vector<std::vector<float>>{
           {0, 0}, {nan, 1}, {std::numeric_limits<float>::infinity(), 1}}) {
    Table table{{{"a x", {1, 0}}, {"a y", row}}, {}};
    const std::string error = InputErrorOf([&] {
      ClassEmbeddings(Prompts({"a {}"}), {"x", "y"}, table.Embed());
    });
    EXPECT_NE(error.find("\"a y\""), std::string::npos) << error;
  }
  Table table{{{"a x", {1, 0}}, {"b x", {-2, 0}}}, {}};
  const std::string error = InputErrorOf([&] {
    ClassEmbeddings(Prompts({"a {}", "b {}"}), {"x"}, table.Embed());
  });
  EXPECT_NE(error.find("class \"x\""), std::string::npos) << error;
}

TEST(ClassEmbeddings, RefuseWhatDoesNotFit) {
  Table table{{{"a x", {1, 0}}}, {}};
  EXPECT_THROW(ClassEmbeddings(Prompts({"a {}"}), {}, table.Embed()),
               std::logic_error);
  EXPECT_THROW(ClassEmbeddings(Prompts({}), {"x"}, table.Embed()),
               std::logic_error);
  const auto three = [](const Strings&) { return at::ones({3, 2}); };
  EXPECT_THROW(ClassEmbeddings(Prompts({"a {}"}), {"x"}, three),
               std::logic_error);
  std::int64_t width = 1;
  ZeroShotOptions options;
  options.batch = 1;
  const auto wider = [&](const Strings&) { return at::ones({1, ++width}); };
  EXPECT_THROW(ClassEmbeddings(Prompts({"a {}"}), {"x", "y"}, wider, options),
               std::logic_error);
}

TEST(ZeroShotScores, AreScaledCosinesPlusTheBias) {
  const at::Tensor features =
      at::tensor({3.f, 4.f, 0.f, 0.f, -2.f, 0.f}).view({3, 2});
  const at::Tensor classes = at::tensor({1.f, 0.f, 0.f, 7.f}).view({2, 2});
  const at::Tensor scores = ZeroShotScores(features, classes, 100, -10);
  ASSERT_EQ(scores.sizes(), (at::IntArrayRef{3, 2}));
  EXPECT_NEAR(At(scores, 0, 0), 50, 1e-4);
  EXPECT_NEAR(At(scores, 0, 1), 70, 1e-4);
  EXPECT_EQ(At(scores, 1, 0), -10);  // zeros have cosine 0
  EXPECT_EQ(At(scores, 2, 0), -110);
  EXPECT_EQ(At(scores, 2, 1), -10);
  EXPECT_NEAR(At(ZeroShotScores(features, classes, 2), 0, 0), 1.2, 1e-6);
}

TEST(ZeroShotScores, LengthsDoNotMatterAndNaNStays) {
  at::Tensor features = at::randn({20, 8});
  const at::Tensor classes = at::randn({5, 8});
  const at::Tensor scores = ZeroShotScores(features, classes, 1);
  EXPECT_LT((ZeroShotScores(features * 1e-15, classes * 1e9, 1) - scores)
                .abs()
                .max()
                .item<double>(),
            1e-5);
  EXPECT_LE(scores.abs().max().item<double>(), 1 + 1e-6);
  features[3][2] = std::numeric_limits<float>::quiet_NaN();
  const at::Tensor odd = ZeroShotScores(features, classes, 1).isfinite();
  EXPECT_FALSE(odd[3].any().item<bool>());
  EXPECT_EQ(odd.sum().item<std::int64_t>(), 19 * 5);
}

TEST(ZeroShotScores, RefuseShapesThatDoNotFit) {
  EXPECT_THROW(ZeroShotScores(at::ones({2, 3}), at::ones({2, 4}), 1),
               std::logic_error);
  EXPECT_THROW(ZeroShotScores(at::ones({3}), at::ones({2, 3}), 1),
               std::logic_error);
}

}  // namespace
}  // namespace eyechart::probes
