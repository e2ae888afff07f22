#include "encoders/weight_file.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>

#include "core/error.h"
#include "encoders/safetensors_weights.h"
#include "encoders/torch_zip.h"

namespace eyechart::encoders {

std::span<const std::byte> BytesOf(const at::Tensor& view) {
  if (!view.defined() || view.numel() == 0) return {};
  std::int64_t last = 0;
  for (std::int64_t d = 0; d < view.dim(); ++d)
    last += (view.size(d) - 1) * view.stride(d);
  return {static_cast<const std::byte*>(view.const_data_ptr()),
          static_cast<std::size_t>(last + 1) * view.element_size()};
}

std::unique_ptr<WeightFile> WeightFile::Open(
    const std::filesystem::path& path) {
  std::array<char, 9> bytes{};
  std::ifstream in(path, std::ios::binary);
  EYECHART_REQUIRE(in.good(), "{}: cannot be opened", path.string());
  in.read(bytes.data(), bytes.size());
  const std::string_view start(bytes.data(),
                               static_cast<std::size_t>(in.gcount()));
  // A safetensors file begins with the length of its JSON, in eight bytes that
  // may be any: one in 8,192 looks like a pickle by its first two.
  if (start.size() == bytes.size() && start.back() == '{')
    return OpenSafetensors(path);
  if (start.starts_with("PK\3\4")) return OpenTorchZip(path);
  // What torch.save wrote before 1.6: pickles one after the other.
  EYECHART_REQUIRE(
      !start.starts_with("\x80\x02"),
      "{}: a file of torch.save from before PyTorch 1.6; "
      "torch.save(torch.load(path, weights_only=True), path) in Python "
      "writes it anew",
      path.string());
  return OpenSafetensors(path);
}

}  // namespace eyechart::encoders
