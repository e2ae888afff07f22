#include "suite/suite_spec.h"

#include <gtest/gtest.h>

#include <string>

#include "suite/run.h"
#include "tests/fixture.h"

namespace eyechart::suite {
namespace {

using testing::InputErrorOf;
using testing::TempFolder;

constexpr const char* kSuite = R"([suite]
name = "nightly"
seed = 7

[[encoder]]
name = "clip"
model = "org/clip"
dtype = ["fp32", "bf16"]

[[encoder]]
name = "dino"
model = "org/dino"

[[dataset]]
name = "photos"
kind = "folder"
root = "photos/"

[[task]]
kind = "mine"
near = "clip"
far = "dino"
dataset = "photos"
near_min = [0.95, 0.9]
)";

SuiteSpec Read(const std::string& text) {
  const TempFolder folder;
  testing::WriteText(folder / "s.toml", text);
  return ReadSuite(folder / "s.toml");
}

std::string ErrorOf(const std::string& text) {
  return InputErrorOf([&] { Read(text); });
}

std::string With(const std::string& from, const std::string& to) {
  std::string text = kSuite;
  text.replace(text.find(from), from.size(), to);
  return text;
}

TEST(ReadSuite, DecodeIsAKeyOfEncoders) {
  const SuiteSpec suite =
      Read(With("model = \"org/dino\"",
                "model = \"org/dino\"\ndecode = [\"exact\", \"fast\"]"));
  ASSERT_EQ(suite.encoders.size(), 4u);
  EXPECT_EQ(suite.encoders[2].model.decode, data::DecodeMode::kExact);
  EXPECT_EQ(SettingText(suite.encoders[2].setting), "default");
  EXPECT_EQ(suite.encoders[3].model.decode, data::DecodeMode::kFast);
  EXPECT_EQ(SettingText(suite.encoders[3].setting), "decode=fast");
  EXPECT_NE(ErrorOf(With("model = \"org/dino\"",
                         "model = \"org/dino\"\ndecode = \"quick\""))
                .find("exact or fast"),
            std::string::npos);
}

TEST(ReadSuite, SpansGrids) {
  const SuiteSpec suite = Read(kSuite);
  EXPECT_EQ(suite.name, "nightly");
  ASSERT_EQ(suite.encoders.size(), 3u);
  EXPECT_EQ(suite.encoders[1].model.dtype, "bf16");
  EXPECT_EQ(suite.tasks.size(), 2u);
  const std::vector<Cell> cells = PlanCells(suite);
  std::vector<std::string> ids;
  for (const Cell& cell : cells) ids.push_back(cell.id);
  EXPECT_EQ(ids, (std::vector<std::string>{
                     "clip~dino/mine/photos/default",
                     "clip~dino/mine/photos/near_dtype=bf16",
                     "clip~dino/mine/photos/near_min=0.9",
                     "clip~dino/mine/photos/near_dtype=bf16,near_min=0.9"}));
}

// A cell is compared with last night's by its name: writing out a default must
// not make it another cell.
TEST(ReadSuite, NamesCellsAlikeWhereADefaultIsWrittenOut) {
  const SuiteSpec suite = Read(With("near_min = [0.95, 0.9]",
                                    "near_min = 0.95\nfar_max = 0.6\n"
                                    "engine = \"auto\""));
  EXPECT_EQ(PlanCells(suite).front().id, "clip~dino/mine/photos/default");
}

TEST(ReadSuite, PutsTf32IntoTheSetting) {
  const SuiteSpec suite = Read(With("dtype = [\"fp32\", \"bf16\"]",
                                    "device = \"cuda\"\n"
                                    "tf32 = [\"off\", \"on\"]"));
  ASSERT_EQ(suite.encoders.size(), 3u);
  EXPECT_EQ(suite.encoders[1].model.tf32, "on");
  EXPECT_EQ(SettingText(suite.encoders[0].setting), "device=cuda");
  EXPECT_EQ(SettingText(suite.encoders[1].setting), "device=cuda,tf32=on");
}

TEST(ReadSuite, NamesFileLineAndNearestKey) {
  const std::string unknown = ErrorOf(With("near_min =", "near_mn ="));
  EXPECT_NE(unknown.find("s.toml:24: [[task]]: unknown key \"near_mn\" (did "
                         "you mean \"near_min\"?)"),
            std::string::npos)
      << unknown;
  EXPECT_NE(ErrorOf(With("dtype =", "dtyp =")).find("did you mean \"dtype\""),
            std::string::npos);
  EXPECT_NE(ErrorOf(With("[[dataset]]", "[[datset]]"))
                .find("did you mean \"dataset\""),
            std::string::npos);
  EXPECT_NE(ErrorOf(With("seed = 7", "sed = 7")).find("did you mean \"seed\""),
            std::string::npos);
}

TEST(ReadSuite, TellsUnknownKeysBeforeMissingOnes) {
  const auto has = [](const std::string& error, const std::string& part) {
    EXPECT_NE(error.find(part), std::string::npos) << error;
  };
  has(ErrorOf(With("model = \"org/clip\"", "modl = \"org/clip\"")),
      "s.toml:7: [[encoder]]: unknown key \"modl\" (did you mean \"model\"?)");
  has(ErrorOf(With("root = \"photos/\"", "rot = \"photos/\"")),
      "unknown key \"rot\" (did you mean \"root\"?)");
  has(ErrorOf(With("near = \"clip\"", "nea = \"clip\"")),
      "unknown key \"nea\" (did you mean \"near\"?)");
  has(ErrorOf(With("name = \"nightly\"", "nam = \"nightly\"")),
      "s.toml:2: [suite]: unknown key \"nam\" (did you mean \"name\"?)");
  has(ErrorOf(With("model = \"org/clip\"\n", "")), "key \"model\" is missing");
}

TEST(ReadSuite, NamesWhatIsWrong) {
  const auto has = [](const std::string& error, const std::string& part) {
    EXPECT_NE(error.find(part), std::string::npos) << error;
  };
  has(ErrorOf("[suite\n"), "s.toml:1: not valid TOML");
  has(ErrorOf("x = 1\n"), "unknown table \"x\"");
  has(ErrorOf("[suite]\nname = \"a\"\n"), "nothing to do");
  has(ErrorOf(With("\"nightly\"", "\"a/b\"")), "name \"a/b\"");
  has(ErrorOf(With("\"fp32\", ", "\"fp33\", ")), "fp33");
  has(ErrorOf(With("dtype = [\"fp32\", \"bf16\"]", "tf32 = \"yes\"")),
      "s.toml:8: [[encoder]]: tf32: \"yes\" should be off or on");
  has(ErrorOf(With("\"fp32\", ", "\"fp33\", ")),
      "s.toml:8: [[encoder]]: dtype: dtype \"fp33\": should be");
  has(ErrorOf(With("dtype = [\"fp32\", \"bf16\"]", "alpha = \"blue\"")),
      "s.toml:8: [[encoder]]: alpha: ");
  has(ErrorOf(With("seed = 7", "seed = \"x\"")), "integer");
  has(ErrorOf(With("near_min = [0.95, 0.9]", "near_min = \"high\"")),
      "should be a number");
  has(ErrorOf(With("[0.95, 0.9]", "[0.9, 0.9]")), "stands twice");
  has(ErrorOf(With("[0.95, 0.9]", "[]")), "an empty list");
  has(ErrorOf(With("kind = \"mine\"", "kind = \"mien\"")),
      "did you mean \"mine\"");
  has(ErrorOf(With("kind = \"folder\"", "kind = \"foldr\"")),
      "did you mean \"folder\"");
  has(ErrorOf(With("near = \"clip\"\n", "")), "key \"near\" is missing");
  has(ErrorOf(With("name = \"dino\"", "name = \"clip\"")), "the same name");
}

TEST(PlanCells, NamesWhatTheSuiteLacks) {
  const auto error = [](const std::string& text) {
    const SuiteSpec suite = Read(text);
    return InputErrorOf([&] { PlanCells(suite); });
  };
  EXPECT_NE(error(With("far = \"dino\"", "far = \"dini\""))
                .find("no [[encoder]] is called \"dini\" (did you mean "
                      "\"dino\"?)"),
            std::string::npos);
  EXPECT_NE(error(With("dataset = \"photos\"", "dataset = \"photo\""))
                .find("no [[dataset]] is called \"photo\""),
            std::string::npos);
  EXPECT_NE(
      error(std::string(kSuite) +
            "[[task]]\nkind = \"mine\"\nnear = \"clip\"\nfar = \"dino\"\n")
          .find("is there already"),
      std::string::npos);
}

// Before anything runs, with the place, and in the words of a suite.
TEST(PlanCells, ChecksTheValuesOfEveryKind) {
  const auto expect = [](const std::string& keys, const std::string& part) {
    std::string text = kSuite;
    text.resize(text.find("[[task]]"));
    text +=
        "[[dataset]]\nname = \"asked\"\nkind = \"questions\"\nroot = \"q\"\n"
        "[[dataset]]\nname = \"boxed\"\nkind = \"boxes\"\nroot = \"b\"\n"
        "[[task]]\n" +
        keys + "\n";
    const SuiteSpec suite = Read(text);
    const std::string error = InputErrorOf([&] { PlanCells(suite); });
    EXPECT_NE(error.find("s.toml:27: [[task]]: "), std::string::npos) << error;
    EXPECT_NE(error.find(part), std::string::npos) << error;
    EXPECT_EQ(error.find("--"), std::string::npos) << error;
  };
  const std::string ask = "kind = \"ask\"\ndataset = \"asked\"\n";
  expect(ask + "scoring = \"statment\"", "did you mean \"statements\"?");
  expect(ask + "labels = \"orignal\"", "labels \"orignal\"");
  expect(ask + "option_text = \"quesion\"", "did you mean \"question\"?");
  expect(ask + "batch = 0", "batch 0");
  expect(ask + "random_pairs = 1.5", "random_pairs 1.5");
  const std::string mine =
      "kind = \"mine\"\ndataset = \"photos\"\nnear = \"clip\"\n"
      "far = \"dino\"\n";
  expect(mine + "engine = \"flat\"", "flat");
  expect(mine + "classes = \"same\"", "classes \"same\"");
  expect(mine + "near_min = 1.5", "[[task]]: near_min 1.5: a cosine");
  expect(mine + "near_quantile = 2", "near_quantile 2");
  expect(mine + "top = -1", "top -1");
  const std::string photos = "dataset = \"photos\"\n";
  expect("kind = \"bench\"\nscenario = \"sever\"\n" + photos, "sever");
  expect("kind = \"probe\"\nprobe = \"svm\"\n" + photos, "svm");
  expect("kind = \"encode\"\nbatch = 0\n" + photos, "batch 0");
  expect("kind = \"chart\"\nchart = \"snellen\"", "snellen");
  expect("kind = \"chart\"\nread_out = \"svm\"", "svm");
  expect("kind = \"chart\"\ntrain = 3", "train on");
  expect("kind = \"detect\"\ndataset = \"boxed\"\nhead = \"dens\"",
         "[[task]]: head dens: should be");
}

TEST(SettingText, IsStable) {
  EXPECT_EQ(SettingText({}), "default");
  EXPECT_EQ(SettingText({{"b", "2"}, {"a", "1"}}), "a=1,b=2");
}

}  // namespace
}  // namespace eyechart::suite
