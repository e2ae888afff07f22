#include "encoders/torch_zip.h"

#include <ATen/core/ivalue.h>
#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/jit/serialization/unpickler.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "core/error.h"
#include "core/mapped_file.h"
#include "encoders/pickle_scan.h"

namespace eyechart::encoders {
namespace {

using Dictionary = c10::Dict<c10::IValue, c10::IValue>;

// Where training scripts put the model.
constexpr std::array kWrappers = {"state_dict", "model", "model_state_dict",
                                  "teacher"};

// A dictionary, with or without attributes (see PlainPickle).
std::optional<Dictionary> AsDictionary(const c10::IValue& value) {
  if (value.isGenericDict()) return value.toGenericDict();
  if (!value.isTuple()) return std::nullopt;
  const auto& elements = value.toTupleRef().elements();
  if (elements.size() != 2 || !elements[0].isGenericDict()) return std::nullopt;
  return elements[0].toGenericDict();
}

class TorchZip : public WeightFile {
 public:
  explicit TorchZip(const std::filesystem::path& path)
      : path_(path), file_(path) {
    try {
      Read();
    } catch (const c10::Error& error) {
      std::string reason = error.what_without_backtrace();
      ThrowInput("{}: not a whole file of torch.save: {}", path.string(),
                 reason.substr(0, reason.find('\n')));
    }
  }
  const std::filesystem::path& path() const override { return path_; }
  const std::map<std::string, StoredTensor>& tensors() const override {
    return tensors_;
  }
  void Release(const at::Tensor& view) const override {
    file_.Release(BytesOf(view));
  }

 private:
  void Read() {
    const std::string source = path_.string();
    caffe2::serialize::PyTorchStreamReader reader(source);
    EYECHART_REQUIRE(
        !reader.hasRecord("constants.pkl"),
        "{}: a TorchScript program, not weights. As an encoder it runs with an "
        "eyechart.json beside it; for the weights alone save its state_dict()",
        source);
    EYECHART_REQUIRE(reader.hasRecord("data.pkl"),
                     "{}: a zip without data.pkl, so not of torch.save",
                     source);
    if (reader.hasRecord("byteorder")) {
      const std::span<const std::byte> order = Record(reader, "byteorder");
      EYECHART_REQUIRE(
          order.size() == 6 && std::memcmp(order.data(), "little", 6) == 0,
          "{}: written on a big-endian machine, which is not read", source);
    }
    Collect(Unpickle(reader, PlainPickle(Record(reader, "data.pkl"), source)));
  }

  // The bytes of a record where they lie in the file.
  std::span<const std::byte> Record(
      caffe2::serialize::PyTorchStreamReader& reader, const std::string& name) {
    const std::span<const std::byte> bytes = file_.bytes();
    const std::size_t header = reader.getRecordHeaderOffset(name);
    const std::size_t offset = reader.getRecordOffset(name);
    const std::size_t size = reader.getRecordSize(name);
    // A zip's local header has the compression method at its ninth byte.
    EYECHART_REQUIRE(header <= bytes.size() && bytes.size() - header >= 30 &&
                         offset <= bytes.size() &&
                         size <= bytes.size() - offset,
                     "{}: record {} reaches beyond the file; it is cut short "
                     "or damaged",
                     path_.string(), name);
    EYECHART_REQUIRE(
        bytes[header + 8] == std::byte{0} && bytes[header + 9] == std::byte{0},
        "{}: record {} is compressed; torch.save stores it plain",
        path_.string(), name);
    return bytes.subspan(offset, size);
  }

  c10::IValue Unpickle(caffe2::serialize::PyTorchStreamReader& reader,
                       const std::string& pickle) {
    std::size_t at = 0;
    const auto read = [&](char* out, std::size_t count) {
      count = std::min(count, pickle.size() - at);
      std::memcpy(out, pickle.data() + at, count);
      at += count;
      return count;
    };
    const auto record = [&](const std::string& key) {
      const std::span<const std::byte> bytes = Record(reader, "data/" + key);
      storages_[bytes.data()] = bytes.size();
      // Nobody writes to it.
      return c10::DataPtr(const_cast<std::byte*>(bytes.data()), c10::kCPU);
    };
    torch::jit::Unpickler unpickler(read, nullptr, nullptr, record, c10::kCPU);
    return unpickler.parse_ivalue();
  }

