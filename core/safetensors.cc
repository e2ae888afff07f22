#include "core/safetensors.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <utility>

#include "core/error.h"
#include "core/json.h"

namespace eyechart {
namespace {

struct DTypeRow {
  DType dtype;
  std::string_view name;
  std::size_t size;
};

constexpr std::array kDTypes = {
    DTypeRow{DType::kF64, "F64", 8}, DTypeRow{DType::kF32, "F32", 4},
    DTypeRow{DType::kF16, "F16", 2}, DTypeRow{DType::kBF16, "BF16", 2},
    DTypeRow{DType::kI64, "I64", 8}, DTypeRow{DType::kI32, "I32", 4},
    DTypeRow{DType::kI16, "I16", 2}, DTypeRow{DType::kI8, "I8", 1},
    DTypeRow{DType::kU8, "U8", 1},   DTypeRow{DType::kBool, "BOOL", 1},
};

const DTypeRow& Row(DType dtype) {
  return *std::find_if(kDTypes.begin(), kDTypes.end(),
                       [dtype](const auto& row) { return row.dtype == dtype; });
}

constexpr std::size_t kPrefix = 8;
// The reference reader's own bound on a header.
constexpr std::uint64_t kMaxHeader = 100'000'000;

std::uint64_t ReadLittleEndian64(const std::byte* bytes) {
  std::uint64_t value = 0;
  for (int i = 7; i >= 0; --i)
    value = (value << 8) | std::to_integer<std::uint64_t>(bytes[i]);
  return value;
}

// The bytes a tensor of this shape takes; throws where they, or those of its
// first dimensions, pass what a signed integer holds.
std::uint64_t ByteSize(const std::vector<std::int64_t>& shape,
                       DType dtype,
                       const std::string& where) {
  std::uint64_t size = DTypeSize(dtype);
  for (const std::int64_t extent : shape) {
    const auto factor = static_cast<std::uint64_t>(extent);
    EYECHART_REQUIRE(
        extent >= 0 &&
            (factor == 0 ||
             size <= std::uint64_t{std::numeric_limits<std::int64_t>::max()} /
                         factor),
        "{}: shape [{}] is not possible", where, fmt::join(shape, ", "));
    size *= factor;
  }
  return size;
}

TensorView ReadEntry(const Json& entry,
                     std::span<const std::byte> data,
                     const std::string& where) {
  EYECHART_REQUIRE(entry.is_object(), "{}: the entry is not an object", where);
  TensorView view;
  view.dtype = ParseDType(JsonGet<std::string>(entry, "dtype", where), where);
  const auto shape = entry.find("shape");
  const auto range = entry.find("data_offsets");
  EYECHART_REQUIRE(shape != entry.end() && shape->is_array(),
                   "{}: \"shape\" should be a list of integers", where);
  for (const Json& extent : *shape) {
    EYECHART_REQUIRE(extent.is_number_integer(),
                     "{}: \"shape\" should be a list of integers", where);
    view.shape.push_back(extent.get<std::int64_t>());
  }
  EYECHART_REQUIRE(range != entry.end() && range->is_array() &&
                       range->size() == 2 && (*range)[0].is_number_unsigned() &&
                       (*range)[1].is_number_unsigned(),
                   "{}: \"data_offsets\" should be [begin, end]", where);
  const auto begin = (*range)[0].get<std::uint64_t>();
  const auto end = (*range)[1].get<std::uint64_t>();
  EYECHART_REQUIRE(begin <= end && end <= data.size(),
                   "{}: bytes {} to {} lie outside the {} bytes of data; the "
                   "file is cut short or damaged",
                   where, begin, end, data.size());
  const std::uint64_t expected = ByteSize(view.shape, view.dtype, where);
  EYECHART_REQUIRE(end - begin == expected,
                   "{}: {} bytes where {} of shape [{}] takes {}", where,
                   end - begin, DTypeName(view.dtype),
                   fmt::join(view.shape, ", "), expected);
  view.data = data.subspan(begin, end - begin);
  return view;
}

void CheckOverlaps(const std::map<std::string, TensorView>& tensors,
                   const std::string& path) {
  std::vector<std::pair<const std::byte*, const std::byte*>> ranges;
  for (const auto& [name, view] : tensors) {
    if (!view.data.empty())
      ranges.emplace_back(view.data.data(),
                          view.data.data() + view.data.size());
  }
  std::sort(ranges.begin(), ranges.end());
  for (std::size_t i = 1; i < ranges.size(); ++i)
    EYECHART_REQUIRE(ranges[i - 1].second <= ranges[i].first,
                     "{}: two tensors share bytes; the file is damaged", path);
}

}  // namespace

std::size_t DTypeSize(DType dtype) { return Row(dtype).size; }
std::string_view DTypeName(DType dtype) { return Row(dtype).name; }

DType ParseDType(std::string_view name, const std::string& source) {
  for (const DTypeRow& row : kDTypes)
    if (row.name == name) return row.dtype;
  std::vector<std::string_view> names;
  for (const DTypeRow& row : kDTypes) names.push_back(row.name);
  ThrowInput("{}: data type \"{}\" is not supported; known are {}", source,
             name, fmt::join(names, ", "));
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : path_(path), file_(path) {
  const std::string name = path.string();
  const std::span<const std::byte> bytes = file_.bytes();
  EYECHART_REQUIRE(bytes.size() >= kPrefix,
                   "{}: {} bytes, too short for a safetensors file", name,
                   bytes.size());
  const std::uint64_t header_size = ReadLittleEndian64(bytes.data());
  EYECHART_REQUIRE(
      header_size <= kMaxHeader && header_size <= bytes.size() - kPrefix,
      "{}: the header claims {} bytes in a file of {}; the file is cut short, "
      "damaged or not safetensors",
      name, header_size, bytes.size());
  const std::string_view header_text(
      reinterpret_cast<const char*>(bytes.data()) + kPrefix, header_size);
  const Json header =
      ParseJson(header_text, name + ": header", DuplicateKeys::kRefuse);
  EYECHART_REQUIRE(header.is_object(), "{}: the header is not a JSON object",
                   name);
  const std::span<const std::byte> data = bytes.subspan(kPrefix + header_size);
  for (const auto& [key, entry] : header.items()) {
    if (key == "__metadata__") continue;
    tensors_.emplace(
        key, ReadEntry(entry, data, fmt::format("{}: tensor {}", name, key)));
  }
  CheckOverlaps(tensors_, name);
}

const TensorView& SafetensorsFile::at(const std::string& name) const {
  const auto it = tensors_.find(name);
  EYECHART_REQUIRE(it != tensors_.end(), "{}: no tensor \"{}\"", path_.string(),
                   name);
  return it->second;
}

std::string SafetensorsHeader(
    const std::vector<std::pair<std::string, TensorView>>& tensors) {
  // Insertion order is kept: readers of old versions want ascending offsets.
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  std::uint64_t offset = 0;
  for (const auto& [name, view] : tensors) {
    header[name] = {{"dtype", DTypeName(view.dtype)},
                    {"shape", view.shape},
                    {"data_offsets", {offset, offset + view.data.size()}}};
    offset += view.data.size();
  }
  std::string text = header.dump();
  text.append((kPrefix - text.size() % kPrefix) % kPrefix, ' ');
  std::string prefix(kPrefix, '\0');
  for (std::size_t i = 0; i < kPrefix; ++i)
    prefix[i] = static_cast<char>((text.size() >> (8 * i)) & 255);
  return prefix + text;
}

}  // namespace eyechart
