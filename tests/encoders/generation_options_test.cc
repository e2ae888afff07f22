#include "encoders/generation_options.h"

#include <gtest/gtest.h>

#include "core/json.h"
#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;

Checkpoint At(const TempFolder& folder, Json config = Json::object()) {
  Checkpoint checkpoint;
  checkpoint.folder = folder.path();
  checkpoint.config = std::move(config);
  checkpoint.config_source = "config.json";
  return checkpoint;
}

TEST(GenerationOptionsTest, ReadsTheFile) {
  const TempFolder folder;
  WriteText(folder / "generation_config.json",
            R"({"num_beams": 3, "early_stopping": "never",
                "length_penalty": 0.5, "no_repeat_ngram_size": 3,
                "forced_bos_token_id": 0, "forced_eos_token_id": [2],
                "eos_token_id": [2, 7], "do_sample": false})");
  const GenerationOptions options =
      ReadGenerationOptions(At(folder, {{"text_config", {{"num_beams", 9}}}}));
  EXPECT_EQ(options.num_beams, 3);
  EXPECT_EQ(options.early_stopping, EarlyStopping::kNever);
  EXPECT_EQ(options.length_penalty, 0.5);
  EXPECT_EQ(options.no_repeat_ngram_size, 3);
  EXPECT_EQ(options.forced_bos_token_id, 0);
  EXPECT_EQ(options.forced_eos_token_id, 2);
  EXPECT_EQ(options.eos_token_ids, (std::vector<std::int64_t>{2, 7}));
  EXPECT_EQ(options.max_new_tokens, 1024);
}

TEST(GenerationOptionsTest, WithoutItTheConfigTells) {
  const TempFolder folder;
  const GenerationOptions options = ReadGenerationOptions(At(
      folder, {{"text_config", {{"num_beams", 3}, {"early_stopping", true}}}}));
  EXPECT_EQ(options.num_beams, 3);
  EXPECT_EQ(options.early_stopping, EarlyStopping::kYes);
  EXPECT_FALSE(options.forced_bos_token_id.has_value());
}

TEST(GenerationOptionsTest, MaxLengthCountsTheStart) {
  const TempFolder folder;
  WriteText(folder / "generation_config.json", R"({"max_length": 120})");
  EXPECT_EQ(ReadGenerationOptions(At(folder)).max_new_tokens, 119);
  WriteText(folder / "generation_config.json",
            R"({"max_length": 120, "max_new_tokens": 7})");
  EXPECT_EQ(ReadGenerationOptions(At(folder)).max_new_tokens, 7);
}

TEST(GenerationOptionsTest, TakesWhatChangesNothing) {
  const TempFolder folder;
  for (const char* text :
       {R"({"guidance_scale": 1, "token_healing": false, "max_time": null,
            "stop_strings": null, "suppress_tokens": [], "min_new_tokens": 0})",
        // Sampling is off, and a cache gives the same tokens.
        R"({"temperature": 0.3, "top_k": 5, "top_p": 0.5, "use_cache": false,
            "prompt_lookup_num_tokens": 3, "output_scores": true})"}) {
    WriteText(folder / "generation_config.json", text);
    EXPECT_EQ(ReadGenerationOptions(At(folder)).max_new_tokens, 1024) << text;
  }
}

TEST(GenerationOptionsTest, NumbersOutOfRangeNameFileAndKey) {
  const TempFolder folder;
  const std::filesystem::path file = folder / "generation_config.json";
  EXPECT_EQ(GenerationSource(At(folder)), "config.json");
  for (const auto& [key, value] :
       {std::pair{"num_beams", "0"}, std::pair{"num_beams", "65"},
        std::pair{"max_new_tokens", "0"}, std::pair{"max_length", "1"},
        std::pair{"max_length", "-9223372036854775808"},
        std::pair{"max_length", "9223372036854775808"},
        std::pair{"max_new_tokens", "18446744073709551615"},
        std::pair{"no_repeat_ngram_size", "-1"},
        std::pair{"length_penalty", "101"},
        std::pair{"length_penalty", "-101"}}) {
    WriteText(file, fmt::format("{{\"{}\": {}}}", key, value));
    const std::string error =
        InputErrorOf([&] { ReadGenerationOptions(At(folder)); });
    EXPECT_EQ(
        error.rfind(fmt::format("{}: \"{}\" is {};", file.string(), key, value),
                    0),
        0U)
        << error;
  }
  EXPECT_EQ(GenerationSource(At(folder)), file.string());
  WriteText(file, R"({"max_length": 9223372036854775807})");
  EXPECT_EQ(ReadGenerationOptions(At(folder)).max_new_tokens,
            9223372036854775806);
}

TEST(GenerationOptionsTest, RefusesWhatItCannotDo) {
  const TempFolder folder;
  for (const auto& [text, word] :
       {std::pair{R"({"do_sample": true})", "do_sample"},
        std::pair{R"({"repetition_penalty": 1.2})", "repetition_penalty"},
        std::pair{R"({"bad_words_ids": [[1]]})", "bad_words_ids"},
        std::pair{R"({"min_new_tokens": 3})", "min_new_tokens"},
        std::pair{R"({"guidance_scale": 1.5})", "guidance_scale"},
        std::pair{R"({"token_healing": true})", "token_healing"},
        std::pair{R"({"forced_decoder_ids": [[1, 5]]})", "forced_decoder_ids"},
        std::pair{R"({"stop_strings": "."})", "stop_strings"},
        std::pair{R"({"max_time": 0.5})", "max_time"},
        std::pair{R"({"watermarking_config": {"bias": 2.5}})",
                  "watermarking_config"},
        std::pair{R"({"dola_layers": "high"})", "dola_layers"},
        std::pair{R"({"assistant_ensemble_weight": 0.5})",
                  "assistant_ensemble_weight"},
        std::pair{R"({"num_beams": 0})", "num_beams"},
        std::pair{R"({"num_beams": "three"})", "num_beams"},
        std::pair{R"({"eos_token_id": -4})", "eos_token_id"},
        std::pair{R"({"early_stopping": "soon"})", "early_stopping"},
        std::pair{R"({"pad_token_id": -1})", "pad_token_id"},
        std::pair{R"({"decoder_start_token_id": -2})",
                  "decoder_start_token_id"},
        std::pair{R"([1])", "object"}}) {
    WriteText(folder / "generation_config.json", text);
    EXPECT_NE(
        InputErrorOf([&] { ReadGenerationOptions(At(folder)); }).find(word),
        std::string::npos)
        << text;
  }
}

}  // namespace
}  // namespace eyechart::encoders
