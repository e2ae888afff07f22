// A probe: what a read-out of frozen features gets right, by a named protocol.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/progress.h"
#include "probes/heads/head_grid.h"
#include "probes/heads/train_grid.h"
#include "probes/pipeline/probe_side.h"
#include "probes/pipeline/split.h"

namespace eyechart::probes {

struct ProbeOptions {
  std::string kind;      // knn, linear, attentive, zero-shot or mixture
  std::string protocol;  // of the kind; empty: its first
  TargetKind targets = TargetKind::kClasses;
  /// Chooses the grid point: "validation" rows cut from the training ones, or
  /// "test", as the papers do and as the result then says.
  std::string select = "validation";
  double validation = 0.1;  // share of the training rows
  std::int64_t shots = 0;   // rows a class; 0: all
  std::uint64_t seed = 0;   // of split, start and order
  int runs = 1;             // seeds seed, seed + 1, ...
  // k-NN.
  std::vector<std::int64_t> k = {10, 20, 100, 200};
  double temperature = 0.07;
  std::string engine = "exact";
  // Trained heads; 0 takes the protocol's.
  std::int64_t batch = 0;
  std::int64_t steps = 0;
  double epochs = 0;         // instead of steps
  double warmup_epochs = 0;  // of the attentive protocol; 5 for ImageNet
  std::int64_t looks = 10;   // at the validation rows while training
  bool keep_best = false;    // each head as at its best look, not the last
  bool augment = false;      // encoder in the loop, augmented pictures
  // Mixtures.
  std::vector<double> alphas = {0, 0.125, 0.25, 0.375, 0.5, 0.75, 1};
  std::int64_t adapter = 0;  // width; 0: the lesser of the two encoders'
  /// Where heads are trained and neighbours searched; logistic regression, the
  /// other engines of k-NN and zero-shot stay on the CPU.
  c10::Device device = c10::kCPU;
  /// Folder for the state of an unfinished training; empty: none is kept.
  std::filesystem::path state;
};

/// One point of a protocol's grid.
struct GridPoint {
  Json setting = Json::object();     // what is special to it
  std::optional<double> validation;  // greater is better, see GridScore
  std::optional<double> test;
};

/// What one run of a protocol came to.
struct Fitted {
  std::vector<GridPoint> grid;
  std::size_t selected = 0;
  std::int64_t fit = 0;         // rows that the reported head is fitted on
  std::int64_t validation = 0;  // rows that chose
  at::Tensor scores;            // (m, K) of the test rows, of the chosen head
  NamedTensors head;            // its parameters; empty: nothing to keep
  Json head_facts = Json::object();
  std::vector<CurvePoint> curve;
  Json setting = Json::object();  // of the protocol as it was run
  std::vector<std::string> warnings;
};

/// What a probe works on.
struct ProbeInput {
  const ProbeSide* train = nullptr;  // null for zero-shot
  const ProbeSide* test = nullptr;
  Targets train_targets;
  Targets test_targets;  // classes from train_targets.outputs on: never right
  /// With options.augment: batches of side rows `index` with their `targets`
  /// from the encoder itself, augmented by `seed`.
  std::function<std::unique_ptr<BatchSource>(
      const at::Tensor& index, Targets targets, std::uint64_t seed)>
      live;
  Json augmentation;  // what it does to pictures, for the record
  /// zero-shot: the classes to choose among, in the order of their texts;
  /// empty: those of the test rows.
  std::vector<std::string> classes;
  /// zero-shot: scores (m, K) of the test rows for class names, and what they
  /// depend on.
  std::function<at::Tensor(const std::vector<std::string>& classes,
                           Json& setting)>
      zero_shot;
};

/// A protocol: exact, named, recorded. To add one: one new file and one row in
/// protocol.cc.
struct Protocol {
  std::string_view name;
  std::string_view kind;
  std::string_view what;
  std::string_view source;
  bool tokens = false;  // reads tokens
  bool blocks = false;  // reads the pool `blocks` where the encoder has it
  bool labels =
      false;  // can be trained on labels and numbers, not classes only
  Fitted (*fit)(const ProbeInput& input,
                const ProbeOptions& options,
                Progress& progress) = nullptr;
};

std::span<const Protocol> Protocols();

/// The protocol of `options`. Throws InputError listing kinds or protocols.
const Protocol& FindProtocol(const ProbeOptions& options);

/// Checks options that need no data. Throws InputError.
void RequireKnown(const ProbeOptions& options);

/// The index that `options.select` chooses: the greatest validation or test
/// score, the first on ties; 0 for a grid of one.
std::size_t SelectPoint(const std::vector<GridPoint>& grid,
                        const ProbeOptions& options);

/// What the probe's own work ran on: "cpu", or "cuda" whatever the index.
std::string ProbeDevice(const Fitted& fitted);

/// Says in `fitted`'s setting that options.device did the work. Nothing there
/// stands for the CPU, so that records made on it stay what they were.
void NoteDevice(const ProbeOptions& options, Fitted& fitted);

extern const Protocol kKnnProtocol;
extern const Protocol kLinearProtocol;
extern const Protocol kLogisticProtocol;
extern const Protocol kAttentiveProtocol;
extern const Protocol kMixtureProtocol;
extern const Protocol kZeroShotProtocol;

}  // namespace eyechart::probes
