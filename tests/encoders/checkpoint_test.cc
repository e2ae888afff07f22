#include "encoders/checkpoint.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "core/hash.h"
#include "encoders/image_encoder.h"
#include "tests/encoders/toy_families.h"
#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;

// Sets an environment variable for the length of a test.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    setenv(name, value.c_str(), 1);
  }
  ~ScopedVariable() { setenv(name_, old_.c_str(), 1); }

 private:
  const char* name_;
  std::string old_;  // empty counts as unset
};

class CheckpointTest : public ::testing::Test {
 protected:
  void WriteFolder(const std::filesystem::path& folder) {
    WriteText(folder / "config.json", R"({"model_type": "clip"})");
    WriteText(folder / "model.safetensors", "weights");
  }
  std::string ErrorOf(const std::string& model) {
    return InputErrorOf([&] { OpenCheckpoint(model); });
  }

  TempFolder temp_;
};

TEST_F(CheckpointTest, OpensAFolder) {
  WriteFolder(temp_ / "model");
  const Checkpoint checkpoint = OpenCheckpoint((temp_ / "model").string());
  EXPECT_EQ(checkpoint.model_type, "clip");
  ASSERT_EQ(checkpoint.weight_files.size(), 1U);
  EXPECT_EQ(WeightsSha256(checkpoint), Sha256Hex("weights"));
}

TEST_F(CheckpointTest, FindsHubIdsByBranchTagAndCommit) {
  const ScopedVariable hub("HF_HUB_CACHE", "");
  const ScopedVariable legacy("HUGGINGFACE_HUB_CACHE", "");
  const ScopedVariable home("HF_HOME", temp_.path().string());
  const auto root = temp_ / "hub/models--org--name";
  WriteText(root / "refs/main", "abc123\n");
  WriteText(root / "refs/refs/pr/1", "def456");
  WriteFolder(root / "snapshots/abc123");
  WriteFolder(root / "snapshots/def456");
  EXPECT_EQ(OpenCheckpoint("org/name").folder, root / "snapshots/abc123");
  EXPECT_EQ(OpenCheckpoint("org/name@abc123").folder,
            root / "snapshots/abc123");
  EXPECT_EQ(OpenCheckpoint("org/name@refs/pr/1").folder,
            root / "snapshots/def456");
}

TEST_F(CheckpointTest, HubCacheVariableStandsBeforeHome) {
  const ScopedVariable home("HF_HOME", (temp_ / "elsewhere").string());
  const ScopedVariable hub("HF_HUB_CACHE", (temp_ / "cache").string());
  WriteText(temp_ / "cache/models--org--name/refs/main", "c0");
  WriteFolder(temp_ / "cache/models--org--name/snapshots/c0");
  EXPECT_EQ(OpenCheckpoint("org/name").folder,
            temp_ / "cache/models--org--name/snapshots/c0");
}

TEST_F(CheckpointTest, SaysWhereItLookedAndWhatBringsIt) {
  const ScopedVariable hub("HF_HUB_CACHE", temp_.path().string());
  const std::string missing = ErrorOf("org/name");
  EXPECT_NE(missing.find((temp_ / "models--org--name").string()),
            std::string::npos)
      << missing;
  EXPECT_NE(missing.find("`hf download org/name`"), std::string::npos);

  WriteText(temp_ / "models--org--name/refs/main", "abc");
  WriteFolder(temp_ / "models--org--name/snapshots/abc");
  const std::string revision = ErrorOf("org/name@v2");
  EXPECT_NE(revision.find("`hf download org/name --revision v2`"),
            std::string::npos)
      << revision;
  EXPECT_NE(revision.find("snapshots: abc"), std::string::npos) << revision;
}

TEST_F(CheckpointTest, RevisionsDoNotClimbOut) {
  const ScopedVariable hub("HF_HUB_CACHE", temp_.path().string());
  WriteText(temp_ / "models--org--name/refs/main", "../../../outside");
  EXPECT_NE(ErrorOf("org/name@../../x"), "");
  EXPECT_NE(ErrorOf("org/name").find("outside"), std::string::npos);
}

