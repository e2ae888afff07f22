// A trained head on disk: head.safetensors and head.json.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/json.h"
#include "probes/heads/head_grid.h"
#include "probes/pipeline/probe_result.h"
#include "probes/pipeline/probe_side.h"

namespace eyechart::probes {

inline constexpr int kHeadSchema = 1;

/// Writes the chosen head of `result` into `folder`:
///   head.safetensors  its parameters, float32 or float64
///   head.json         {"schema", "form" (linear, attentive, mixture), "kind",
///                     "protocol", "targets", "classes", "mean", "deviation"
///                     (of numbers), "features" and, of a mixture, "second"
///                     {"model", "family", "weights_sha256",
///                     "preprocess_sha256", "dtype", "pool", "dim", "parts",
///                     "tokens"}, "selected", "setting", "tensors_sha256"} and
///                     what the form needs ("columns", "heads", ...)
void WriteHead(const std::filesystem::path& folder, const ProbeResult& result);

/// A head read back.
class HeadFile {
 public:
  /// Throws InputError for a folder without a whole head, of another schema or
  /// with damaged tensors.
  explicit HeadFile(const std::filesystem::path& folder);

  const std::string& form() const { return form_; }
  bool reads_tokens() const { return form_ != "linear"; }
  bool is_mixture() const { return form_ == "mixture"; }
  /// What the head was trained on, as MakeLabelSet gave it.
  const LabelSet& labels() const { return labels_; }
  const Json& facts() const { return facts_; }

  /// Throws InputError where a store holds other features than the head was
  /// trained on, naming both. The store is called `source`, what its features
  /// are of, or by its folder where that is empty.
  void RequireFits(const data::FeatureStore& store,
                   bool second,
                   const std::string& source = {}) const;

  /// Scores (m, K) of side rows in order.
  at::Tensor Scores(const ProbeSide& side) const;

 private:
  std::filesystem::path folder_;
  Json facts_;
  std::string form_;
  LabelSet labels_;
  NamedTensors tensors_;
};

/// What `eyechart probe apply` measured.
struct AppliedHead {
  Json json;             // the object of --json
  std::string outcomes;  // CSV as the probe's own
};

/// Scores the rows of `test` with a head; accuracy where they have labels.
AppliedHead ApplyHead(const HeadFile& head, const ProbeSide& test);

}  // namespace eyechart::probes
