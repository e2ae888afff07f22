// The tensors of a checkpoint, handed out by name and checked by shape.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/safetensors.h"
#include "encoders/checkpoint.h"

namespace eyechart::encoders {

/// Keys that a family knows and does not need; nothing is said of them.
struct IgnoredKeys {
  std::vector<std::string_view> prefixes;
  std::vector<std::string_view> suffixes;
};

/// All weight files of a checkpoint, memory-mapped. Lives while a model is
/// built; what it hands out are copies.
class WeightStore {
 public:
  /// Throws InputError for a damaged file or a tensor that two files hold.
  explicit WeightStore(const Checkpoint& checkpoint);
  ~WeightStore();

  bool Has(const std::string& name) const { return where_.contains(name); }

  /// The tensor as float32 on the CPU, whatever float the file holds. Throws
  /// InputError naming file, tensor and both shapes where they differ.
  at::Tensor Take(const std::string& name,
                  const std::vector<std::int64_t>& shape);

  /// Several tensors of one shape, stacked along the first dimension.
  at::Tensor TakeStacked(const std::vector<std::string>& names,
                         const std::vector<std::int64_t>& shape);

  /// Counts `name` as used, and its elements, without reading it.
  void Acknowledge(const std::string& name);

  /// The shape in the file. Throws InputError where there is no such tensor.
  const std::vector<std::int64_t>& ShapeOf(const std::string& name) const;

  /// Elements of all tensors handed out.
  std::int64_t parameters() const { return parameters_; }

  /// Names neither taken nor known to `ignored`, sorted.
  std::vector<std::string> Unused(const IgnoredKeys& ignored) const;

  /// Throws InputError listing the first of `unused`, if there are any.
  void RequireAllUsed(const std::vector<std::string>& unused) const;

 private:
  struct Place {
    const SafetensorsFile* file;
    const TensorView* view;
  };
  const Place& Find(const std::string& name) const;
  // Copies the tensor and lets its pages go.
  void Read(const Place& place, const at::Tensor& out);
  void Check(const std::string& name, const std::vector<std::int64_t>& shape);

  std::string source_;  // for errors about no one file
  std::vector<SafetensorsFile> files_;
  std::map<std::string, Place> where_;
  std::set<std::string> used_;
  std::size_t read_ = 0;  // bytes since freed memory was returned
  std::int64_t parameters_ = 0;
};

}  // namespace eyechart::encoders