TEST_F(CheckpointTest, NamesWhatAFolderLacks) {
  EXPECT_NE(ErrorOf((temp_ / "absent").string()).find("no such folder"),
            std::string::npos);
  EXPECT_NE(ErrorOf(temp_.path().string()).find("no weights"),
            std::string::npos);
  WriteText(temp_ / "config.json", R"({"model_type": "clip"})");
  EXPECT_NE(ErrorOf(temp_.path().string()).find("no weights"),
            std::string::npos);
  EXPECT_NE(ErrorOf((temp_ / "config.json").string()).find("none of weights"),
            std::string::npos);
}

TEST_F(CheckpointTest, RefusesAConfigWithAKeyTwice) {
  WriteFolder(temp_.path());
  WriteText(temp_ / "config.json",
            R"({"model_type": "clip",
                "vision_config": {"hidden_size": 8, "hidden_size": 16}})");
  const std::string error = ErrorOf(temp_.path().string());
  EXPECT_NE(error.find("config.json"), std::string::npos) << error;
  EXPECT_NE(error.find("\"hidden_size\""), std::string::npos) << error;
}

TEST_F(CheckpointTest, TakesTheOnlyFileOfItsKind) {
  WriteText(temp_ / "config.json", R"({"model_type": "clip"})");
  const auto weights = [&] {
    return OpenCheckpoint(temp_.path().string()).weight_files.front();
  };
  WriteText(temp_ / "training_args.bin", "of the trainer");
  EXPECT_NE(ErrorOf(temp_.path().string()).find("no weights"),
            std::string::npos);
  WriteText(temp_ / "some.pth", "a");
  EXPECT_EQ(weights(), temp_ / "some.pth");
  WriteText(temp_ / "other.pt", "b");
  EXPECT_NE(ErrorOf(temp_.path().string()).find("other.pt, some.pth"),
            std::string::npos);
  WriteText(temp_ / "pytorch_model.bin", "c");
  EXPECT_EQ(weights(), temp_ / "pytorch_model.bin");
  WriteText(temp_ / "open_clip.safetensors", "d");
  EXPECT_EQ(weights(), temp_ / "pytorch_model.bin");
  WriteText(temp_ / "model.safetensors", "e");
  EXPECT_EQ(weights(), temp_ / "model.safetensors");
}

TEST_F(CheckpointTest, SaysWhichOfSeveralItCannotTell) {
  WriteText(temp_ / "config.json", R"({"model_type": "clip"})");
  WriteText(temp_ / "open_clip.safetensors", "a");
  EXPECT_EQ(OpenCheckpoint(temp_.path().string()).weight_files.front(),
            temp_ / "open_clip.safetensors");
  WriteText(temp_ / "other.safetensors", "b");
  EXPECT_NE(ErrorOf(temp_.path().string()).find("2 .safetensors files"),
            std::string::npos);
}

TEST_F(CheckpointTest, SaysThatAConfigWithoutAModelTypeDoesNotTell) {
  WriteText(temp_ / "config.json", R"({"architecture": "vit_tiny"})");
  testing::WriteSafetensors(temp_ / "model.safetensors",
                            {{"head.weight", testing::RandomTensor({2})}});
  const std::string error = ErrorOf(temp_.path().string());
  EXPECT_NE(error.find("config.json has no \"model_type\""), std::string::npos)
      << error;
  EXPECT_NE(error.find("OpenAI's CLIP, Meta's DINOv2"), std::string::npos)
      << error;
}

