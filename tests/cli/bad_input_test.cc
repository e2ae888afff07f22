// Each mistake of a user ends with exit code 2 and a text that names the file,
// the place and what would be right, and leaves nothing half-written.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>

#include "core/files.h"
#include "core/safetensors.h"
#include "data/feature_store_writer.h"
#include "tests/cli/pictures.h"
#include "tests/cli/process.h"
#include "tests/fixture.h"

namespace eyechart {
namespace {

namespace fs = std::filesystem;
using testing::DemoCheckpoint;
using testing::Eyechart;
using testing::ProcessResult;
using testing::TempFolder;
using testing::WriteText;

class BadInput : public ::testing::Test {
 protected:
  void ExpectError(const std::vector<std::string>& arguments,
                   const std::vector<std::string>& parts) {
    const ProcessResult result = Eyechart(arguments);
    EXPECT_EQ(result.exit_code, 2) << result.err;
    for (const std::string& part : parts)
      EXPECT_NE(result.err.find(part), std::string::npos)
          << "wanted: " << part << "\ngot: " << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_FALSE(fs::exists(out_ / "pairs.csv"));
    EXPECT_FALSE(fs::exists(folder_ / "store"));
    EXPECT_FALSE(fs::exists(folder_ / "store.partial"));
  }

  std::vector<std::string> Mine(const fs::path& images) {
    return {"mine",  images.string(),          "--near", DemoCheckpoint("clip"),
            "--far", DemoCheckpoint("dinov2"), "-o",     out_.string()};
  }

  std::vector<std::string> Encode(const std::string& model) {
    return {"encode", model, Photos().string(), "-o",
            (folder_ / "store").string()};
  }

  fs::path Photos() {
    if (!fs::exists(folder_ / "photos"))
      testing::WritePictures(folder_ / "photos", 3);
    return folder_ / "photos";
  }

  // A copy of the demo's CLIP that `damage` may change.
  std::string Damaged(const std::function<void(const fs::path&)>& damage) {
    const fs::path model = folder_ / "model";
    fs::remove_all(model);
    fs::copy(DemoCheckpoint("clip"), model);
    damage(model);
    return model.string();
  }

