// On a vocabulary small enough to work out by hand; tests/oracle/ compares with
// the reference on real ones.
#include "encoders/siglip_tokenizer.h"

#include <gtest/gtest.h>

#include "tests/encoders/toy_pieces.h"
#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;
using testing::ToyGemmaJson;
using testing::ToySentencePieceModel;
using testing::ToyTokenizerJson;

using Ids = std::vector<std::int64_t>;

class SiglipTokenizerTest : public ::testing::Test {
 protected:
  void WritePieces() {
    WriteText(temp_ / "spiece.model", ToySentencePieceModel());
  }
  void WriteJson(const Json& json) {
    WriteText(temp_ / "tokenizer.json", json.dump());
  }
  void WriteConfig(const Json& json) {
    WriteText(temp_ / "tokenizer_config.json", json.dump());
  }
  SiglipTokenizer Make() { return SiglipTokenizer(temp_.path(), /*pad_id=*/7); }
  Ids Encode(std::string_view text, std::int64_t length = 64) {
    return Make().Encode(text, length);
  }
  std::string Error() {
    return InputErrorOf([&] { Make(); });
  }

  TempFolder temp_;
};

TEST_F(SiglipTokenizerTest, CanonicalisesForSpieceModel) {
  WritePieces();
  EXPECT_EQ(Encode("A Photo!  cat "), (Ids{4, 12, 5, 1}));
  EXPECT_EQ(Encode(""), (Ids{1}));
  // A special token in the text; no end is put after an end. Behind it the
  // reference adds no blank of its own.
  EXPECT_EQ(Encode("a</s>cat</s>"), (Ids{4, 1, 7, 6, 8, 1}));
  EXPECT_EQ(Encode("a photo cat", 2), (Ids{4, 1}));
  EXPECT_EQ(Make().pad_id(), 1);
}

TEST_F(SiglipTokenizerTest, TiesGoToTheLongerLastPiece) {
  WritePieces();
  // "oo" twice and "o" once make the same sum in any order.
  EXPECT_EQ(Encode("ooooo"), (Ids{3, 9, 10, 10, 1}));
}

TEST_F(SiglipTokenizerTest, TokenizerJsonIsTakenAsItStands) {
  WriteJson(ToyTokenizerJson());
  EXPECT_EQ(Encode("A Photo! cat"), (Ids{4, 12, 13, 5, 1}));
  EXPECT_EQ(Encode("zz"), (Ids{3, 2, 1}));
  EXPECT_EQ(Encode("a photo cat", 2), (Ids{4, 1}));
  EXPECT_EQ(Encode("a</s>cat"), (Ids{4, 1, 5, 1}));
  EXPECT_EQ(Make().pad_id(), 7);  // the model's: the files name none
  WriteConfig({{"pad_token", "<pad>"}});
  EXPECT_EQ(Make().pad_id(), 0);
}

TEST_F(SiglipTokenizerTest, TheNamedClassChoosesTheFile) {
  WritePieces();
  WriteJson(ToyTokenizerJson());
  EXPECT_EQ(Encode("a!"), (Ids{4, 1}));
  WriteConfig({{"tokenizer_class", "PreTrainedTokenizerFast"}});
  EXPECT_EQ(Encode("a!"), (Ids{4, 13, 1}));
  std::filesystem::remove(temp_ / "tokenizer.json");
  EXPECT_NE(Error().find("PreTrainedTokenizer"), std::string::npos) << Error();
}

TEST_F(SiglipTokenizerTest, GemmasBytePairsFallBackToBytes) {
  WriteJson(ToyGemmaJson());
  WriteConfig({{"tokenizer_class", "GemmaTokenizerFast"}});
  EXPECT_EQ(Encode("cat cat"), (Ids{10, 11, 1}));
  EXPECT_EQ(Encode(" cta"), (Ids{5, 7, 8, 6, 1}));
  EXPECT_EQ(Encode("a\u00e9"), (Ids{6, 12, 13, 1}));
  // Not all bytes are there; neighbours that are unknown count as one.
  EXPECT_EQ(Encode("a\u00ea!a"), (Ids{6, 3, 6, 1}));
  EXPECT_EQ(Encode("a<eos>cat"), (Ids{6, 1, 10, 1}));
  EXPECT_EQ(Encode(""), (Ids{1}));
  EXPECT_EQ(Encode("cat cat cat", 2), (Ids{10, 1}));
  // The case is kept, but for the class of NaFlex.
  EXPECT_EQ(Encode("CAT"), (Ids{3, 1}));
  WriteConfig({{"tokenizer_class", "Siglip2Tokenizer"}});
  EXPECT_EQ(Encode("CAT"), (Ids{10, 1}));
}

