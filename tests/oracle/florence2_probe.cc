// Single steps of Florence-2's language side, for the parity tests:
//   florence2_probe tokenize FOLDER TEXTS.json OUT.json
//     OUT: for each text [ids, decoded, decoded without special tokens].
//   florence2_probe expand PROMPTS.json OUT.json
//   florence2_probe parse FOLDER CASES.json OUT.json
//     CASES: [{text, task, width, height}]; OUT: what is read, as the
//     reference names it.
//   florence2_probe look MODEL PIXELS.safetensors OUT.safetensors [--dtype D]
//     OUT gets, for each (B, 3, H, W), the language model's tokens.
//   florence2_probe bart MODEL IN.safetensors OUT.safetensors [--dtype D]
//     IN: "embeddings" (B, S, C), "mask" (B, S) of 0 and 1, "ids" (B, L); OUT
//     gets "encoder" and "logits", the latter also token by token, "stepwise".
//   florence2_probe answer MODEL PIXELS.safetensors CASES.json OUT.json
//       [--dtype D]
//     CASES: [{pixels: NAME, prompts: [{picture, text}], options: {...},
//     answers: [[...]]}]; OUT: [{written: [{ids, score}], likelihoods}].
//   florence2_probe serve MODEL PIXELS.safetensors [--dtype D] [--threads N]
//     Answers each line "write NAME PROMPT" of its input with the seconds that
//     a greedy search for exactly 64 tokens took, pixels in memory.
#include <ATen/Parallel.h>
#include <ATen/ops/cat.h>
#include <c10/core/InferenceMode.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/files.h"
#include "core/json.h"
#include "core/safetensors.h"
#include "encoders/bart.h"
#include "encoders/byte_level_tokenizer.h"
#include "encoders/captioner.h"
#include "encoders/florence2_answers.h"
#include "encoders/florence2_layouts.h"
#include "encoders/florence2_prompts.h"
#include "encoders/weights.h"
#include "tests/oracle/probe_tools.h"