// As timm's folders on the hub, which serve open_clip, too.
TEST_F(CheckpointTest, ReadsOpenClipBesideAnotherProjectsConfig) {
  WriteText(temp_ / "config.json",
            R"({"architecture": "vit_base_patch32_clip_224"})");
  WriteText(temp_ / "open_clip_config.json", testing::OpenClipConfig().dump());
  const auto weights = [&] {
    const Checkpoint checkpoint = OpenCheckpoint(temp_.path().string());
    EXPECT_EQ(checkpoint.model_type, "clip");
    EXPECT_EQ(checkpoint.config_source,
              (temp_ / "open_clip_config.json").string());
    return checkpoint.weight_files.front().filename().string();
  };
  WriteText(temp_ / "model.safetensors", "timm's");
  EXPECT_EQ(weights(), "model.safetensors");
  WriteText(temp_ / "pytorch_model.bin", "timm's");
  WriteText(temp_ / "open_clip_pytorch_model.bin", "open_clip's");
  EXPECT_EQ(weights(), "open_clip_pytorch_model.bin");
  WriteText(temp_ / "open_clip_model.safetensors", "open_clip's");
  EXPECT_EQ(weights(), "open_clip_model.safetensors");

  // A config.json that names its model type speaks of the other weights.
  WriteText(temp_ / "config.json", R"({"model_type": "clip"})");
  const Checkpoint native = OpenCheckpoint(temp_.path().string());
  EXPECT_EQ(native.config_source, (temp_ / "config.json").string());
  EXPECT_EQ(native.weight_files.front(), temp_ / "model.safetensors");
}

TEST_F(CheckpointTest, TellsANamedReleaseBesideAnotherModelsConfig) {
  const auto file = temp_ / "ViT-toy.safetensors";
  testing::WriteSafetensors(file, testing::OpenAiArchive());
  for (const char* config :
       {R"({"architecture": "vit"})", R"({"model_type": "dinov2"})",
        R"({"model_type": "bert"})"}) {
    WriteText(temp_ / "config.json", config);
    const Checkpoint checkpoint = OpenCheckpoint(file.string());
    EXPECT_EQ(checkpoint.model_type, "clip") << config;
    EXPECT_EQ(checkpoint.config_source, file.string());
    ASSERT_EQ(checkpoint.notes.size(), 1U);
    EXPECT_NE(checkpoint.notes.front().find("config.json"), std::string::npos);
    EXPECT_NE(checkpoint.notes.front().find("OpenAI's CLIP"),
              std::string::npos);
  }
  // Of its own family: the config tells more than shapes do.
  WriteText(temp_ / "config.json", R"({"model_type": "clip"})");
  const Checkpoint own = OpenCheckpoint(file.string());
  EXPECT_EQ(own.config_source, (temp_ / "config.json").string());
  EXPECT_TRUE(own.notes.empty());
  // Of no release that is known without a config.
  WriteText(temp_ / "config.json", R"({"model_type": "bert"})");
  const auto other = temp_ / "other.safetensors";
  testing::WriteSafetensors(other, {{"weight", testing::RandomTensor({2})}});
  EXPECT_EQ(OpenCheckpoint(other.string()).model_type, "bert");
  EXPECT_EQ(OpenCheckpoint(other.string()).weight_files.front(), other);
}

TEST_F(CheckpointTest, WantsWholeHeadsOfMetasDinov2) {
  const auto file = temp_ / "dinov2.safetensors";
  const auto write = [&](std::int64_t width, std::int64_t rows,
                         std::int64_t patch) {
    testing::WriteSafetensors(
        file, {{"patch_embed.proj.weight",
                testing::RandomTensor({width, 3, patch, 4})},
               {"pos_embed", testing::RandomTensor({1, rows, width})},
               {"blocks.0.ls1.gamma", testing::RandomTensor({width})}});
  };
  write(128, 10, 4);
  EXPECT_EQ(OpenCheckpoint(file.string()).config["num_attention_heads"], 2);
  write(80, 10, 4);
  const std::string heads = ErrorOf(file.string());
  EXPECT_NE(heads.find("80 wide"), std::string::npos) << heads;
  EXPECT_NE(heads.find("multiple of 64"), std::string::npos) << heads;
  write(64, 10, 8);
  const std::string patches = ErrorOf(file.string());
  EXPECT_NE(patches.find("[64, 3, 8, 4]"), std::string::npos) << patches;
  write(64, 0, 4);
  const std::string rows = ErrorOf(file.string());
  EXPECT_NE(rows.find("[1, 0, 64]"), std::string::npos) << rows;
}

