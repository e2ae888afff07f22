#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "data/dataset_kinds.h"

namespace eyechart::data::internal {
namespace {

constexpr std::array<std::string_view, 7> kExtensions = {
    "jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff"};

// A picture's file beyond this is no picture that could be decoded.
constexpr std::uintmax_t kMaxFileBytes = std::uintmax_t{1} << 30;

}  // namespace

bool HasPictureExtension(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  if (extension.empty()) return false;
  extension.erase(0, 1);
  for (char& c : extension)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return std::find(kExtensions.begin(), kExtensions.end(), extension) !=
         kExtensions.end();
}

std::string PictureExtensions() {
  return fmt::format("{}", fmt::join(kExtensions, ", "));
}

std::string LastComponent(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::path plain = path.lexically_normal();
  if (plain.filename().empty()) plain = plain.parent_path();
  if (plain.filename() == "." || plain.filename() == ".." ||
      plain.filename().empty())
    plain = std::filesystem::weakly_canonical(path, error);
  const std::string name = plain.filename().string();
  return name.empty() ? path.string() : name;
}

FileDataset::FileDataset(std::string name,
                         std::string source,
                         std::filesystem::path root,
                         std::vector<Item> items)
    : name_(std::move(name)),
      source_(std::move(source)),
      root_(std::move(root)),
      items_(std::move(items)) {
  EYECHART_REQUIRE(!items_.empty(), "{}: lists no pictures", source_);
  std::unordered_map<std::string_view, std::size_t> seen;
  seen.reserve(items_.size());
  for (std::size_t i = 0; i < items_.size(); ++i) {
    const Item& item = items_[i];
    const auto [first, fresh] = seen.emplace(item.id, i);
    EYECHART_REQUIRE(fresh,
                     "{}: pictures {} and {} (counted from 1) have the same id "
                     "\"{}\"; ids should differ",
                     source_, first->second + 1, i + 1, item.id);
    SafeJoin(root_, item.path, source_);
  }
}

void FileDataset::RequireSomeFile() const {
  std::error_code error;
  for (const Item& item : items_)
    if (std::filesystem::exists(SafeJoin(root_, item.path, source_), error))
      return;
  ThrowInput(
      "{}: none of its {} paths exists, for one {}; paths are relative to {}",
      source_, items_.size(), (root_ / items_.front().path).string(),
      root_.empty() ? "the current folder" : root_.string());
}

const Item& FileDataset::item(std::size_t index) const {
  EYECHART_CHECK(index < items_.size(), "item {} of {}", index, items_.size());
  return items_[index];
}

std::string FileDataset::Read(std::size_t index) const {
  return ReadFile(SafeJoin(root_, item(index).path, source_), kMaxFileBytes);
}

}  // namespace eyechart::data::internal
