// A probe from checkpoints or feature stores to a folder of results; the
// command and the task kind share it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/progress.h"
#include "data/dataset.h"
#include "encoders/encode_dataset.h"
#include "encoders/loaded_model.h"
#include "probes/pipeline/probe_result.h"

namespace eyechart::suite {

/// Everything a probe needs; stores are made before.
struct ProbeJob {
  probes::ProbeOptions options;
  std::filesystem::path train_store;  // empty for zero-shot
  std::filesystem::path test_store;
  std::filesystem::path second_train_store;  // mixtures: the other encoder's
  std::filesystem::path second_test_store;
  /// What messages call the pictures; empty: by the store's folder.
  std::string train_name;
  std::string test_name;
  /// zero-shot's text tower and options.augment's encoder.
  std::optional<encoders::ModelSpec> model;
  /// Where heads are trained and neighbours searched: cpu, cuda or cuda:N;
  /// empty: where `model` runs, and the CPU without one.
  std::string device;
  const data::Dataset* train_pictures = nullptr;  // with options.augment
  int workers = 0;                                // decoding threads
  std::int64_t encode_batch = 32;                 // pictures a forward pass
  /// zero-shot: a built-in set or FILE[#SECTION].
  std::string prompts = "simple";
  bool underscores_to_blanks = false;  // in class names
  /// Folder for probe.json, outcomes.csv and the head; empty: none.
  std::filesystem::path out;
};

/// Checks what needs no data. Throws InputError.
void RequireProbeJob(const ProbeJob& job);

/// What a protocol reads of a model: `spec` and `encode` changed accordingly.
void AskForFeatures(const probes::ProbeOptions& options,
                    encoders::ModelSpec& spec,
                    encoders::EncodeOptions& encode);

/// Runs the probe and writes job.out. An interrupted training goes on in the
/// next call with the same job. Throws InputError.
probes::ProbeResult RunProbeJob(const ProbeJob& job, Progress& progress);

}  // namespace eyechart::suite
