// The safetensors format: an 8-byte little-endian header length, a JSON header
// of names, types, shapes and byte ranges, then the data.
// Source: the format description of huggingface/safetensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/mapped_file.h"

namespace eyechart {

enum class DType { kF64, kF32, kF16, kBF16, kI64, kI32, kI16, kI8, kU8, kBool };

/// Bytes an element.
std::size_t DTypeSize(DType dtype);
/// The format's own name: "F32", "BF16", ...
std::string_view DTypeName(DType dtype);
/// Throws InputError naming `source` for a name that is not known.
DType ParseDType(std::string_view name, const std::string& source);

/// One tensor of an open file: row-major, little-endian; `data` lives as long
/// as the file.
struct TensorView {
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> data;
};

/// An open, memory-mapped safetensors file. The constructor checks the header
/// before taking any memory for it: its length against the file's, every byte
/// range against the data, every size against its shape, and overlaps; each
/// breach throws InputError naming file and tensor.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const std::map<std::string, TensorView>& tensors() const { return tensors_; }
  /// Throws InputError naming the file if there is no such tensor.
  const TensorView& at(const std::string& name) const;
  /// Lets go of the memory behind tensor data that has been read.
  void Release(std::span<const std::byte> data) const { file_.Release(data); }

 private:
  std::filesystem::path path_;
  MappedFile file_;
  std::map<std::string, TensorView> tensors_;
};

/// The header bytes (length prefix included, padded with blanks to 8 bytes) of
/// a file that holds `tensors` in the order given; each one's `data` tells only
/// its size. Whoever writes appends the data in the same order.
std::string SafetensorsHeader(
    const std::vector<std::pair<std::string, TensorView>>& tensors);

}  // namespace eyechart
