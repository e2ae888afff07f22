// IDX, the format of MNIST: big-endian sizes, then bytes. Source: the "file
// formats" section of the MNIST page.
#include <array>
#include <cstdint>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "data/bytes.h"
#include "data/dataset_kinds.h"
#include "data/inflate.h"

namespace eyechart::data::internal {
namespace {

constexpr std::uint64_t kMaxInflated = std::uint64_t{1} << 32;

bool IsGzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

struct Idx {
  std::array<std::uint32_t, 3> sizes{};  // 1 or 3 of them
  std::string bytes;                     // after the header
};

// Reads an IDX file of unsigned bytes in `rank` dimensions, whose length must
// be what its header says.
Idx ReadIdx(const std::filesystem::path& path, std::size_t rank) {
  const std::string source = path.string();
  std::string bytes = ReadFile(path);
  const std::size_t header = 4 + 4 * rank;
  const bool gzip = IsGzip(bytes);
  const std::string head =
      gzip ? InflateSome(bytes, header) : bytes.substr(0, header);
  EYECHART_REQUIRE(head.size() == header && head[0] == 0 && head[1] == 0 &&
                       head[2] == 8 && head[3] == static_cast<char>(rank),
                   "{}: is no IDX file of bytes in {} dimension{}", source,
                   rank, rank == 1 ? "" : "s");
  Idx idx;
  std::uint64_t count = 1;
  for (std::size_t i = 0; i < rank; ++i) {
    idx.sizes[i] = ReadBig32(head, 4 + 4 * i);
    EYECHART_REQUIRE(idx.sizes[i] > 0 && count <= kMaxInflated / idx.sizes[i],
                     "{}: size {} of its {} dimensions is {}; a file of 1 byte "
                     "to 4 GiB is read",
                     source, i, rank, idx.sizes[i]);
    count *= idx.sizes[i];
  }
  if (gzip) {
    EYECHART_REQUIRE(count / kMaxInflateRatio <= bytes.size(),
                     "{}: truncated: its header says {} bytes", source, count);
    // One byte more than expected tells a longer file from a right one.
    bytes = InflateSome(bytes, header + count + 1);
  }
  EYECHART_REQUIRE(bytes.size() == header + count,
                   "{}: {}: its header says {} bytes and {} follow", source,
                   bytes.size() < header + count ? "truncated" : "too long",
                   count, bytes.size() - header);
  bytes.erase(0, header);
  idx.bytes = std::move(bytes);
  return idx;
}

class IdxDataset final : public Dataset {
 public:
  IdxDataset(std::string name, Idx images, const std::string& labels)
      : name_(std::move(name)),
        height_(images.sizes[1]),
        width_(images.sizes[2]),
        bytes_(std::move(images.bytes)) {
    items_.resize(images.sizes[0]);
    for (std::size_t i = 0; i < items_.size(); ++i) {
      items_[i].id = std::to_string(i);
      if (!labels.empty())
        items_[i].label = std::to_string(static_cast<unsigned char>(labels[i]));
    }
  }

  std::size_t size() const override { return items_.size(); }
  const Item& item(std::size_t index) const override {
    EYECHART_CHECK(index < size(), "item {} of {}", index, size());
    return items_[index];
  }
  const std::string& name() const override { return name_; }

  // An 8-bit BMP with a gray palette; its rows go bottom up, in multiples of
  // four bytes.
  std::string Read(std::size_t index) const override {
    EYECHART_CHECK(index < size(), "item {} of {}", index, size());
    constexpr std::uint32_t kPixels = 14 + 40 + 4 * 256;
    const std::uint32_t stride = (width_ + 3) / 4 * 4;
    std::string bmp;
    bmp.reserve(kPixels + std::size_t{stride} * height_);
    bmp += "BM";
    AppendLittle32(bmp, kPixels + stride * height_);
    AppendLittle32(bmp, 0);
    AppendLittle32(bmp, kPixels);
    AppendLittle32(bmp, 40);
    AppendLittle32(bmp, width_);
    AppendLittle32(bmp, height_);
    AppendLittle32(bmp, 1 | 8 << 16);  // one plane, 8 bits
    AppendLittle32(bmp, 0);            // not compressed
    AppendLittle32(bmp, stride * height_);
    AppendLittle32(bmp, 0);
    AppendLittle32(bmp, 0);
    AppendLittle32(bmp, 256);
    AppendLittle32(bmp, 0);
    for (std::uint32_t gray = 0; gray < 256; ++gray)
      AppendLittle32(bmp, gray * 0x010101);
    const std::size_t picture = std::size_t{width_} * height_;
    for (std::size_t y = height_; y-- > 0;) {
      bmp.append(bytes_, index * picture + y * width_, width_);
      bmp.append(stride - width_, '\0');
    }
    return bmp;
  }

 private:
  std::string name_;
  std::uint32_t height_;
  std::uint32_t width_;
  std::string bytes_;
  std::vector<Item> items_;
};

// train-images-idx3-ubyte.gz -> train-labels-idx1-ubyte[.gz]; empty if there
// is none.
std::filesystem::path FindLabels(const std::filesystem::path& images) {
  std::string name = images.filename().string();
  for (const auto& [from, to] :
       {std::pair<std::string_view, std::string_view>{"images", "labels"},
        {"idx3", "idx1"}}) {
    const std::size_t at = name.find(from);
    if (at == std::string::npos) return {};
    name.replace(at, from.size(), to);
  }
  std::string other = name;
  if (name.ends_with(".gz"))
    other.resize(other.size() - 3);
  else
    other += ".gz";
  std::error_code error;
  for (const std::string& candidate : {name, other}) {
    const std::filesystem::path path = images.parent_path() / candidate;
    if (std::filesystem::exists(path, error)) return path;
  }
  return {};
}

}  // namespace

bool LooksLikeIdx(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string start(512, '\0');
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<std::size_t>(file.gcount()));
  if (IsGzip(start)) start = InflateSome(start, 4);
  return start.starts_with(std::string_view("\0\0\x08\x03", 4));
}

std::unique_ptr<Dataset> OpenIdx(const std::filesystem::path& path,
                                 const std::filesystem::path& labels) {
  Idx images = ReadIdx(path, 3);
  // What a BMP's 32-bit sizes hold, and far beyond any picture set's.
  EYECHART_REQUIRE(images.sizes[1] <= 1 << 15 && images.sizes[2] <= 1 << 15,
                   "{}: pictures of {} x {} pixels; at most 32768 a side are "
                   "read",
                   path.string(), images.sizes[2], images.sizes[1]);
  const std::filesystem::path label_path =
      labels.empty() ? FindLabels(path) : labels;
  std::string label_bytes;
  if (!label_path.empty()) {
    Idx read = ReadIdx(label_path, 1);
    EYECHART_REQUIRE(read.sizes[0] == images.sizes[0],
                     "{}: {} labels for the {} pictures of {}",
                     label_path.string(), read.sizes[0], images.sizes[0],
                     path.string());
    label_bytes = std::move(read.bytes);
  }
  return std::make_unique<IdxDataset>(LastComponent(path), std::move(images),
                                      label_bytes);
}

}  // namespace eyechart::data::internal
