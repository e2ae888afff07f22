// YOLO's text files: a picture's labels have its name in a folder of their own.
#include <algorithm>
#include <optional>
#include <system_error>
#include <unordered_set>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "data/boxes/box_findings.h"
#include "data/boxes/box_kinds.h"
#include "data/boxes/list_parts.h"
#include "data/boxes/name_list.h"
#include "data/boxes/picture_folder.h"
#include "data/boxes/picture_size.h"
#include "data/boxes/split_names.h"
#include "data/boxes/yolo_labels.h"

namespace eyechart::data::internal {
namespace {

namespace fs = std::filesystem;

bool IsYoloFolder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

bool IsFile(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

// Where the class names stand: data.yaml, another YAML if it is the only one,
// or a list.
std::optional<fs::path> NamesFile(const fs::path& root) {
  for (const char* name : {"data.yaml", "data.yml", "dataset.yaml"})
    if (IsFile(root / name)) return root / name;
  const std::vector<fs::path> yaml = FilesOf(root, ".yaml");
  if (yaml.size() == 1) return yaml.front();
  for (const char* name :
       {"classes.txt", "obj.names", "labels/classes.txt", "labels.txt"})
    if (IsFile(root / name)) return root / name;
  return std::nullopt;
}

struct Folders {
  fs::path pictures;
  fs::path labels;
};

Folders FoldersOfSplit(const fs::path& root, const std::string& split) {
  if (split.empty()) {
    if (IsYoloFolder(root / "images") && IsYoloFolder(root / "labels"))
      return {root / "images", root / "labels"};
    return {root, root};
  }
  if (IsYoloFolder(root / "images" / split))
    return {root / "images" / split, root / "labels" / split};
  if (IsYoloFolder(root / split / "images"))
    return {root / split / "images", root / split / "labels"};
  return {root / split, root / split};
}

std::vector<std::string> YoloSplits(const fs::path& root) {
  if (!NamesFile(root)) return {};
  std::vector<std::string> splits;
  for (const std::string& name : FoldersOf(root / "labels"))
    if (IsYoloFolder(root / "images" / name)) splits.push_back(name);
  for (const std::string& name : FoldersOf(root))
    if (IsYoloFolder(root / name / "images") &&
        IsYoloFolder(root / name / "labels"))
      splits.push_back(name);
  if (!splits.empty()) return splits;
  if (IsYoloFolder(root / "images") && IsYoloFolder(root / "labels"))
    return {""};
  // Labels beside the pictures.
  const auto beside = [](const fs::path& folder) {
    for (const std::string& name : PicturesUnder(folder, false))
      if (IsFile((folder / name).replace_extension(".txt"))) return true;
    return false;
  };
  if (beside(root)) return {""};
  for (const std::string& name : FoldersOf(root))
    if (beside(root / name)) splits.push_back(name);
  return splits;
}

bool RecognisesYolo(const fs::path& root) { return !YoloSplits(root).empty(); }

std::vector<std::string> YoloSplitsOrThrow(const fs::path& root) {
  EYECHART_REQUIRE(NamesFile(root),
                   "{}: no class names: data.yaml with names, or classes.txt",
                   root.string());
  std::vector<std::string> splits = YoloSplits(root);
  EYECHART_REQUIRE(!splits.empty(),
                   "{}: neither images/ with labels/, nor <split>/images/ with "
                   "<split>/labels/, nor labels beside pictures",
                   root.string());
  return splits;
}

// A part whose labels are gone would vanish, and another be tested on.
void CountPartsWithoutLabels(const fs::path& root, BoxBuilder& builder) {
  const std::vector<std::string> splits = YoloSplits(root);
  for (const char* parent : {"", "images"}) {
    for (const std::string& name : FoldersOf(root / parent)) {
      if (!IsPartName(name) ||
          std::find(splits.begin(), splits.end(), name) != splits.end())
        continue;
      CountUnreadPart(root, (fs::path(parent) / name).string(), "labels",
                      builder);
    }
  }
}

// Names of the folders of a path, without those that lead nowhere or up: what
// stands before the set's own folder is another machine's.
std::vector<std::string> FolderNames(std::string path) {
  std::replace(path.begin(), path.end(), '\\', '/');
  std::vector<std::string> names;
  for (const fs::path& part : fs::path(path)) {
    const std::string name = part.string();
    if (!name.empty() && name != "/" && name != "." && name != "..")
      names.push_back(name);
  }
  return names;
}

bool EndsWith(const std::vector<std::string>& names,
              const std::vector<std::string>& end) {
  return names.size() >= end.size() &&
         std::equal(end.rbegin(), end.rend(), names.rbegin());
}

// What a data.yaml says of its parts' folders and what is read, where they are
// not the same.
class YamlFolders {
 public:
  YamlFolders(const fs::path& root, const YoloYaml& yaml)
      : root_(root), yaml_(yaml), splits_(YoloSplits(root)) {}

  void CountIn(BoxBuilder& builder) const {
    for (const YoloYaml::Folder& folder : yaml_.folders) {
      const std::string told = Difference(folder);
      if (!told.empty()) builder.Count(finding::kFoldersDiffer, told);
    }
  }

 private:
  std::string ReadFrom(const std::string& split) const {
    return FoldersOfSplit(root_, split)
        .pictures.lexically_relative(root_)
        .generic_string();
  }

  bool IsOf(const YoloYaml::Folder& folder, const std::string& split) const {
    const std::vector<std::string> read = FolderNames(ReadFrom(split));
    std::vector<std::string> named =
        FolderNames(yaml_.path + '/' + folder.path);
    if (EndsWith(named, read)) return true;
    // The part's folder, for the pictures in it.
    named.push_back("images");
    return EndsWith(named, read);
  }

  // Empty: none.
  std::string Difference(const YoloYaml::Folder& folder) const {
    const auto is_of = [&](const std::string& split) {
      return IsOf(folder, split);
    };
    const std::vector<std::string> own = MatchingSplits(splits_, folder.part);
    if (std::any_of(own.begin(), own.end(), is_of)) return "";
    const std::string named = fmt::format("{}: {}", folder.part, folder.path);
    if (!own.empty())
      return fmt::format("{}, but part {} is {}", named, own.front(),
                         ReadFrom(own.front()));
    // Exports name a part that they have no pictures of, too.
    const auto other = std::find_if(splits_.begin(), splits_.end(), is_of);
    if (other == splits_.end()) {
      std::error_code error;
      const bool there = fs::exists(root_ / folder.path, error) ||
                         fs::exists(root_ / yaml_.path / folder.path, error);
      return there ? named + ", which is no part" : "";
    }
    // Of a set that is one part all of them may be it.
    return other->empty() ? ""
                          : fmt::format("{}, which is part {}", named, *other);
  }

  const fs::path& root_;
  const YoloYaml& yaml_;
  const std::vector<std::string> splits_;
};

class YoloReader {
 public:
  YoloReader(std::size_t classes,
             std::size_t keypoint_numbers,
             BoxBuilder& builder)
      : classes_(classes),
        keypoint_numbers_(keypoint_numbers),
        builder_(builder) {}

  void Read(const Folders& folders, const fs::path& names) {
    std::unordered_set<std::string> used = {
        names.lexically_normal().string(),
        (folders.labels / "classes.txt").lexically_normal().string()};
    const bool apart = folders.pictures != folders.labels;
    std::unordered_set<std::string> of_picture;
    for (const std::string& path : PicturesUnder(folders.pictures, apart)) {
      const fs::path labels = (folders.labels / path).replace_extension(".txt");
      const std::string file = labels.lexically_normal().string();
      used.insert(file);
      if (!of_picture.insert(file).second && IsFile(labels))
        builder_.Count(finding::kSharedLabelFile,
                       fmt::format("{}: {}", path, labels.filename().string()));
      ReadPicture(folders.pictures, path, labels);
    }
    std::vector<std::string> files;
    if (apart) {
      files = FilesUnder(folders.labels, ".txt");
    } else {
      for (const fs::path& file : FilesOf(folders.labels, ".txt"))
        files.push_back(file.filename().string());
    }
    for (const std::string& file : files)
      if (!used.contains((folders.labels / file).lexically_normal().string()))
        builder_.Count(finding::kStrayLabelFile, file);
  }

 private:
  void ReadPicture(const fs::path& root,
                   const std::string& path,
                   const fs::path& labels) {
    const bool labelled = IsFile(labels);
    YoloLabels read;
    if (labelled) {
      constexpr std::uintmax_t kMaxBytes = std::uintmax_t{1} << 28;
      const std::string name = labels.filename().string();
      try {
        read = ParseYoloLabels(ReadFile(labels, kMaxBytes), classes_, name,
                               keypoint_numbers_);
      } catch (const InputError& error) {
        builder_.Drop(finding::kLabelFile, error.what());
        return;
      }
    }
    BoxImage image;
    image.id = path;
    image.path = path;
    image.number =
        static_cast<std::int64_t>(builder_.dataset().images.size()) + 1;
    const auto size = ReadPictureSize(root / path);
    if (size) {
      image.width = static_cast<int>(size->width);
      image.height = static_cast<int>(size->height);
    }
    const auto added = builder_.AddImage(std::move(image), root, root.string());
    if (!added) return;
    const std::size_t index = *added;
    if (!labelled) builder_.Count(finding::kNoLabelFile, path);
    for (const RowFault& fault : read.faults)
      builder_.Drop(fault.kind, fault.what);
    for (const YoloBox& box : read.boxes) {
      if (size)
        AddBox(box, index, *size, path);
      else
        builder_.Count(finding::kBoxUnsized, path);
    }
  }

  void AddBox(const YoloBox& read,
              std::size_t image,
              const PictureSize& size,
              const std::string& path) {
    const auto width = static_cast<double>(size.width);
    const auto height = static_cast<double>(size.height);
    TrueBox box;
    box.image = image;
    box.category = read.category;
    box.w = read.width * width;
    box.h = read.height * height;
    box.x = read.center_x * width - box.w / 2;
    box.y = read.center_y * height - box.h / 2;
    box.area = box.w * box.h;
    box.id = ++boxes_;
    if (read.polygon)
      builder_.Count(finding::kPolygon,
                     fmt::format("{}: line {} of its labels", path, read.line));
    if (read.keypoints)
      builder_.Count(finding::kKeypoints,
                     fmt::format("{}: line {} of its labels", path, read.line));
    builder_.AddBox(box);
  }

  const std::size_t classes_;
  const std::size_t keypoint_numbers_;
  BoxBuilder& builder_;
  std::int64_t boxes_ = 0;
};

void ReadYolo(const fs::path& root,
              const std::string& split,
              const BoxOptions& options,
              BoxBuilder& builder) {
  const auto file = NamesFile(root);
  EYECHART_REQUIRE(file, "{}: no class names", root.string());
  const std::vector<std::string> names = ReadNames(*file);
  const YoloYaml yaml = ReadYoloYaml(*file);
  for (std::size_t i = 0; i < names.size(); ++i)
    builder.AddCategory({static_cast<std::int64_t>(i) + 1, names[i], ""});
  Folders folders = FoldersOfSplit(root, split);
  if (!options.pictures.empty()) folders.pictures = options.pictures;
  builder.dataset().source = folders.labels.string();
  YoloReader(names.size(), yaml.keypoint_numbers, builder).Read(folders, *file);
  CountPartsWithoutLabels(root, builder);
  YamlFolders(root, yaml).CountIn(builder);
}

}  // namespace

BoxKind YoloKind() {
  return {"yolo",
          "YOLO: data.yaml or classes.txt, images/<split> with labels/<split>, "
          "or <split>/images with <split>/labels",
          RecognisesYolo, YoloSplitsOrThrow, ReadYolo};
}

}  // namespace eyechart::data::internal
