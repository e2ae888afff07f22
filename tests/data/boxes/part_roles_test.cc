// Which parts are trained on, choose and are tested on.
#include "data/boxes/part_roles.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/data/boxes/box_fixture.h"

namespace eyechart::data {
namespace {

class PartRolesTest : public ::testing::Test {
 protected:
  // A COCO folder with these parts.
  void Parts(const std::vector<std::string>& parts) {
    std::filesystem::remove_all(folder_ / "set");
    for (const std::string& part : parts)
      testing::WriteText(
          folder_ / ("set/annotations/instances_" + part + ".json"),
          PlainCoco().dump());
  }

  // "train / validation / test", with a star where train was chosen, or why
  // not.
  std::string Roles(const std::string& train = "",
                    const std::string& test = "") {
    std::string text;
    const std::string error = testing::InputErrorOf([&] {
      const PartRoles roles =
          RolesOfParts(folder_ / "set", train, test, BoxOptions());
      text = fmt::format("{}{} / {} / {}", roles.train,
                         roles.chosen_train ? "*" : "", roles.validation,
                         roles.test);
    });
    return error.empty() ? text : error;
  }

  testing::TempFolder folder_;
};

TEST_F(PartRolesTest, AreTheUsualNames) {
  Parts({"train", "valid", "test"});
  EXPECT_EQ(Roles(), "train / valid / test");
  EXPECT_EQ(Roles("", "val"), "train /  / valid");        // what is tested on
  EXPECT_EQ(Roles("training"), "train* / valid / test");  // by its name
  EXPECT_EQ(Roles("valid"), "valid* /  / test");          // what is trained on
  Parts({"train2017", "val2017"});
  EXPECT_EQ(Roles(), "train2017 /  / val2017");
}

TEST_F(PartRolesTest, TrainvalStandsInForTrain) {
  Parts({"trainval", "test"});
  EXPECT_EQ(Roles(), "trainval* /  / test");
  Parts({"trainval", "val", "test"});
  EXPECT_EQ(Roles(), "trainval* / val / test");
  Parts({"train", "trainval", "val", "test"});
  EXPECT_EQ(Roles(), "train / val / test");
  EXPECT_EQ(Roles("trainval"), "trainval* / val / test");
}

TEST_F(PartRolesTest, YearsGoTogether) {
  Parts({"train2014", "train2017", "val2014", "val2017"});
  const std::string error = Roles();
  for (const char* part : {"train on may be any of train2014, train2017",
                           "--train-part", "in a suite train_part"})
    EXPECT_NE(error.find(part), std::string::npos) << error;
  EXPECT_EQ(Roles("train2017"), "train2017* /  / val2017");
  EXPECT_EQ(Roles("train2014"), "train2014* /  / val2014");
  EXPECT_EQ(Roles("train2017", "val2014"), "train2017* /  / val2014");
  Parts({"train2017", "val2014", "val2017", "test"});
  EXPECT_EQ(Roles(), "train2017 / val2017 / test");
  // One of several that none of the names decides: cut from train.
  Parts({"train", "val2014", "val2017", "test"});
  EXPECT_EQ(Roles(), "train /  / test");
}

TEST_F(PartRolesTest, WhatIsTrainedOnIsNotTestedOn) {
  const auto refused = [&](const std::string& train, const std::string& test,
                           const std::string& change) {
    const std::string error = Roles(train, test);
    for (const std::string& part :
         {std::string("is trained on and part "), change,
          std::string("in a suite train_part, part")})
      EXPECT_NE(error.find(part), std::string::npos) << error;
  };
  Parts({"train", "valid", "test"});
  refused("", "train", "name another with --part, ");
  refused("", "training", "part train is trained on and part train is tested");
  refused("train", "train", "name another with --train-part or --part ");
  refused("valid", "val", "part valid is trained on and part valid is tested");
  EXPECT_EQ(Roles("test", "train"), "test* / valid / train");
  // By default, too: there is no test, and valid is trained on.
  Parts({"train", "valid"});
  refused("valid", "", "name another with --train-part, ");
  Parts({"train"});
  refused("", "train", "name another with --part, ");
  EXPECT_NE(Roles().find("no part to test on"), std::string::npos);
}

TEST_F(PartRolesTest, TellsWhatWasNamed) {
  Parts({"train", "valid", "test"});
  const auto roles = [&](const std::string& train, const std::string& test) {
    return RolesOfParts(folder_ / "set", train, test, BoxOptions());
  };
  EXPECT_FALSE(roles("", "").chosen_train);
  EXPECT_FALSE(roles("", "").chosen_test);
  EXPECT_TRUE(roles("train", "").chosen_train);
  EXPECT_FALSE(roles("", "valid").chosen_train);
  EXPECT_TRUE(roles("", "valid").chosen_test);
}

TEST_F(PartRolesTest, SaysWhatIsThereWhereAPartIsMissing) {
  Parts({"first", "second"});
  EXPECT_NE(Roles().find("no part to train on"), std::string::npos);
  EXPECT_NE(Roles().find("--train-part (in a suite train_part); there are "
                         "first, second"),
            std::string::npos)
      << Roles();
  EXPECT_NE(Roles("first").find("no part to test on"), std::string::npos);
  EXPECT_EQ(Roles("first", "second"), "first* /  / second");
  EXPECT_NE(Roles("firs").find("\"first\""), std::string::npos);
}

TEST_F(PartRolesTest, PicturesAreTheSameByTheirFiles) {
  BoxDataset a, b;
  a.images.resize(2);
  a.images[0].file = "set/a.png";
  a.images[1].file = "set/b.png";
  b.images.resize(1);
  b.images[0].file = "set/c.png";
  EXPECT_FALSE(SharePictures(a, b));
  b.images[0].file = "set/./b.png";
  EXPECT_TRUE(SharePictures(a, b));
}

}  // namespace
}  // namespace eyechart::data
