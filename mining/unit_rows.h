// Rows of length 1, from the store or from coded copies in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "mining/feature_rows.h"

namespace eyechart::mining {

class UnitRows {
 public:
  /// `quantizer`: "none" reads the rows themselves; "fp16" and "int8" hold
  /// copies coded by faiss::ScalarQuantizer, of 2 or 1 bytes a value. `rows`
  /// must outlive it. Throws InputError for another quantizer.
  static std::unique_ptr<UnitRows> Create(const FeatureRows& rows,
                                          const std::string& quantizer);
  /// Throws as Create does.
  static void RequireKnown(const std::string& quantizer);

  virtual ~UnitRows() = default;
  /// Copies some rows to `out` (count x dim).
  virtual void Load(std::span<const std::int32_t> which, float* out) const = 0;
  /// Bound on |product of loaded rows - cosine| beside CosineError.
  virtual double error() const = 0;
};

}  // namespace eyechart::mining
