// The tensors of a checkpoint, handed out by name and checked by shape.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "encoders/checkpoint.h"
#include "encoders/image_encoder.h"
#include "encoders/key_map.h"
#include "encoders/weight_file.h"

namespace eyechart::encoders {

/// Keys that a family knows and does not need; nothing is said of them.
struct IgnoredKeys {
  std::vector<std::string_view> prefixes;
  std::vector<std::string_view> suffixes;
};

/// All weight files of a checkpoint, memory-mapped, under the family's native
/// names. Lives while a model is built; what it hands out are copies.
class WeightStore {
 public:
  /// `layouts` are the foreign ones that the family knows. Throws InputError
  /// for a damaged file or a tensor that is there twice.
  explicit WeightStore(const Checkpoint& checkpoint,
                       std::span<const KeyLayout> layouts = {});
  ~WeightStore();

  /// The name of the layout that the files have; empty: the native one.
  std::string_view layout() const { return layout_; }

  /// What errors about no one file begin with.
  const std::string& source() const { return source_; }

  bool Has(const std::string& name) const { return where_.contains(name); }

  /// The tensor as float32 on the CPU, whatever float the file holds. Throws
  /// InputError naming file, tensor and both shapes where they differ. A
  /// missing tensor is noted, for RequireComplete to list all of them, and
  /// zeros are given; many, or one larger than the files, throw at once.
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

  /// Names asked for in vain, in that order.
  const std::vector<std::string>& missing() const { return missing_; }
  /// Throws InputError listing the first of missing(), if there are any.
  void RequireComplete() const;

  /// Names neither taken nor known to `ignored`, sorted.
  std::vector<std::string> Unused(const IgnoredKeys& ignored) const;

  /// Throws InputError listing the first of `unused`, if there are any.
  void RequireAllUsed(const std::vector<std::string>& unused) const;

  /// The end of building an image encoder: parameters, unused and missing keys
  /// go into `info`, and are errors unless `options` allow them.
  void Finish(const IgnoredKeys& ignored,
              const EncoderOptions& options,
              EncoderInfo& info) const;
  /// The same for a text tower.
  void Finish(const IgnoredKeys& ignored, const EncoderOptions& options) const;

 private:
  struct Place {
    const WeightFile* file;
    StoredTensor tensor;
  };
  const Place& Find(const std::string& name) const;
  // Null where it is missing.
  const Place* Checked(const std::string& name,
                       const std::vector<std::int64_t>& shape);
  // Copies the tensor and lets its pages go.
  void Read(const Place& place, const at::Tensor& out);

  std::string source_;  // for errors about no one file
  std::string_view layout_;
  std::vector<std::unique_ptr<WeightFile>> files_;
  std::map<std::string, Place> where_;
  std::set<std::string> used_;
  std::vector<std::string> missing_;
  std::size_t read_ = 0;  // bytes since freed memory was returned
  std::int64_t parameters_ = 0;
  double elements_ = 0;  // of all tensors in the files
};

}  // namespace eyechart::encoders