  void Collect(const c10::IValue& value) {
    std::optional<Dictionary> found = AsDictionary(value);
    EYECHART_REQUIRE(found, "{}: holds no dictionary of tensors",
                     path_.string());
    for (const char* wrapper : kWrappers) {
      const auto it = found->find(wrapper);
      if (it == found->end()) continue;
      if (const auto inner = AsDictionary(it->value())) {
        found = inner;
        break;
      }
    }
    const Dictionary& dictionary = *found;
    for (const auto& entry : dictionary) {
      if (!entry.key().isString() || !entry.value().isTensor()) continue;
      std::string name = entry.key().toStringRef();
      // Of models trained on several devices at once.
      constexpr std::string_view kParallel = "module.";
      if (name.starts_with(kParallel)) name.erase(0, kParallel.size());
      Add(name, entry.value().toTensor());
    }
    EYECHART_REQUIRE(!tensors_.empty(), "{}: holds no tensors by name",
                     path_.string());
  }

  void Add(const std::string& name, const at::Tensor& tensor) {
    RequireInside(name, tensor);
    const bool known = tensor.scalar_type() == c10::kFloat ||
                       tensor.scalar_type() == c10::kDouble ||
                       tensor.scalar_type() == c10::kHalf ||
                       tensor.scalar_type() == c10::kBFloat16;
    const auto address =
        reinterpret_cast<std::uintptr_t>(tensor.storage().data());
    const bool aligned = address % tensor.element_size() == 0;
    StoredTensor stored{
        tensor.sizes().vec(), c10::toString(tensor.scalar_type()), {}};
    EYECHART_REQUIRE(aligned, "{}: the data of tensor {} is not aligned",
                     path_.string(), name);
    if (known) stored.view = tensor.detach();
    EYECHART_REQUIRE(tensors_.emplace(name, std::move(stored)).second,
                     "{}: tensor {} is there twice", path_.string(), name);
  }

  // LibTorch takes sizes, strides and the storage's length from the pickle as
  // they stand.
  void RequireInside(const std::string& name, const at::Tensor& tensor) const {
    const auto it =
        storages_.find(static_cast<const std::byte*>(tensor.storage().data()));
    const std::size_t available = it == storages_.end() ? 0 : it->second;
    bool inside = tensor.storage_offset() >= 0;
    auto last = static_cast<std::uint64_t>(tensor.storage_offset());
    bool empty = false;
    for (std::int64_t d = 0; d < tensor.dim() && inside; ++d) {
      inside = tensor.size(d) >= 0 && tensor.stride(d) >= 0;
      if (!inside) break;
      if (tensor.size(d) == 0) {
        empty = true;
        continue;
      }
      std::uint64_t reach = 0;
      inside = !__builtin_mul_overflow(
                   static_cast<std::uint64_t>(tensor.size(d) - 1),
                   static_cast<std::uint64_t>(tensor.stride(d)), &reach) &&
               !__builtin_add_overflow(last, reach, &last);
    }
    std::uint64_t bytes = 0;
    inside = inside &&
             (empty ||
              (!__builtin_add_overflow(last, std::uint64_t{1}, &last) &&
               !__builtin_mul_overflow(last, tensor.element_size(), &bytes) &&
               bytes <= available));
    EYECHART_REQUIRE(inside,
                     "{}: tensor {} reaches beyond the {} bytes of its storage",
                     path_.string(), name, available);
  }

  std::filesystem::path path_;
  MappedFile file_;
  std::map<const std::byte*, std::size_t> storages_;  // begin to bytes
  std::map<std::string, StoredTensor> tensors_;
};

}  // namespace

std::unique_ptr<WeightFile> OpenTorchZip(const std::filesystem::path& path) {
  return std::make_unique<TorchZip>(path);
}

}  // namespace eyechart::encoders
