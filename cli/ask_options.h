// What `eyechart ask` was told; shared by the benchmarks that it knows by name.
#pragma once

#include <string>
#include <vector>

#include "cli/ask_chart.h"
#include "cli/options.h"
#include "encoders/encode_dataset.h"
#include "probes/multiple_choice/ask_encoder.h"
#include "probes/multiple_choice/benchmark_kind.h"

namespace eyechart::cli {

struct AskFlags {
  std::vector<std::string> names;  // [MODEL] BENCHMARK
  std::string model;               // of these; "" where answers are given
  multiple_choice::ReadOptions read;
  multiple_choice::AskOptions ask;
  ModelFlags flags;
  encoders::EncodeOptions encode;
  std::string train;  // benchmark that a read-out is trained on
  std::string prompt;
  bool has_prompt = false;  // "" is a prompt too
  std::string answers;      // CSV of answers made elsewhere
  std::string option_order = "original";
  std::string notation = "letters";
  std::string compare;  // outcomes.csv of another run
  bool mid_p = false;
  ChartFlags chart;
  std::string out;  // folder for results
  bool json = false;
};

}  // namespace eyechart::cli