  const TempFolder folder_;
  const fs::path out_ = folder_ / "out";
};

TEST_F(BadInput, NoCommandAndUnknownOnes) {
  ExpectError({"mien"}, {"no command \"mien\"", "did you mean \"mine\"?"});
  ExpectError({"mine", "--near-mn", "1"}, {});
  ExpectError({"mine", "photos", "--near-mn", "1", "-o", "x"},
              {"eyechart: error: mine: no option --near-mn",
               "did you mean \"--near-min\"?"});
  ExpectError({"mine", "photos", "drawings", "-o", "x"},
              {"mine: \"drawings\" is one argument too many"});
  ExpectError({}, {});
}

TEST_F(BadInput, NoSuchFolder) {
  ExpectError(Mine(folder_ / "nowhere"), {"nowhere", "no such file or folder"});
}

TEST_F(BadInput, EmptyFolder) {
  fs::create_directory(folder_ / "empty");
  ExpectError(Mine(folder_ / "empty"), {"empty", "no pictures"});
}

TEST_F(BadInput, FolderOfTextFiles) {
  WriteText(folder_ / "texts/a.txt", "hello");
  WriteText(folder_ / "texts/b.md", "hello");
  ExpectError(Mine(folder_ / "texts"), {"texts", "no pictures"});
}

TEST_F(BadInput, TextFilesThatSayTheyArePictures) {
  WriteText(folder_ / "texts/a.jpg", "hello");
  WriteText(folder_ / "texts/b.png", "hello");
  ExpectError(Mine(folder_ / "texts"), {"none of the 2 pictures", "a.jpg"});
}

TEST_F(BadInput, ModelThatIsNotThere) {
  ExpectError(Encode("org/model"), {"org/model", "hf download org/model"});
}

TEST_F(BadInput, UnknownFamilyNamesTheKnown) {
  ExpectError(Encode(Damaged([](const fs::path& model) {
                Json config = ReadJsonFile(model / "config.json");
                config["model_type"] = "clp";
                WriteText(model / "config.json", config.dump());
              })),
              {"config.json", "clp", "clip_vision_model", "dinov2"});
}

TEST_F(BadInput, ConfigThatIsNoJson) {
  ExpectError(Encode(Damaged([](const fs::path& model) {
                WriteText(model / "config.json", "{");
              })),
              {"config.json", "not valid JSON"});
}

// The weights with their header's JSON changed by `change`.
void ChangeHeader(const fs::path& model,
                  const std::function<void(Json&)>& change) {
  const fs::path path = model / "model.safetensors";
  const std::string old = ReadFile(path);
  std::uint64_t size = 0;
  for (int i = 7; i >= 0; --i)
    size = (size << 8) |
           static_cast<unsigned char>(old[static_cast<std::size_t>(i)]);
  Json header = ParseJson(std::string_view(old).substr(8, size), "header");
  change(header);
  const std::string text = header.dump();
  std::string prefix(8, '\0');
  for (int i = 0; i < 8; ++i)
    prefix[static_cast<std::size_t>(i)] =
        static_cast<char>((text.size() >> (8 * i)) & 255);
  WriteText(path, prefix + text + old.substr(8 + size));
}

constexpr const char* kTensor = "vision_model.embeddings.class_embedding";

TEST_F(BadInput, MissingTensor) {
  ExpectError(Encode(Damaged([](const fs::path& model) {
                ChangeHeader(model, [](Json& h) { h.erase(kTensor); });
              })),
              {"model.safetensors", kTensor});
}

TEST_F(BadInput, TensorOfAnotherShape) {
  ExpectError(Encode(Damaged([](const fs::path& model) {
                ChangeHeader(model, [](Json& h) {
                  const auto n = h[kTensor]["shape"][0].get<int>();
                  h[kTensor]["shape"] = {n / 2, 2};
                });
              })),
              {"model.safetensors", kTensor});
}

TEST_F(BadInput, UnknownTensorUnlessAllowed) {
  const std::string model = Damaged([](const fs::path& folder) {
    ChangeHeader(folder, [](Json& h) {
      h["mystery.weight"] = h[kTensor];
      h.erase(kTensor);
      h[kTensor] = h["mystery.weight"];
      h["mystery.weight"] = {
          {"dtype", "F16"}, {"shape", {0}}, {"data_offsets", {0, 0}}};
    });
  });
  ExpectError(Encode(model), {"mystery.weight", "--allow-unused"});
  std::vector<std::string> allowed = Encode(model);
  allowed.emplace_back("--allow-unused");
  EXPECT_EQ(Eyechart(allowed).exit_code, 0);
  EXPECT_EQ(testing::EyechartJson({"inspect", model})["unused_keys"],
            Json::array({"mystery.weight"}));
}

TEST_F(BadInput, TruncatedWeights) {
  ExpectError(Encode(Damaged([](const fs::path& model) {
                const fs::path path = model / "model.safetensors";
                fs::resize_file(path, fs::file_size(path) / 2);
              })),
              {"model.safetensors", "cut short"});
}

// The weights with a header of the user's own text.
void WriteHeader(const fs::path& path, const std::string& text) {
  std::string prefix(8, '\0');
  for (int i = 0; i < 8; ++i)
    prefix[static_cast<std::size_t>(i)] =
        static_cast<char>((text.size() >> (8 * i)) & 255);
  WriteText(path, prefix + text + std::string(64, 'x'));
}

std::string Entry(const std::string& dtype,
                  const std::string& shape,
                  const std::string& range) {
  return R"({"dtype":")" + dtype + R"(","shape":)" + shape +
         R"(,"data_offsets":)" + range + "}";
}

TEST_F(BadInput, WeightsThatAreNoSafetensors) {
  for (const char* content : {"", "PK\x03\x04 an archive of another kind",
                              "<html>404 not found</html>",
                              "version https://git-lfs.github.com/spec/v1\n"}) {
    ExpectError(Encode(Damaged([content](const fs::path& model) {
                  WriteText(model / "model.safetensors", content);
                })),
                {"model.safetensors"});
  }
}

TEST_F(BadInput, HeadersThatLie) {
  const std::string good = Entry("U8", "[4]", "[0,4]");
  const struct {
    std::string header;
    const char* part;
  } kCases[] = {
      {"{\"w\":" + Entry("F32", "[-4]", "[0,4]") + "}", "tensor w"},
      {"{\"w\":" + Entry("F32", "[4611686018427387904,4]", "[0,16]") + "}",
       "tensor w"},
      {"{\"w\":" + Entry("F32", "[99999999999999999999]", "[0,16]") + "}",
       "tensor w"},
      {"{\"w\":" + Entry("F32", "[4]", "[60,76]") + "}", "tensor w"},
      {"{\"w\":" + Entry("F32", "[4]", "[16,0]") + "}", "tensor w"},
      {"{\"w\":" + Entry("F8_E4M3", "[4]", "[0,4]") + "}", "F8_E4M3"},
      {"{\"a\":" + good + ",\"b\":" + Entry("U8", "[4]", "[2,6]") + "}",
       "share bytes"},
      {"{\"w\":" + good + ",\"w\":" + Entry("U8", "[4]", "[4,8]") + "}",
       "\"w\" stands twice"},
      {"{\"\xff\xfe\":" + good + "}", "not valid JSON"},
      {"{\"w\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}",
       "nested deeper"},
      {"[]", "not a JSON object"},
  };
  for (const auto& [header, part] : kCases) {
    SCOPED_TRACE(header.substr(0, 100));
    ExpectError(Encode(Damaged([&header](const fs::path& model) {
                  WriteHeader(model / "model.safetensors", header);
                })),
                {"model.safetensors", part});
  }
}

TEST_F(BadInput, TensorOfAnotherType) {
  ExpectError(Encode(Damaged([](const fs::path& model) {
                // As many bytes an element as the demo's halves.
                ChangeHeader(model,
                             [](Json& h) { h[kTensor]["dtype"] = "I16"; });
              })),
              {"model.safetensors", kTensor, "I16"});
}

TEST_F(BadInput, TensorInTwoShards) {
  ExpectError(
      Encode(Damaged([](const fs::path& model) {
        fs::copy(model / "model.safetensors", model / "1.safetensors");
        fs::rename(model / "model.safetensors", model / "2.safetensors");
        WriteText(
            model / "model.safetensors.index.json",
            R"({"weight_map":{"a":"1.safetensors","b":"2.safetensors"}})");
      })),
      {"1.safetensors", "2.safetensors", "tensor"});
}

TEST_F(BadInput, NumbersOfAConfig) {
  const auto with = [&](const std::string& key, const std::string& value) {
    return Encode(Damaged([&](const fs::path& model) {
      // As text: what JSON's own numbers cannot say is wanted too.
      std::string config = ReadFile(model / "config.json");
      // The last one is the image tower's.
      const std::size_t at = config.rfind("\"" + key + "\":");
      ASSERT_NE(at, std::string::npos) << config;
      const std::size_t begin = config.find(':', at) + 1;
      config.replace(begin, config.find_first_of(",}\n", begin) - begin, value);
      WriteText(model / "config.json", config);
    }));
  };
  for (const char* bad :
       {"NaN", "1e999", "-1", "0", "1.5", "\"8\"", "[8, 9]", "4294967304",
        "18446744073709551615", "99999999999999999999"}) {
    SCOPED_TRACE(bad);
    ExpectError(with("patch_size", bad), {"config.json"});
  }
  ExpectError(with("patch_size", std::string(100'000, '[')), {"config.json"});
  ExpectError(with("patch_size", "1000"), {"config.json", "patch"});
  ExpectError(with("num_attention_heads", "7"), {"config.json", "7"});
}

TEST_F(BadInput, TokensThatTheLanguageModelLacks) {
  const fs::path model = folder_ / "florence2";
  fs::copy(DemoCheckpoint("florence2"), model);
  // What stands at `pointer` of a file is 100000000 for the time of a look.
  const auto problems = [&](const char* file, const char* pointer) {
    const std::string whole = ReadFile(model / file);
    Json json = ParseJson(whole, file);
    json[Json::json_pointer(pointer)] = 100000000;
    WriteText(model / file, json.dump());
    const Json told = testing::EyechartJson({"inspect", model.string()});
    WriteText(model / file, whole);
    return told["words"]["problems"].dump();
  };
  for (const char* key : {"decoder_start_token_id", "pad_token_id",
                          "forced_bos_token_id", "forced_eos_token_id"}) {
    const std::string told =
        problems("generation_config.json", (std::string("/") + key).c_str());
    // Quotes are escaped in JSON.
    EXPECT_NE(told.find(fmt::format("{}: \\\"{}\\\" is 100000000",
                                    (model / "generation_config.json").string(),
                                    key)),
              std::string::npos)
        << told;
  }
  const std::string told = problems("tokenizer.json", "/model/vocab/<~1s>");
  EXPECT_NE(told.find(model.string() + ": the tokenizer gives id 100000000"),
            std::string::npos)
      << told;
}

// As the reference has it, what is left over is cut off.
TEST_F(BadInput, ImageSizeThatThePatchDoesNotDivideIsNoMistake) {
  const std::string model = Damaged([](const fs::path& folder) {
    Json config = ReadJsonFile(folder / "config.json");
    Json& tower =
        config.contains("vision_config") ? config["vision_config"] : config;
    tower["image_size"] = tower["image_size"].get<int>() + 3;
    WriteText(folder / "config.json", config.dump());
  });
  EXPECT_EQ(
      testing::EyechartJson({"inspect", model})["tokens"],
      testing::EyechartJson({"inspect", DemoCheckpoint("clip")})["tokens"]);
  EXPECT_EQ(Eyechart(Encode(model)).exit_code, 0);
}

TEST_F(BadInput, HeaderLengthOfTwoToTheSixty) {
  ExpectError(Encode(Damaged([](const fs::path& model) {
                WriteText(model / "model.safetensors",
                          std::string("\0\0\0\0\0\0\0\x10", 8) + "{}");
              })),
              {"model.safetensors", "1152921504606846976"});
}

TEST_F(BadInput, ThresholdThatIsNoCosine) {
  std::vector<std::string> arguments = Mine(Photos());
  arguments.insert(arguments.end(), {"--near-min", "2"});
  ExpectError(arguments, {"--near-min 2", "between -1 and 1"});
  EXPECT_FALSE(fs::exists(out_));
}

TEST_F(BadInput, ArgumentsThatDoNotFitTogether) {
  ExpectError({"mine", "-o", out_.string()}, {"--near MODEL"});
  ExpectError({"mine", "x", "--near", "m", "-o", out_.string()},
              {"--far MODEL is missing"});
  ExpectError({"mine", "--near-store", "s", "--far-store", "t", "--gallery",
               "-o", out_.string()},
              {"--gallery needs the pictures"});
}

TEST_F(BadInput, ValuesThatAreNotKnown) {
  const auto with = [&](const char* flag, const char* value) {
    std::vector<std::string> arguments = Encode(DemoCheckpoint("dinov2"));
    arguments.insert(arguments.end(), {flag, value});
    return arguments;
  };
  ExpectError(with("--dtype", "fp8"), {"fp8", "fp32, bf16 or fp16"});
  ExpectError(with("--pool", "max"), {"max"});
  ExpectError(with("--device", "tpu"), {"tpu", "cpu, cuda or cuda:N"});
  ExpectError(with("--resolution", "big"), {"big", "HxW"});
  ExpectError(with("--alpha", "black"), {"drop or white"});
  ExpectError(with("--orient", "left"), {"none or exif"});
  ExpectError(with("--decode", "faster"), {"faster", "exact or fast"});
  ExpectError(with("--batch", "0"), {"--batch 0"});
  ExpectError(with("--tf32", "yes"), {"yes", "off or on"});
  ExpectError(with("--tf32", "on"), {"only CUDA devices have it"});
}

TEST_F(BadInput, DeviceThatIsNotThere) {
  std::vector<std::string> arguments = Encode(DemoCheckpoint("dinov2"));
  arguments.insert(arguments.end(), {"--device", "cuda:99"});
  ExpectError(arguments, {"cuda:99", "--device cpu"});
  // One line, and nothing of LibTorch's own beside it.
  const std::string err = Eyechart(arguments).err;
  EXPECT_EQ(err.rfind("eyechart: error: ", 0), 0u) << err;
  EXPECT_EQ(std::count(err.begin(), err.end(), '\n'), 1) << err;
}

void WriteStore(const fs::path& folder, std::vector<data::StoreItem> items) {
  data::StoreManifest identity;
  identity.dim = 2;
  identity.preprocess = Json::object();
  const auto count = items.size();
  data::FeatureStoreWriter writer(folder, identity, items, {});
  for (data::StoreItem& item : items) item.status = "ok";
  writer.WriteShard(0, std::vector<float>(count * 2, 1.0f), {}, items);
  writer.Finish();
}

TEST_F(BadInput, StoresThatDoNotMatch) {
  WriteStore(folder_ / "a",
             {{"x", "", "", "", "", "1"}, {"y", "", "", "", "", "2"}});
  WriteStore(folder_ / "b",
             {{"x", "", "", "", "", "1"}, {"z", "", "", "", "", "2"}});
  WriteStore(folder_ / "c",
             {{"x", "", "", "", "", "1"}, {"y", "", "", "", "", "other"}});
  const auto mine = [&](const char* far) {
    return std::vector<std::string>{
        "mine",        "--near-store",           (folder_ / "a").string(),
        "--far-store", (folder_ / far).string(), "-o",
        out_.string()};
  };
  ExpectError(mine("b"), {"\"y\""});
  ExpectError(mine("c"), {"\"y\"", "sha256"});
  ExpectError(mine("none"), {"none", "no such feature store"});
  WriteText(folder_ / "b/manifest.json", "{\"schema\": 9}");
  ExpectError(mine("b"), {"manifest.json", "schema 9"});
}

TEST_F(BadInput, OutputFolderThatCannotBeWritten) {
  WriteText(folder_ / "out", "a file is in the way");
  const ProcessResult result = Eyechart(Mine(Photos()));
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("out"), std::string::npos) << result.err;
  EXPECT_EQ(ReadFile(folder_ / "out"), "a file is in the way");
  // Where even root may not write.
  std::vector<std::string> arguments = Mine(Photos());
  arguments.back() = "/proc/eyechart";
  EXPECT_EQ(Eyechart(arguments).exit_code, 2);
}

TEST_F(BadInput, ANumberBelowZero) {
  std::vector<std::string> arguments = Encode(DemoCheckpoint("clip"));
  arguments.insert(arguments.end(), {"--limit", "-1"});
  ExpectError(arguments, {"--limit: -1: should be 0 or more"});
}

TEST_F(BadInput, APictureInPlaceOfABenchmark) {
  const std::string picture = (Photos() / "000.jpg").string();
  ExpectError({"ask", DemoCheckpoint("clip"), picture},
              {picture + ": is a single picture"});
}

TEST_F(BadInput, UnknownKeyOfASuite) {
  WriteText(folder_ / "s.toml",
            "[suite]\nname = \"s\"\n\n[[encoder]]\nname = \"a\"\n"
            "model = \"m\"\ndtyp = \"fp32\"\n");
  ExpectError({"run", (folder_ / "s.toml").string(), "--out", out_.string()},
              {"s.toml:7", "unknown key \"dtyp\"", "did you mean \"dtype\"?"});
  EXPECT_FALSE(fs::exists(out_));
}

TEST_F(BadInput, ReportOfWhatIsNoRun) {
  const std::string html = (folder_ / "r.html").string();
  ExpectError({"report", (folder_ / "none").string(), "-o", html}, {"none"});
  ExpectError({"report", Photos().string(), "-o", html}, {"records.jsonl"});
  ExpectError({"report", Photos().string(), "-o", "r.xyz"}, {".html"});
  EXPECT_FALSE(fs::exists(html));
}

}  // namespace
}  // namespace eyechart
