// Single steps of the encoders, for the parity tests:
//   encoder_probe encode MODEL PIXELS.safetensors OUT.safetensors
//       [--dtype fp32|bf16|fp16] [--device D] [--tf32 off|on] [--repeat N]
//     PIXELS holds float32 tensors (B, 3, H, W) by name; OUT gets, for each,
//     NAME.head, NAME.cls, NAME.mean (those there are), NAME.tokens, NAME.map
//     and, of a hierarchical family, NAME.stage0 and so on. --repeat prints the
//     best seconds of N passes (default pool and tokens) instead.
//   encoder_probe encode-many [--device D] [--tf32 off|on]
//     The same for each line "MODEL PIXELS OUT DTYPE" of its input, answered
//     with "ok" or what went wrong: a process that starts a GPU takes seconds.
//   encoder_probe time MODEL PIXELS.safetensors PASSES [--dtype ...]
//       [--threads N]
//     Prints the wall and CPU seconds of PASSES passes over each tensor, of the
//     family's own pool alone: what "eyechart encode" asks for.
//   encoder_probe serve MODEL PIXELS.safetensors [--dtype ...] [--threads N]
//       [--device D] [--tf32 off|on] [--graphs on|off]
//     Answers each line of its input with the seconds that it took:
//     "pass NAME", one pass over that tensor, the family's own pool alone, from
//     pixels on the host (pinned, for CUDA) to the feature on the host, through
//     the engine that "eyechart encode" runs batches with;
//     "passes NAME N", as many of them, which overlap as that command's do,
//     divided by N; "pooled NAME", the first value of the feature;
//     "gemm ROWS IN OUT", one product by oneDNN on packed weights, and
//     "product ROWS IN OUT", the same by what encoders multiply with: both on
//     the CPU alone.
//   encoder_probe text MODEL TEXTS.json OUT.safetensors [--dtype ...]
//     OUT gets "embeds" and "logit_bias"; exp(logit_scale) is printed.
//   encoder_probe tokenize FOLDER TEXTS.json IDS.json MAX_LENGTH
//   encoder_probe tokenize-siglip FOLDER TEXTS.json IDS.json MAX_LENGTH
//   encoder_probe info MODEL [HEIGHT WIDTH]
#include <ATen/Parallel.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/files.h"
#include "core/json.h"
#include "core/safetensors.h"
#include "encoders/batch_engine.h"
#include "encoders/clip_tokenizer.h"
#include "encoders/device.h"
#include "encoders/image_encoder.h"
#include "encoders/linear.h"
#include "encoders/siglip_tokenizer.h"
#include "encoders/tensor_memory.h"
#include "encoders/text_encoder.h"
#include "encoders/vector_math.h"
#include "tests/oracle/probe_tools.h"

