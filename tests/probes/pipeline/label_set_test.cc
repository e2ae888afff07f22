#include "probes/pipeline/label_set.h"

#include <gtest/gtest.h>

#include "tests/fixture.h"

namespace eyechart::probes {
namespace {

using testing::InputErrorOf;
using Labels = std::vector<std::string>;

LabelSet Make(TargetKind kind, const Labels& train, const Labels& test) {
  return MakeLabelSet(kind, train, "train.store", test, "test.store");
}

TEST(LabelSet, WholeNumbersAreOrderedByValueOtherTextByBytes) {
  EXPECT_EQ(Make(TargetKind::kClasses, {"10", "9", "2"}, {"9"}).names,
            (Labels{"2", "9", "10"}));
  EXPECT_EQ(Make(TargetKind::kClasses, {"b", "10", "9"}, {"b"}).names,
            (Labels{"10", "9", "b"}));
}

TEST(LabelSet, ClassesOfTheTestSetAloneComeLastAndAreSaid) {
  const LabelSet set =
      Make(TargetKind::kClasses, {"b", "c", "b"}, {"a", "b", "z"});
  EXPECT_EQ(set.names, (Labels{"b", "c", "a", "z"}));
  EXPECT_EQ(set.trained, 2);
  const Targets targets = set.Of({"z", "b"}, "test.store");
  EXPECT_EQ(targets.outputs, 2);
  EXPECT_EQ(targets.values[0].item<std::int64_t>(), 3);
  ASSERT_EQ(set.warnings.size(), 2u);
  EXPECT_NE(set.warnings[0].find("2 of its classes have no training row"),
            std::string::npos);
  EXPECT_NE(set.warnings[1].find("1 of the 2 trained classes have no test row: "
                                 "c"),
            std::string::npos);
}

TEST(LabelSet, RefusesWhatTeachesNothing) {
  EXPECT_NE(InputErrorOf([] {
              Make(TargetKind::kClasses, {"a", "a"}, {"a"});
            }).find("train.store: the training rows have one class only, a"),
            std::string::npos);
  const std::string error = InputErrorOf([] {
    Make(TargetKind::kClasses, {"cat", "dog"}, {"n01", "n02"});
  });
  EXPECT_NE(error.find("test.store: none of its classes (n01, n02) is among "
                       "the trained ones: cat, dog"),
            std::string::npos)
      << error;
  EXPECT_NE(InputErrorOf([] {
              Make(TargetKind::kNumbers, {"3", "3"}, {"1"});
            }).find("every label is 3"),
            std::string::npos);
  EXPECT_NE(InputErrorOf([] {
              Make(TargetKind::kNumbers, {"3", "x"}, {"1"});
            }).find("label \"x\" is no number"),
            std::string::npos);
  EXPECT_NE(InputErrorOf([] {
              Make(TargetKind::kNumbers, {"3", "nan"}, {"1"});
            }).find("is no number"),
            std::string::npos);
}

TEST(LabelSet, SeveralLabelsAreSplit) {
  const LabelSet set =
      Make(TargetKind::kLabels, {"b|a", "c", "a|a"}, {"a|x", "c"});
  EXPECT_EQ(set.names, (Labels{"a", "b", "c"}));
  const Targets targets = set.Of({"c|a", "x"}, "s");
  EXPECT_EQ(targets.values[0][0].item<float>(), 1);
  EXPECT_EQ(targets.values[0][1].item<float>(), 0);
  EXPECT_EQ(targets.values[0][2].item<float>(), 1);
  EXPECT_EQ(targets.values[1].sum().item<float>(), 0);
}

TEST(LabelSet, NumbersAreStandardised) {
  const LabelSet set = Make(TargetKind::kNumbers, {"1", "3"}, {"5"});
  EXPECT_DOUBLE_EQ(set.mean, 2);
  EXPECT_DOUBLE_EQ(set.deviation, 1);
  const Targets targets = set.Of({"5"}, "s");
  EXPECT_FLOAT_EQ(targets.values[0][0].item<float>(), 3);
  EXPECT_DOUBLE_EQ(set.Number(3), 5);
}

TEST(ParseTargetKind, ListsTheKinds) {
  EXPECT_EQ(ParseTargetKind("labels"), TargetKind::kLabels);
  EXPECT_NE(InputErrorOf([] {
              ParseTargetKind("class");
            }).find("classes, labels or numbers"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::probes
