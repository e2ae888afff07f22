// The seam for files that hold tensors by name.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace eyechart::encoders {

/// One tensor as a file holds it.
struct StoredTensor {
  std::vector<std::int64_t> shape;
  std::string dtype;  // as the file's format names it, for errors
  /// Reads the file's own bytes where they lie: not to be written to, valid
  /// while the file is open, perhaps strided. Undefined where the dtype is no
  /// float that is read (fp64, fp32, fp16 and bf16 are).
  at::Tensor view;
};

/// A weight file, memory-mapped.
class WeightFile {
 public:
  virtual ~WeightFile() = default;
  virtual const std::filesystem::path& path() const = 0;
  virtual const std::map<std::string, StoredTensor>& tensors() const = 0;
  /// Lets go of the memory behind `view`, one of tensors() or a part of it,
  /// once it has been read; it may be read again.
  virtual void Release(const at::Tensor& view) const = 0;

  /// Opens `path` by what its first bytes say it is: safetensors, or the zip
  /// of torch.save. Throws InputError for a damaged file and for others.
  static std::unique_ptr<WeightFile> Open(const std::filesystem::path& path);
};

/// The bytes from a tensor's first element to its last; for Release.
std::span<const std::byte> BytesOf(const at::Tensor& view);

}  // namespace eyechart::encoders