namespace eyechart::encoders {
namespace {

// With --device and --tf32, which is set for the process.
EncoderOptions PlacedOptions(const std::vector<std::string>& arguments) {
  EncoderOptions options = Options(arguments);
  options.device = ParseDevice(Option(arguments, "--device", "cpu"));
  AllowTf32(ParseTf32(Option(arguments, "--tf32", "off"), options.device));
  return options;
}

void Time(ImageEncoder& encoder, const at::Tensor& pixels, int repeats) {
  double best = 1e9;
  for (int i = 0; i < repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    encoder.Encode(pixels,
                   {.pool = encoder.info().default_pool, .tokens = true});
    const std::chrono::duration<double> passed =
        std::chrono::steady_clock::now() - start;
    best = std::min(best, passed.count());
  }
  std::printf("%.6f\n", best);
}

void AddPyramid(ImageEncoder& encoder,
                const at::Tensor& pixels,
                const std::string& name,
                Tensors& outputs) {
  EncodeRequest request;
  request.feature_map = request.pyramid = true;
  const Features features = encoder.Encode(pixels, request);
  const std::vector<PyramidLevel>& levels = encoder.info().pyramid;
  EYECHART_CHECK(features.pyramid.size() == levels.size(), "levels");
  for (std::size_t i = 0; i < levels.size(); ++i) {
    EYECHART_CHECK(features.pyramid[i].size(1) == levels[i].width, "width");
    outputs.emplace_back(name + ".stage" + std::to_string(i),
                         features.pyramid[i]);
  }
  outputs.emplace_back(name + ".map_with_stages", features.feature_map);
}

void EncodeFile(const std::string& model,
                const std::string& pixels_file,
                const std::string& target,
                const EncoderOptions& options,
                int repeats) {
  const auto encoder = ImageEncoder::Create(OpenCheckpoint(model), options);
  const SafetensorsFile file(pixels_file);
  Tensors outputs;
  for (const auto& [name, view] : file.tensors()) {
    const at::Tensor pixels = TensorOf(view);
    if (repeats > 0) {
      Time(*encoder, pixels, repeats);
      continue;
    }
    for (const auto& [pool, width] : encoder->info().pools) {
      const Features alone = encoder->Encode(pixels, {.pool = pool});
      const Features all = encoder->Encode(
          pixels, {.pool = pool, .tokens = true, .feature_map = true});
      const std::string label = name + "." + std::string(PoolName(pool));
      EYECHART_CHECK(!alone.tokens.defined() && !alone.feature_map.defined(),
                     "more than was asked for");
      EYECHART_CHECK(alone.pooled.size(1) == width, "width of {}", label);
      EYECHART_CHECK(alone.pooled.device().type() == options.device.type(),
                     "{} is on {}", label, alone.pooled.device().str());
      outputs.emplace_back(label, alone.pooled);
      outputs.emplace_back(label + "_with_tokens", all.pooled);
      if (pool != Pool::kMean) continue;
      EYECHART_CHECK(all.tokens.size(1) ==
                         encoder->TokenCount(static_cast<int>(pixels.size(2)),
                                             static_cast<int>(pixels.size(3))),
                     "token count");
      outputs.emplace_back(name + ".tokens", all.tokens);
      outputs.emplace_back(name + ".map", all.feature_map);
    }
    if (!encoder->info().pyramid.empty())
      AddPyramid(*encoder, pixels, name, outputs);
  }
  for (auto& [name, tensor] : outputs) tensor = tensor.cpu();
  Write(target, outputs);
}

void Encode(const std::vector<std::string>& arguments) {
  EncodeFile(arguments.at(1), arguments.at(2), arguments.at(3),
             PlacedOptions(arguments),
             std::stoi(Option(arguments, "--repeat", "0")));
}

void EncodeMany(const std::vector<std::string>& arguments) {
  const c10::Device device = PlacedOptions(arguments).device;
  std::string model, pixels, target, dtype;
  while (std::cin >> model >> pixels >> target >> dtype) {
    std::string answer = "ok";
    try {
      EncoderOptions options = Options({"--dtype", dtype});
      options.device = device;
      EncodeFile(model, pixels, target, options, /*repeats=*/0);
    } catch (const std::exception& error) {
      answer = error.what();
      answer = answer.substr(0, answer.find('\n'));
    }
    std::printf("%s\n", answer.c_str());
    std::fflush(stdout);
  }
}

void TimePasses(const std::vector<std::string>& arguments) {
  const int threads = std::stoi(Option(arguments, "--threads", "0"));
  if (threads > 0) at::set_num_threads(threads);
  const auto encoder =
      ImageEncoder::Create(OpenCheckpoint(arguments.at(1)), Options(arguments));
  const SafetensorsFile file(arguments.at(2));
  const int passes = std::stoi(arguments.at(3));
  const EncodeRequest request = {.pool = encoder->info().default_pool};
  for (const auto& [name, view] : file.tensors()) {
    const at::Tensor pixels = TensorOf(view);
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t cpu = std::clock();
    for (int i = 0; i < passes; ++i) encoder->Encode(pixels, request);
    const std::chrono::duration<double> wall =
        std::chrono::steady_clock::now() - start;
    std::printf("%.6f %.6f\n", wall.count(),
                static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC);
  }
}

template <typename Work>
double SecondsOf(const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double> passed =
      std::chrono::steady_clock::now() - start;
  return passed.count();
}

// One layer of `shape` (rows, in, out) by oneDNN and by the encoders' own way.
struct Product {
  Product(const std::vector<std::int64_t>& shape, const Placement& placement)
      : weight(at::randn({shape[2], shape[1]})),
        one_dnn(weight, at::Tensor(), placement, Activation::kNone),
        ours(weight, at::Tensor(), placement),
        rows(placement.Put(at::randn({shape[0], shape[1]}))) {}

  at::Tensor weight;
  OneDnnLinear one_dnn;
  Linear ours;
  at::Tensor rows;
};

// Batches as "eyechart encode" runs them.
class ServedBatches {
 public:
  ServedBatches(ImageEncoder& encoder,
                const SafetensorsFile& file,
                const BatchEngineOptions& options)
      : file_(file), engine_(BatchEngine::Create(encoder, options)) {}

  at::Tensor Pass(const std::string& name) {
    engine_->Start(Pixels(name));
    return engine_->Finish().pooled;
  }

  void Passes(const std::string& name, int count) {
    const at::Tensor& pixels = Pixels(name);
    int under_way = 0;
    for (int i = 0; i < count; ++i) {
      engine_->Start(pixels);
      if (++under_way <= engine_->ahead()) continue;
      engine_->Finish();
      --under_way;
    }
    for (; under_way > 0; --under_way) engine_->Finish();
  }

  /// In memory that the engine reads fastest; made when first asked for.
  const at::Tensor& Pixels(const std::string& name) {
    const auto it = pixels_.find(name);
    if (it != pixels_.end()) return it->second;
    const at::Tensor values = TensorOf(file_.at(name));
    at::Tensor own = engine_->HostPixels(values.sizes().vec());
    own.copy_(values);
    return pixels_.emplace(name, std::move(own)).first->second;
  }

