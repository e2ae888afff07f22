#include <algorithm>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "data/dataset_kinds.h"

namespace eyechart::data::internal {
namespace {

namespace fs = std::filesystem;

// Deeper than any collection of pictures; a guard for odd file systems.
constexpr std::size_t kMaxDepth = 64;

// What `eyechart generate` draws to look at: it shows the pictures again, and
// is none of them. A file of that name in any other folder is a picture.
bool IsGeneratedSheet(const fs::path& file) {
  if (file.filename() != "contact_sheet.jpg") return false;
  std::error_code error;
  const fs::path manifest = file.parent_path() / "manifest.json";
  if (!fs::is_regular_file(manifest, error)) return false;
  try {
    const Json json = ReadJsonFile(manifest);
    return json.is_object() && json.contains("renderer") &&
           json.contains("pixels_sha256");
  } catch (const InputError&) {
    return false;
  }
}

class Walker {
 public:
  // `prefix` is the relative path of `folder` with a trailing slash.
  void Walk(const fs::path& folder,
            const std::string& prefix,
            const std::string& label) {
    std::error_code error;
    const fs::path canonical = fs::canonical(folder, error);
    // A link to a folder above would go round for ever.
    if (error || above_.size() >= kMaxDepth ||
        std::find(above_.begin(), above_.end(), canonical) != above_.end())
      return;
    above_.push_back(canonical);
    fs::directory_iterator entries(folder, error);
    EYECHART_REQUIRE(!error, "{}: cannot be listed: {}", folder.string(),
                     error.message());
    for (const fs::directory_entry& entry : entries) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with('.')) continue;
      std::error_code ignored;
      if (entry.is_directory(ignored)) {
        Walk(entry.path(), prefix + name + '/', prefix.empty() ? name : label);
      } else if (entry.is_regular_file(ignored)) {
        if (IsGeneratedSheet(entry.path())) continue;
        if (HasPictureExtension(entry.path()))
          items_.push_back({prefix + name, prefix + name, label});
        else
          ++others_;
      }
    }
    above_.pop_back();
  }

  std::vector<Item>& items() { return items_; }
  std::size_t others() const { return others_; }

 private:
  std::vector<fs::path> above_;
  std::vector<Item> items_;
  std::size_t others_ = 0;
};

}  // namespace

std::unique_ptr<Dataset> OpenImageFolder(const fs::path& folder) {
  Walker walker;
  walker.Walk(folder, "", "");
  EYECHART_REQUIRE(!walker.items().empty(),
                   "{}: holds no pictures{}; known extensions are {}",
                   folder.string(),
                   walker.others() == 0
                       ? std::string()
                       : fmt::format(", only {} other file{}", walker.others(),
                                     walker.others() == 1 ? "" : "s"),
                   PictureExtensions());
  // std::string compares as unsigned bytes: the order of design §4.
  std::sort(walker.items().begin(), walker.items().end(),
            [](const Item& a, const Item& b) { return a.path < b.path; });
  return std::make_unique<FileDataset>(LastComponent(folder), folder.string(),
                                       folder, std::move(walker.items()));
}

}  // namespace eyechart::data::internal