TEST_F(SiglipTokenizerTest, GemmasClassHasItsOwnDefaults) {
  WriteJson(ToyGemmaJson());
  WriteConfig({{"tokenizer_class", "GemmaTokenizer"}});
  EXPECT_EQ(Make().pad_id(), 0);
  EXPECT_TRUE(Make().pads_left());
  WriteConfig({{"tokenizer_class", "GemmaTokenizer"},
               {"padding_side", "right"},
               {"pad_token", "<eos>"}});
  EXPECT_EQ(Make().pad_id(), 1);
  EXPECT_FALSE(Make().pads_left());
  // The normaliser is the class's; as it stands, the file's.
  Json json = ToyGemmaJson();
  json["normalizer"] = {{"type", "Lowercase"}};
  json["model"]["byte_fallback"] = false;
  WriteJson(json);
  WriteConfig({{"tokenizer_class", "GemmaTokenizer"}});
  EXPECT_EQ(Encode("cat\u00e9"), (Ids{10, 12, 13, 1}));
  EXPECT_EQ(Encode("CAT"), (Ids{3, 1}));
  WriteConfig({{"tokenizer_class", "PreTrainedTokenizerFast"}});
  EXPECT_EQ(Encode("CAT\u00e9"), (Ids{10, 3, 1}));
}

TEST_F(SiglipTokenizerTest, BadBytePairsNameThePlace) {
  const auto error_with = [&](const char* pointer, const Json& value,
                              const char* name = "PreTrainedTokenizerFast") {
    Json json = ToyGemmaJson();
    json[Json::json_pointer(pointer)] = value;
    WriteJson(json);
    WriteConfig({{"tokenizer_class", name}});
    return Error();
  };
  EXPECT_NE(error_with("/model/merges/0", "c z").find("\"z\""),
            std::string::npos);
  EXPECT_NE(error_with("/model/unk_token", "<u>").find("\"<u>\""),
            std::string::npos);
  EXPECT_NE(error_with("/model/end_of_word_suffix", "</w>")
                .find("\"end_of_word_suffix\""),
            std::string::npos);
  EXPECT_NE(error_with("/model/dropout", 0.1).find("\"dropout\""),
            std::string::npos);
  EXPECT_NE(error_with("/pre_tokenizer/behavior", "Magic").find("\"Magic\""),
            std::string::npos);
  EXPECT_NE(error_with("/pre_tokenizer/pattern", {{"Regex", "a"}})
                .find("\"pattern\""),
            std::string::npos);
  EXPECT_NE(error_with("/model/merges", Json(), "GemmaTokenizer")
                .find("Gemma's tokenizer is a byte-pair model"),
            std::string::npos);
  EXPECT_NE(error_with("/model/merges", Json(), "XLMRobertaTokenizer")
                .find("Unigram"),
            std::string::npos);
}

TEST_F(SiglipTokenizerTest, ReadsHowTextsArePadded) {
  WritePieces();
  EXPECT_TRUE(Make().has_mask());
  EXPECT_FALSE(Make().pads_left());
  EXPECT_EQ(Make().Length(64), 64);
  WriteConfig({{"model_input_names", {"input_ids"}},
               {"padding_side", "left"},
               {"model_max_length", 16}});
  EXPECT_FALSE(Make().has_mask());
  EXPECT_TRUE(Make().pads_left());
  EXPECT_EQ(Make().Length(64), 16);
  EXPECT_EQ(Make().Length(8), 8);
  WriteConfig({{"model_max_length", 1e30}});
  EXPECT_EQ(Make().Length(64), 64);
}