 private:
  const SafetensorsFile& file_;
  std::unique_ptr<BatchEngine> engine_;
  std::map<std::string, at::Tensor> pixels_;
};

// Stays between its answers, so that peers can be timed in turn with it.
void Serve(const std::vector<std::string>& arguments) {
  const int threads = std::stoi(Option(arguments, "--threads", "0"));
  if (threads > 0) at::set_num_threads(threads);
  const EncoderOptions options = PlacedOptions(arguments);
  const auto encoder =
      ImageEncoder::Create(OpenCheckpoint(arguments.at(1)), options);
  const SafetensorsFile file(arguments.at(2));
  BatchEngineOptions engine;
  engine.device = options.device;
  engine.request = {.pool = encoder->info().default_pool};
  engine.cuda_graphs = Option(arguments, "--graphs", "on") == "on";
  engine.tf32 = Option(arguments, "--tf32", "off") == "on";
  ServedBatches batches(*encoder, file, engine);
  std::map<std::vector<std::int64_t>, Product> products;
  std::string what, name;
  while (std::cin >> what) {
    double answer = 0;
    if (what == "features") {
      std::cin >> name;
      batches.Pixels(name);
      const at::Tensor pooled = batches.Pass(name).contiguous();
      const auto* values = pooled.const_data_ptr<float>();
      for (std::int64_t i = 0; i < pooled.numel(); ++i)
        std::printf("%.9g ", values[i]);
      std::printf("\n");
      std::fflush(stdout);
      continue;
    }
    if (what == "pass" || what == "pooled") {
      std::cin >> name;
      batches.Pixels(name);
      at::Tensor pooled;
      answer = SecondsOf([&] { pooled = batches.Pass(name); });
      if (what == "pooled") answer = pooled.const_data_ptr<float>()[0];
    } else if (what == "passes") {
      int count = 0;
      std::cin >> name >> count;
      batches.Pixels(name);
      answer = SecondsOf([&] { batches.Passes(name, count); }) / count;
    } else {
      EYECHART_REQUIRE(options.device.is_cpu(), "{}: on the CPU alone", what);
      std::vector<std::int64_t> shape(3);
      for (std::int64_t& extent : shape) std::cin >> extent;
      auto it = products.find(shape);
      if (it == products.end())
        it =
            products.emplace(shape, Product(shape, PlacementOf(options))).first;
      const Product& product = it->second;
      const c10::InferenceMode inference;
      answer = SecondsOf([&] {
        what == "gemm" ? product.one_dnn.Forward(product.rows)
                       : product.ours.Forward(product.rows);
      });
    }
    std::printf("%.9g\n", answer);
    std::fflush(stdout);
  }
}

void Text(const std::vector<std::string>& arguments) {
  const auto encoder =
      TextEncoder::Create(OpenCheckpoint(arguments.at(1)), Options(arguments));
  const auto texts =
      ReadJsonFile(arguments.at(2)).get<std::vector<std::string>>();
  Write(arguments.at(3),
        {{"embeds", encoder->Encode(texts)},
         {"logit_bias", at::full({1}, encoder->logit_bias())}});
  std::printf("%.9g\n", encoder->logit_scale());
}

template <typename Tokenizer>
void Tokenize(const Tokenizer& tokenizer,
              const std::vector<std::string>& arguments) {
  const auto texts =
      ReadJsonFile(arguments.at(2)).get<std::vector<std::string>>();
  const int max_length = std::stoi(arguments.at(4));
  Json ids = Json::array();
  for (const std::string& text : texts)
    ids.push_back(tokenizer.Encode(text, max_length));
  WriteFileAtomic(arguments.at(3), ids.dump());
}

void Info(const std::vector<std::string>& arguments) {
  EncoderOptions options;
  options.allow_unused = true;
  const auto encoder =
      ImageEncoder::Create(OpenCheckpoint(arguments.at(1)), options);
  const EncoderInfo& info = encoder->info();
  const bool sized = arguments.size() > 3;
  const int height = sized ? std::stoi(arguments[2]) : info.image_height;
  const int width = sized ? std::stoi(arguments[3]) : info.image_width;
  Json json = {{"family", info.family},
               {"parameters", info.parameters},
               {"unused_keys", info.unused_keys},
               {"flops", encoder->Flops(height, width)},
               {"strides", Json::array()}};
  for (const PyramidLevel& level : info.pyramid)
    json["strides"].push_back(level.stride);
  std::printf("%s\n", json.dump().c_str());
}

int Main(const std::vector<std::string>& arguments) {
  const std::string& step = arguments.at(0);
  if (step == "encode")
    Encode(arguments);
  else if (step == "encode-many")
    EncodeMany(arguments);
  else if (step == "time")
    TimePasses(arguments);
  else if (step == "serve")
    Serve(arguments);
  else if (step == "text")
    Text(arguments);
  else if (step == "tokenize")
    Tokenize(ClipTokenizer(arguments.at(1)), arguments);
  else if (step == "tokenize-siglip")
    Tokenize(SiglipTokenizer(arguments.at(1), /*pad_id=*/0), arguments);
  else if (step == "info")
    Info(arguments);
  else
    ThrowInput("no step called {}", step);
  return 0;
}

}  // namespace
}  // namespace eyechart::encoders

int main(int argc, char** argv) {
  eyechart::encoders::KeepTensorMemory();  // as the program does
  eyechart::encoders::SettleVectorMath();
  try {
    return eyechart::encoders::Main({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