class ExportedConfigTest : public CheckpointTest {
 protected:
  std::string ErrorWith(const std::string& key, const Json& value) {
    WriteText(temp_ / "model.pt", "no program at all");
    Json config = {{"format", "torchscript"},
                   {"model", "model.pt"},
                   {"image_size", 28},
                   {"outputs", {{"pooled", 0}}},
                   {"preprocess", Json::object()}};
    config[key] = value;
    WriteText(temp_ / "eyechart.json", config.dump());
    return ErrorOf(temp_.path().string());
  }
};

TEST_F(ExportedConfigTest, NamesFileKeyAndValue) {
  const std::vector<std::pair<std::string, Json>> cases = {
      {"batch", 0},
      {"batch", 1 << 24},
      {"image_size", 1 << 15},
      {"patch_size", -1},
      {"patch_size", std::int64_t{1} << 62},
      {"flops", -1e308},
      {"flops", -1},
      {"pool", ""},
      {"pool", "some"},
      {"pool", "mean"},
      {"pool", "blocks"},
      {"preprocess", nullptr},
      {"preprocess", 5}};
  for (const auto& [key, value] : cases) {
    const std::string error = ErrorWith(key, value);
    EXPECT_NE(error.find("eyechart.json"), std::string::npos) << key << value;
    EXPECT_NE(error.find('"' + key + '"'), std::string::npos) << error;
  }
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, Json>>{{"batch", 64},
                                                 {"image_size", {448, 896}},
                                                 {"patch_size", 14},
                                                 {"flops", 0},
                                                 {"pool", "cls"}})
    EXPECT_EQ(ErrorWith(key, value), "");
}

TEST_F(ExportedConfigTest, SaysWhereItIsADetectorsConfig) {
  const std::string error = ErrorWith("detector", {{"boxes", 0}});
  for (const char* part : {"eyechart.json: is an exported detector",
                           "no features", "detect predict"})
    EXPECT_NE(error.find(part), std::string::npos) << error;
}

// LibTorch's reader of archives speaks to its own developers then.
TEST_F(ExportedConfigTest, SaysInOneSentenceThatThereIsNoProgram) {
  EXPECT_EQ(ErrorWith("batch", 2), "");
  const std::string error = InputErrorOf(
      [&] { ImageEncoder::Create(OpenCheckpoint(temp_.path().string()), {}); });
  EXPECT_NE(error.find("no TorchScript program"), std::string::npos) << error;
  EXPECT_EQ(error.find("miniz"), std::string::npos) << error;
}

TEST_F(CheckpointTest, HashesShardsInIndexOrder) {
  WriteText(temp_ / "config.json", R"({"model_type": "clip"})");
  WriteText(temp_ / "model.safetensors.index.json",
            R"({"weight_map": {"a": "w-2.safetensors", "b": "w-1.safetensors",
                               "c": "w-2.safetensors"}})");
  WriteText(temp_ / "w-1.safetensors", "one");
  EXPECT_NE(ErrorOf(temp_.path().string()).find("w-2.safetensors"),
            std::string::npos);
  WriteText(temp_ / "w-2.safetensors", "two");
  const Checkpoint checkpoint = OpenCheckpoint(temp_.path().string());
  ASSERT_EQ(checkpoint.weight_files.size(), 2U);
  EXPECT_EQ(WeightsSha256(checkpoint),
            Sha256Hex(Sha256Hex("one") + Sha256Hex("two")));
}

TEST_F(CheckpointTest, IndexNamesNoFileOutsideTheFolder) {
  WriteText(temp_ / "outside.safetensors", "secret");
  const auto folder = temp_ / "model";
  WriteText(folder / "config.json", R"({"model_type": "clip"})");
  for (const std::string& name : {std::string("../outside.safetensors"),
                                  (temp_ / "outside.safetensors").string()}) {
    const Json index = {{"weight_map", {{"a", name}}}};
    WriteText(folder / "model.safetensors.index.json", index.dump());
    EXPECT_NE(ErrorOf(folder.string()).find("outside"), std::string::npos);
  }
}

}  // namespace
}  // namespace eyechart::encoders