namespace eyechart::encoders {
namespace {

void Tokenize(const std::vector<std::string>& arguments) {
  const ByteLevelTokenizer tokenizer(arguments.at(1), Florence2Tokens());
  const Json texts = ReadJsonFile(arguments.at(2));
  Json out = Json::array();
  for (const std::string text : texts) {
    const std::vector<std::int64_t> ids = tokenizer.Encode(text);
    out.push_back(
        {ids, tokenizer.Decode(ids, false), tokenizer.Decode(ids, true)});
  }
  WriteFileAtomic(arguments.at(3), out.dump());
}

void Expand(const std::vector<std::string>& arguments) {
  Json out = Json::array();
  for (const std::string prompt : ReadJsonFile(arguments.at(1)))
    out.push_back(ExpandFlorence2Prompt(prompt));
  WriteFileAtomic(arguments.at(2), out.dump());
}

void Parse(const std::vector<std::string>& arguments) {
  const AnswerRules rules = ReadAnswerRules(arguments.at(1));
  Json out = Json::array();
  for (const Json& one : ReadJsonFile(arguments.at(2))) {
    const Florence2Task* task =
        FindFlorence2Task(one["task"].get<std::string>());
    EYECHART_CHECK(task != nullptr, "task");
    const Florence2Answer answer =
        ParseFlorence2Answer(one["text"].get<std::string>(), task->form,
                             one["width"], one["height"], rules);
    out.push_back({{"text", answer.text},
                   {"labels", answer.labels},
                   {"bboxes", answer.boxes},
                   {"quad_boxes", answer.quads},
                   {"polygons", answer.polygons}});
  }
  WriteFileAtomic(arguments.at(3), out.dump());
}

void Look(const std::vector<std::string>& arguments) {
  const auto model =
      Captioner::Create(OpenCheckpoint(arguments.at(1)), Options(arguments));
  const SafetensorsFile file(arguments.at(2));
  Tensors outputs;
  for (const auto& [name, view] : file.tensors())
    outputs.emplace_back(name, model->Look(TensorOf(view)));
  Write(arguments.at(3), outputs);
}

void RunBart(const std::vector<std::string>& arguments) {
  const c10::InferenceMode inference;
  const Checkpoint checkpoint = OpenCheckpoint(arguments.at(1));
  const Placement placement = PlacementOf(Options(arguments));
  WeightStore weights(checkpoint, Florence2Layouts());
  const Bart bart(
      weights, ConfigReader(checkpoint.config.at("text_config"), "text_config"),
      "model.language_model.", "lm_head.weight", placement);
  const SafetensorsFile file(arguments.at(2));
  const at::Tensor embeddings =
      TensorOf(file.at("embeddings")).to(placement.dtype);
  const at::Tensor mask =
      TensorOf(file.at("mask")).to(at::kBool).unsqueeze(1).unsqueeze(1);
  const at::Tensor ids = TensorOf(file.at("ids")).to(at::kLong);
  const at::Tensor encoder = bart.Read(embeddings, mask);
  Bart::Memory memory = bart.Begin(encoder, mask);
  const at::Tensor whole = bart.Logits(bart.Write(ids, false, memory));
  std::vector<at::Tensor> steps;
  for (std::int64_t i = 0; i < ids.size(1); ++i)
    steps.push_back(bart.Logits(bart.Write(ids.narrow(1, i, 1), true, memory)));
  Write(arguments.at(3), {{"encoder", encoder},
                          {"logits", whole},
                          {"stepwise", at::cat(steps, 1)}});
}

GenerationOptions OptionsOf(const Json& json, GenerationOptions options) {
  options.num_beams = json.value("num_beams", options.num_beams);
  options.length_penalty = json.value("length_penalty", options.length_penalty);
  options.max_new_tokens = json.value("max_new_tokens", options.max_new_tokens);
  options.no_repeat_ngram_size =
      json.value("no_repeat_ngram_size", options.no_repeat_ngram_size);
  if (json.contains("early_stopping")) {
    const Json& stop = json["early_stopping"];
    options.early_stopping = stop == "never"    ? EarlyStopping::kNever
                             : stop.get<bool>() ? EarlyStopping::kYes
                                                : EarlyStopping::kNo;
  }
  return options;
}

Json AnswerCase(Captioner& model,
                const SafetensorsFile& file,
                const Json& one) {
  const at::Tensor pictures =
      model.Look(TensorOf(file.at(one["pixels"].get<std::string>())));
  std::vector<PicturePrompt> prompts;
  for (const Json& prompt : one["prompts"])
    prompts.push_back({prompt["picture"], prompt["text"]});
  Json out = {{"written", Json::array()}, {"likelihoods", Json::array()}};
  if (one.contains("options"))
    for (const WrittenAnswer& answer : model.Write(
             pictures, prompts, OptionsOf(one["options"], model.generation())))
      out["written"].push_back({{"ids", answer.ids}, {"score", answer.score}});
  if (one.contains("answers")) {
    const auto answers =
        one["answers"].get<std::vector<std::vector<std::string>>>();
    for (const auto& list : model.Likelihoods(pictures, prompts, answers)) {
      out["likelihoods"].push_back(Json::array());
      for (const AnswerLikelihood& answer : list)
        out["likelihoods"].back().push_back({answer.sum, answer.tokens});
    }
  }
  return out;
}

void Answer(const std::vector<std::string>& arguments) {
  const auto model =
      Captioner::Create(OpenCheckpoint(arguments.at(1)), Options(arguments));
  const SafetensorsFile file(arguments.at(2));
  Json out = Json::array();
  for (const Json& one : ReadJsonFile(arguments.at(3)))
    out.push_back(AnswerCase(*model, file, one));
  WriteFileAtomic(arguments.at(4), out.dump());
}

void Serve(const std::vector<std::string>& arguments) {
  const int threads = std::stoi(Option(arguments, "--threads", "0"));
  if (threads > 0) at::set_num_threads(threads);
  const auto model =
      Captioner::Create(OpenCheckpoint(arguments.at(1)), Options(arguments));
  const SafetensorsFile file(arguments.at(2));
  GenerationOptions options = model->generation();
  options.num_beams = 1;
  options.max_new_tokens = 64;
  options.no_repeat_ngram_size = 0;
  options.eos_token_ids = {std::int64_t{1} << 40};  // it goes on to the end
  options.forced_eos_token_id.reset();
  std::string what, name, prompt;
  while (std::cin >> what >> name &&
         std::getline(std::cin >> std::ws, prompt)) {
    const auto start = std::chrono::steady_clock::now();
    const at::Tensor pictures = model->Look(TensorOf(file.at(name)));
    std::vector<PicturePrompt> prompts;
    for (std::int64_t i = 0; i < pictures.size(0); ++i)
      prompts.push_back({i, prompt});
    const auto looked = std::chrono::steady_clock::now();
    model->Write(pictures, prompts, options);
    const auto end = std::chrono::steady_clock::now();
    std::printf("%.6f %.6f\n",
                std::chrono::duration<double>(end - start).count(),
                std::chrono::duration<double>(end - looked).count());
    std::fflush(stdout);
  }
}

int Main(const std::vector<std::string>& arguments) {
  const std::string& step = arguments.at(0);
  if (step == "tokenize")
    Tokenize(arguments);
  else if (step == "expand")
    Expand(arguments);
  else if (step == "parse")
    Parse(arguments);
  else if (step == "look")
    Look(arguments);
  else if (step == "bart")
    RunBart(arguments);
  else if (step == "answer")
    Answer(arguments);
  else if (step == "serve")
    Serve(arguments);
  else
    ThrowInput("no step called {}", step);
  return 0;
}

}  // namespace
}  // namespace eyechart::encoders

int main(int argc, char** argv) {
  try {
    return eyechart::encoders::Main({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
