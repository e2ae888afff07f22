// The pickle inside a file of torch.save: scanned, put in plain terms,
// unpickled and collected. The zip around it is whole: LibTorch reads that.
#include <zlib.h>

#include <cstdint>
#include <utility>

#include "core/error.h"
#include "encoders/torch_zip.h"
#include "encoders/weight_file.h"
#include "tests/fixture.h"
#include "tests/fuzz/target.h"

namespace eyechart::fuzz {
namespace {

using namespace std::string_literals;

// Strides of 0 make a large tensor of a few bytes; its sum would take for ever.
constexpr std::int64_t kMostValues = 1 << 16;

std::string Little(std::uint32_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i)
    text += static_cast<char>(value >> (8 * i) & 0xff);
  return text;
}

std::string Zip(const std::vector<std::pair<std::string, std::string>>& files) {
  std::string data, directory;
  for (const auto& [name, content] : files) {
    const auto size = static_cast<std::uint32_t>(content.size());
    const auto crc = static_cast<std::uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(content.data()), size));
    // From "version needed" to the lengths of name and extra field; stored.
    const std::string common =
        Little(20, 2) + Little(0, 8) + Little(crc, 4) + Little(size, 4) +
        Little(size, 4) + Little(static_cast<std::uint32_t>(name.size()), 2) +
        Little(0, 2);
    directory += "PK\x01\x02"s + Little(20, 2) + common + Little(0, 2) +
                 Little(0, 2) + Little(0, 2) + Little(0, 4) +
                 Little(static_cast<std::uint32_t>(data.size()), 4) + name;
    data += "PK\x03\x04"s + common + name + content;
  }
  const auto count = static_cast<std::uint32_t>(files.size());
  return data + directory + "PK\x05\x06"s + Little(0, 4) + Little(count, 2) +
         Little(count, 2) +
         Little(static_cast<std::uint32_t>(directory.size()), 4) +
         Little(static_cast<std::uint32_t>(data.size()), 4) + Little(0, 2);
}

}  // namespace

bool Reads(const std::string& input) {
  static const testing::TempFolder folder;
  // The storage first: where it lies, and so how it is aligned, must not
  // depend on the pickle.
  testing::WriteText(folder / "w.bin",
                     Zip({{"archive/data/0", std::string(32, '\x3f')},
                          {"archive/data.pkl", input},
                          {"archive/version", "3\n"}}));
  try {
    const auto file = encoders::OpenTorchZip(folder / "w.bin");
    volatile double touched = 0;  // every byte that a tensor claims
    for (const auto& [name, tensor] : file->tensors())
      if (tensor.view.defined() && tensor.view.numel() <= kMostValues)
        touched = tensor.view.to(at::kDouble).sum().item<double>();
    static_cast<void>(touched);
    return true;
  } catch (const InputError&) {
    return false;
  }
}

std::vector<std::string> Seeds() {
  // {"a": a tensor of 2 x 4 float32}, as torch.save writes it; then the same in
  // an OrderedDict and one level down.
  const std::string tensor =
      "ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storage"
      "ctorch\nFloatStorage\nX\x01\x00\x00\x00"
      "0X\x03\x00\x00\x00"
      "cpuK\x08tQK\x00K\x02K\x04\x86K\x04K\x01\x86\x89"
      "ccollections\nOrderedDict\n)RtR"s;
  const std::string name =
      "X\x01\x00\x00\x00"
      "a"s;
  return {"\x80\x02}"s + name + tensor + "s.",
          "\x80\x02"
          "ccollections\nOrderedDict\n)R"s +
              name + tensor + "s.",
          "\x80\x02}X\x05\x00\x00\x00model}"s + name + tensor + "ss."};
}

}  // namespace eyechart::fuzz
