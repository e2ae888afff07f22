#include "probes/detection/transfer/exported_answers.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/fixture.h"

namespace eyechart::detection {
namespace {

using encoders::ProgramResults;
using eyechart::testing::InputErrorOf;

const Canvas kCanvas = {100, 50, false, data::Filter::kBicubic, {}};

Json Labelled() {
  return {{"boxes", 0},  {"format", "xyxy"}, {"normalized", false},
          {"scores", 1}, {"labels", 2},      {"needs_nms", true}};
}

Json Classes(const std::string& activation) {
  return {{"boxes", 0},  {"format", "xyxy"},         {"normalized", false},
          {"logits", 1}, {"activation", activation}, {"needs_nms", false}};
}

at::Tensor Of(const std::vector<double>& values,
              const std::vector<std::int64_t>& shape) {
  return at::tensor(values, at::kFloat).view(shape);
}

// What a detector of so many classes finds in one picture.
FoundBoxes Found(const Json& detector,
                 const ProgramResults& results,
                 std::int64_t classes,
                 const DetectOptions& options = {}) {
  const AnswerLayout layout = ReadAnswerLayout(detector, classes, "f.json");
  return MakeExportedHead(layout, kCanvas)
      ->Detect(PickAnswers(layout, results, 1), options)
      .front();
}

std::vector<float> Floats(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.to(at::kFloat).contiguous().view(-1);
  const auto* data = flat.const_data_ptr<float>();
  return {data, data + flat.numel()};
}

using Values = std::vector<float>;

TEST(ExportedAnswers, ScoresAndLabelsComeBestFirst) {
  const ProgramResults results = {
      {},
      {Of({1, 2, 3, 4, 10, 20, 30, 40, 5, 5, 6, 6}, {1, 3, 4}),
       Of({0.2, 0.7, 0.0005}, {1, 3}), Of({0, 1, 0}, {1, 3})}};
  const FoundBoxes found = Found(Labelled(), results, 2);
  EXPECT_EQ(Floats(found.corners), (Values{10, 20, 30, 40, 1, 2, 3, 4}));
  EXPECT_EQ(Floats(found.scores), (Values{0.7f, 0.2f}));
  EXPECT_EQ(Floats(found.classes), (Values{1, 0}));
  EXPECT_EQ(found.classes.scalar_type(), at::kLong);
  EXPECT_EQ(
      Found(Labelled(), results, 2, {.min_score = 0, .most = 1}).scores.numel(),
      1);
}

TEST(ExportedAnswers, AProgramForOnePictureMayLeaveThePicturesOut) {
  const ProgramResults results = {
      {"labels", "boxes", "scores"},
      {Of({1}, {1}), Of({1, 2, 3, 4}, {1, 4}), Of({0.5}, {1})}};
  Json detector = Labelled();
  detector["boxes"] = "boxes";
  detector["scores"] = "scores";
  detector["labels"] = "labels";
  EXPECT_EQ(Floats(Found(detector, results, 2).classes), (Values{1}));
  // No box at all.
  const ProgramResults none = {
      {"labels", "boxes", "scores"},
      {at::zeros({0}), at::zeros({0, 4}), at::zeros({0})}};
  EXPECT_EQ(Found(detector, none, 2).scores.numel(), 0);
}

TEST(ExportedAnswers, CentresAndPartsBecomeCornersInPixels) {
  Json detector = Labelled();
  detector["format"] = "cxcywh";
  detector["normalized"] = true;
  const ProgramResults results = {{},
                                  {Of({0.5, 0.5, 0.2, 0.4}, {1, 1, 4}),
                                   Of({0.5}, {1, 1}), Of({0}, {1, 1})}};
  const Values corners = Floats(Found(detector, results, 1).corners);
  const Values expected = {40, 15, 60, 35};
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(corners[i], expected[i], 1e-4);
}

TEST(ExportedAnswers, EachClassOfASigmoidIsABoxOfItsOwn) {
  const ProgramResults results = {{},
                                  {Of({1, 2, 3, 4, 5, 6, 7, 8}, {1, 2, 4}),
                                   Of({0, -9, 2, 1, -9, -9}, {1, 2, 3})}};
  const FoundBoxes found =
      Found(Classes("sigmoid"), results, 3, {.min_score = 0.1});
  // sigmoid(2), sigmoid(1), sigmoid(0)
  ASSERT_EQ(found.scores.numel(), 3);
  EXPECT_NEAR(Floats(found.scores)[0], 0.8807971, 1e-6);
  EXPECT_NEAR(Floats(found.scores)[1], 0.7310586, 1e-6);
  EXPECT_EQ(Floats(found.classes), (Values{2, 0, 0}));
  EXPECT_EQ(Floats(found.corners),
            (Values{1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4}));
}

TEST(ExportedAnswers, ASoftmaxGivesABoxItsBestClassButNoObject) {
  Json detector = Classes("softmax");
  // ln 1, ln 2, ln 5: shares 0.125, 0.25, 0.625.
  const std::vector<double> logits = {0, std::log(2), std::log(5)};
  const ProgramResults results = {
      {}, {Of({1, 2, 3, 4}, {1, 1, 4}), Of(logits, {1, 1, 3})}};
  detector["background"] = "last";
  const FoundBoxes last = Found(detector, results, 2);
  EXPECT_EQ(Floats(last.classes), (Values{1}));
  EXPECT_NEAR(Floats(last.scores)[0], 0.25, 1e-6);
  detector["background"] = "first";
  const FoundBoxes first = Found(detector, results, 2);
  EXPECT_EQ(Floats(first.classes), (Values{1}));
  EXPECT_NEAR(Floats(first.scores)[0], 0.625, 1e-6);
}

TEST(ExportedAnswers, ColumnsAreCutOutOfOneTensor) {
  Json detector = Classes("none");
  detector["layout"] = "columns";
  detector["boxes"] = {{"output", 0}, {"from", 0}, {"to", 4}};
  detector["logits"] = {{"output", 0}, {"from", 4}};
  // Rows of 4 + 2 values; columns are the two boxes.
  const ProgramResults results = {
      {}, {Of({1, 5, 2, 6, 3, 7, 4, 8, 0.5, 0, 0, 0.75}, {1, 6, 2})}};
  const FoundBoxes found = Found(detector, results, 2);
  EXPECT_EQ(Floats(found.corners), (Values{5, 6, 7, 8, 1, 2, 3, 4}));
  EXPECT_EQ(Floats(found.scores), (Values{0.75f, 0.5f}));
  EXPECT_EQ(Floats(found.classes), (Values{1, 0}));
}

TEST(ExportedAnswers, WhatIsNoBoxIsLeftOut) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Json detector = Labelled();
  detector["first_label"] = 1;
  const ProgramResults results = {
      {},
      {Of({1, 2, 3, 4, nan, 2, 3, 4, 3, 2, 1, 4, 1, 2, 3, 4, 1, 2, 3, 4},
          {1, 5, 4}),
       Of({0.9, 0.8, 0.7, 0.6, nan}, {1, 5}), Of({2, 1, 1, 0, 1}, {1, 5})}};
  const FoundBoxes found = Found(detector, results, 2);
  EXPECT_EQ(Floats(found.scores), (Values{0.9f}));
  EXPECT_EQ(Floats(found.classes), (Values{1}));
}

TEST(ExportedAnswers, ValuesThatCannotBeAreSaid) {
  const auto error = [](double score, double label) {
    return InputErrorOf([&] {
      Found(Labelled(),
            {{},
             {Of({1, 2, 3, 4}, {1, 1, 4}), Of({score}, {1, 1}),
              Of({label}, {1, 1})}},
            2);
    });
  };
  EXPECT_EQ(error(0.5, 1), "");
  EXPECT_NE(error(3.5, 1).find("score of 3.5"), std::string::npos);
  const std::string label = error(0.5, 2);
  EXPECT_NE(label.find("\"detector.labels\" gave 2"), std::string::npos);
  EXPECT_NE(label.find("0 to 1"), std::string::npos) << label;
}

TEST(ExportedAnswers, ShapesThatDoNotFitAreSaid) {
  const auto error = [](Json detector, std::vector<at::Tensor> tensors) {
    const std::string text = InputErrorOf([&] {
      Found(detector, {{}, std::move(tensors)}, 2);
    });
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    EXPECT_EQ(text.find("f.json: "), 0u) << text;
    return text;
  };
  const at::Tensor boxes = at::zeros({1, 3, 4}), three = at::zeros({1, 3});
  const auto says = [](const std::string& text, const char* part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  says(error(Labelled(), {boxes, three}),
       "\"detector.labels\" is 2; the program gives 2 tensors");
  says(error(Labelled(), {three, three, three}),
       "\"detector.boxes\" is 0, which has 3 values a box");
  says(error(Labelled(), {at::zeros({2, 3, 4}), three, three}),
       "for 1 pictures");
  says(error(Labelled(), {at::zeros({1, 4, 3}), three, three}), "layout");
  says(error(Labelled(), {at::zeros({1, 3, 6}), three, three}), "\"from\"");
  says(error(Labelled(), {boxes, three, at::zeros({1, 2})}),
       "\"detector.labels\" is of 2 boxes, \"detector.boxes\" of 3");
  says(error(Labelled(), {boxes, at::zeros({1, 3, 2}), three}),
       "\"detector.scores\" is 1");
  says(error(Classes("sigmoid"), {boxes, at::zeros({1, 3, 3})}),
       "has 3 values a box and \"categories\" 2 names");
  Json cut = Labelled();
  cut["boxes"] = {{"output", 0}, {"from", 2}, {"to", 6}};
  says(error(cut, {boxes, three, three}), "goes from 2 to 6");
}

TEST(ExportedAnswers, MistakesInTheFileAreSaid) {
  const auto error = [](const Json& detector) {
    const std::string text =
        InputErrorOf([&] { ReadAnswerLayout(detector, 2, "f.json"); });
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    return text;
  };
  const auto with = [&](const char* key, const Json& value) {
    Json detector = Labelled();
    detector[key] = value;
    return error(detector);
  };
  const auto without = [&](const char* key) {
    Json detector = Labelled();
    detector.erase(key);
    return error(detector);
  };
  const auto says = [](const std::string& text, const char* part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  EXPECT_EQ(error(Labelled()), "");
  for (const char* key :
       {"boxes", "format", "normalized", "labels", "needs_nms"})
    says(without(key), key);
  says(with("format", "xywh"), "\"xywh\"; it should be xyxy or cxcywh");
  says(with("normalized", 1), "normalized");
  says(with("boxes", -1), "\"boxes\" is -1");
  says(with("boxes", 1.5), "\"boxes\" is 1.5");
  says(with("boxs", 1), "did you mean \"boxes\"");
  says(with("boxes", {{"output", 0}, {"from", 4}, {"to", 4}}), "\"from\" is 4");
  says(with("boxes", {{"from", 4}}), "\"output\" is missing");
  says(with("logits", 1), "scores and labels, or logits");
  says(with("activation", "sigmoid"), "activation");
  Json classes = Classes("sigmoid");
  classes.erase("activation");
  says(error(classes), "activation");
  says(error(Classes("tanh")), "\"tanh\"; it should be sigmoid or softmax");
  says(error(Json::array()), "\"detector\" is []");
}

TEST(ExportedAnswers, CannotBeTrained) {
  const auto head =
      MakeExportedHead(ReadAnswerLayout(Labelled(), 2, "f.json"), kCanvas);
  EXPECT_TRUE(head->needs_nms());
  EXPECT_NE(InputErrorOf([&] { head->Losses({}, {}, 0); }).find("trained"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::detection