TEST_F(SiglipTokenizerTest, BadFilesNameThePlace) {
  EXPECT_NE(Error().find("no tokenizer"), std::string::npos) << Error();
  const std::string whole = ToySentencePieceModel();
  for (const std::string& damaged :
       {std::string("not a model"), whole.substr(0, whole.size() / 2),
        ToySentencePieceModel("no table"), std::string()}) {
    WriteText(temp_ / "spiece.model", damaged);
    EXPECT_NE(Error().find("spiece.model"), std::string::npos) << Error();
  }
  WritePieces();
  WriteConfig({{"padding_side", "middle"}});
  EXPECT_NE(Error().find("padding_side"), std::string::npos) << Error();
  WriteConfig({{"truncation_side", "left"}});
  EXPECT_NE(Error().find("truncation_side"), std::string::npos) << Error();
  WriteConfig({{"added_tokens_decoder", {{"one", {{"content", "x"}}}}}});
  EXPECT_NE(Error().find("\"one\""), std::string::npos) << Error();
}

TEST_F(SiglipTokenizerTest, IdsThatAreNoneAreRefused) {
  const char* kIds = "/post_processor/special_tokens/<~1s>/ids/0";
  for (const Json& id : {Json(-1), Json(std::int64_t{1} << 31),
                         Json(9223372036854775808U), Json(1.5)}) {
    Json json = ToyTokenizerJson();
    json[Json::json_pointer(kIds)] = id;
    WriteJson(json);
    EXPECT_NE(Error().find("tokenizer.json: \"post_processor\""),
              std::string::npos)
        << id << Error();
    EXPECT_NE(Error().find("\"</s>\""), std::string::npos) << id << Error();
  }
  WritePieces();
  for (const char* id : {"-1", "2147483648", "9223372036854775808"}) {
    WriteText(temp_ / "added_tokens.json",
              fmt::format("{{\"photo\": {}}}", id));
    EXPECT_NE(Error().find(fmt::format(
                  "added_tokens.json: token \"photo\" has id {};", id)),
              std::string::npos)
        << Error();
  }
}

TEST_F(SiglipTokenizerTest, AnAddedTokenThatNormalisesToNothingIsRefused) {
  Json json = ToyTokenizerJson();
  json["normalizer"] = {{"type", "Strip"}};
  json["added_tokens"].push_back({{"id", 14}, {"content", " "}});
  WriteJson(json);
  EXPECT_NE(Error().find("tokenizer.json: "), std::string::npos) << Error();
  EXPECT_NE(Error().find("added token \" \""), std::string::npos) << Error();
  // Looked for in the text as it is given, it is one like any other.
  json["added_tokens"].back()["normalized"] = false;
  WriteJson(json);
  EXPECT_EQ(Encode("a cat"), (Ids{4, 14, 5, 1}));
}

TEST_F(SiglipTokenizerTest, BadTokenizerJsonNamesThePlace) {
  const auto error_with = [&](const char* pointer, const Json& value) {
    Json json = ToyTokenizerJson();
    json[Json::json_pointer(pointer)] = value;
    WriteJson(json);
    return Error();
  };
  EXPECT_NE(error_with("/model/vocab", Json::object()).find("Unigram"),
            std::string::npos);
  EXPECT_NE(error_with("/model/vocab/3/1", "x").find("entry 3"),
            std::string::npos);
  EXPECT_NE(error_with("/model/unk_id", 99).find("99"), std::string::npos);
  EXPECT_NE(error_with("/normalizer/type", "Magic").find("\"Magic\""),
            std::string::npos);
  EXPECT_NE(error_with("/pre_tokenizer/type", "Magic").find("\"Magic\""),
            std::string::npos);
  EXPECT_NE(error_with("/post_processor/type", "Magic").find("\"Magic\""),
            std::string::npos);
  EXPECT_NE(
      error_with("/post_processor/special_tokens", Json::object()).find("</s>"),
      std::string::npos);
  EXPECT_NE(error_with("/pre_tokenizer/replacement", "ab").find("replacement"),
            std::string::npos);
}

TEST(CanonicalizeForSiglipTest, DropsCaseAndPunctuation) {
  EXPECT_EQ(CanonicalizeForSiglip(" A\t\x1c B-c?", true), "a bc");
  EXPECT_EQ(CanonicalizeForSiglip("Ab", false), "Ab");
  // A capital sigma at a word's end, and one inside.
  EXPECT_EQ(CanonicalizeForSiglip("\u03a3\u03a3", true), "\u03c3\u03c2");
  EXPECT_EQ(CanonicalizeForSiglip("\u0130", true), "i\u0307");
  EXPECT_EQ(CanonicalizeForSiglip("\u2019\u00a0", true), "\u2019");
}

}  // namespace
}  // namespace eyechart::encoders
