// The seam for exported programs.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "encoders/linear.h"

namespace eyechart::encoders {

/// Tensors that a program gave; `names` is empty or one a tensor.
struct ProgramResults {
  std::vector<std::string> names;
  std::vector<at::Tensor> tensors;
};

/// A program from pixels (B, 3, H, W) to tensors.
class ExportedProgram {
 public:
  virtual ~ExportedProgram() = default;
  virtual ProgramResults Run(const at::Tensor& pixels) = 0;
  /// Elements of its parameters; 0 where it does not say.
  virtual std::int64_t parameters() const = 0;

  /// Throws InputError where `format` is neither torchscript nor aotinductor,
  /// the file is not of it, or does not run as `placement` asks.
  static std::unique_ptr<ExportedProgram> Load(
      const std::string& format,
      const std::filesystem::path& path,
      const Placement& placement);
};

}  // namespace eyechart::encoders
