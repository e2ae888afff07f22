// The header of a safetensors file, and every byte that it speaks of.
#include <cstdint>

#include "core/error.h"
#include "core/safetensors.h"
#include "tests/fixture.h"
#include "tests/fuzz/target.h"

namespace eyechart::fuzz {

bool Reads(const std::string& input) {
  static const testing::TempFolder folder;
  const auto path = folder / "m.safetensors";
  testing::WriteText(path, input);
  try {
    const SafetensorsFile file(path);
    volatile unsigned char sum = 0;  // so that the bytes are read
    for (const auto& [name, view] : file.tensors())
      for (const std::byte byte : view.data)
        sum = static_cast<unsigned char>(sum ^ std::to_integer<int>(byte));
    return true;
  } catch (const InputError&) {
    return false;
  }
}

std::vector<std::string> Seeds() {
  const std::vector<std::byte> data(24);
  const std::span<const std::byte> bytes(data);
  const auto file = [](std::vector<std::pair<std::string, TensorView>> views) {
    std::string text = SafetensorsHeader(views);
    for (const auto& [name, view] : views) text.append(view.data.size(), 'x');
    return text;
  };
  const std::string metadata = R"({"__metadata__":{"format":"pt"}})";
  std::string with_metadata(8, '\0');
  with_metadata[0] = static_cast<char>(metadata.size());
  return {file({}), file({{"a", {DType::kF32, {2, 3}, bytes}}}),
          file({{"a", {DType::kBF16, {3}, bytes.first(6)}},
                {"b", {DType::kI64, {1, 1, 2}, bytes.first(16)}},
                {"c", {DType::kF16, {0, 7}, bytes.first(0)}},
                {"d", {DType::kBool, {}, bytes.first(1)}}}),
          with_metadata + metadata};
}

}  // namespace eyechart::fuzz
