// Pascal VOC: Annotations/, JPEGImages/ and ImageSets/Main/, or XML files
// beside the pictures.
#include <algorithm>
#include <optional>
#include <set>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "data/boxes/box_findings.h"
#include "data/boxes/box_kinds.h"
#include "data/boxes/name_list.h"
#include "data/boxes/picture_folder.h"
#include "data/boxes/voc_xml.h"

namespace eyechart::data::internal {
namespace {

namespace fs = std::filesystem;

bool IsVocFolder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

// The first of `names` that is a folder in `root`, or nothing.
fs::path FirstFolder(const fs::path& root,
                     std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (IsVocFolder(root / name)) return root / name;
  return {};
}

// Where the XML files of a set lie, and the pictures they are of.
struct Layout {
  fs::path annotations;  // empty: XML files beside the pictures
  fs::path pictures;
};

Layout LayoutOf(const fs::path& root) {
  Layout layout;
  const fs::path annotations =
      FirstFolder(root, {"Annotations", "annotations"});
  if (annotations.empty() || FilesOf(annotations, ".xml").empty()) return {};
  layout.annotations = annotations;
  layout.pictures = FirstFolder(root, {"JPEGImages", "images", "Images"});
  if (layout.pictures.empty()) layout.pictures = annotations;
  return layout;
}

// Lists of one class have its name before an underscore.
std::vector<std::string> ListsOf(const fs::path& root) {
  std::vector<std::string> lists;
  for (const fs::path& file : FilesOf(root / "ImageSets" / "Main", ".txt"))
    if (file.stem().string().find('_') == std::string::npos)
      lists.push_back(file.stem().string());
  return lists;
}

std::vector<std::string> VocSplits(const fs::path& root) {
  if (!LayoutOf(root).annotations.empty()) {
    const std::vector<std::string> lists = ListsOf(root);
    return lists.empty() ? std::vector<std::string>{""} : lists;
  }
  if (!FilesOf(root, ".xml").empty()) return {""};
  std::vector<std::string> splits;
  for (const std::string& name : FoldersOf(root))
    if (!FilesOf(root / name, ".xml").empty()) splits.push_back(name);
  return splits;
}

bool RecognisesVoc(const fs::path& root) { return !VocSplits(root).empty(); }

std::vector<std::string> VocSplitsOrThrow(const fs::path& root) {
  std::vector<std::string> splits = VocSplits(root);
  EYECHART_REQUIRE(!splits.empty(),
                   "{}: no XML files in Annotations/, here or one folder below",
                   root.string());
  return splits;
}

class VocReader {
 public:
  VocReader(const fs::path& root,
            const BoxOptions& options,
            BoxBuilder& builder)
      : root_(root), options_(options), builder_(builder) {}

  void Read(const std::string& split) {
    const Layout layout = LayoutOf(root_);
    const bool beside = layout.annotations.empty();
    // All parts' files, as all parts have the same categories.
    std::vector<fs::path> all;
    for (const std::string& part :
         beside ? VocSplits(root_) : std::vector<std::string>{""}) {
      const fs::path folder = beside ? root_ / part : layout.annotations;
      for (const fs::path& file : FilesOf(folder, ".xml")) all.push_back(file);
    }
    ReadCategories(all);
    const fs::path folder = beside ? root_ / split : layout.annotations;
    const fs::path pictures = !options_.pictures.empty() ? options_.pictures
                              : beside                   ? folder
                                                         : layout.pictures;
    for (const std::string& name : PicturesUnder(pictures, false))
      picture_of_.emplace(fs::path(name).stem().string(), name);
    for (const fs::path& file : beside || split.empty()
                                    ? FilesOf(folder, ".xml")
                                    : FilesOfList(split, folder))
      ReadPicture(file, pictures);
  }

 private:
  void ReadCategories(const std::vector<fs::path>& files) {
    std::vector<std::string> names;
    for (const char* list : {"classes.txt", "labels.txt"}) {
      std::error_code error;
      if (!fs::is_regular_file(root_ / list, error)) continue;
      names = ReadNames(root_ / list);
      break;
    }
    std::set<std::string> found;
    for (const fs::path& file : files) {
      const std::optional<VocPicture>& picture = Parsed(file);
      if (!picture) continue;
      for (const VocObject& object : picture->objects) {
        if (!found.insert(object.name).second) continue;
        RequireUtf8(object.name, file.string());
      }
    }
    if (names.empty()) names.assign(found.begin(), found.end());
    for (const std::string& name : names) {
      category_of_.emplace(name, category_of_.size());
      builder_.AddCategory(
          {static_cast<std::int64_t>(builder_.dataset().categories.size()) + 1,
           name, ""});
    }
  }

  // Nothing where the file cannot be read; why is in unreadable_.
  const std::optional<VocPicture>& Parsed(const fs::path& file) {
    const auto [it, fresh] = parsed_.try_emplace(file.string());
    if (!fresh) return it->second;
    constexpr std::uintmax_t kMaxBytes = std::uintmax_t{1} << 28;
    const std::string name = file.filename().string();
    try {
      it->second = ParseVocXml(ReadFile(file, kMaxBytes), name);
    } catch (const InputError& error) {
      unreadable_.emplace(file.string(), error.what());
    }
    return it->second;
  }

  // XML files of the pictures that a list names, one a line; a column behind
  // the name is VOC's own remark on a class.
  std::vector<fs::path> FilesOfList(const std::string& split,
                                    const fs::path& folder) {
    const fs::path list =
        root_ / "ImageSets" / "Main" / (split + std::string(".txt"));
    builder_.dataset().source = list.string();
    const std::string text = ReadFile(list);
    std::vector<fs::path> files;
    std::size_t number = 0;
    for (std::string_view rest = text; !rest.empty();) {
      const std::string_view line = TakeLine(rest);
      ++number;
      const std::string name(line.substr(0, line.find_first_of(" \t")));
      if (name.empty()) continue;
      const std::string place =
          fmt::format("{}: line {}", list.filename().string(), number);
      fs::path file;
      try {
        file = SafeJoin(folder, name + ".xml", place);
      } catch (const InputError& problem) {
        builder_.Drop(finding::kLabelFile, problem.what());
        continue;
      }
      std::error_code error;
      if (fs::is_regular_file(file, error))
        files.push_back(std::move(file));
      else
        builder_.Drop(finding::kLabelFile,
                      fmt::format("{}: there is no {} for \"{}\"", place,
                                  file.filename().string(), name));
    }
    return files;
  }

  void ReadPicture(const fs::path& file, const fs::path& pictures) {
    const std::optional<VocPicture>& parsed = Parsed(file);
    if (!parsed) {
      builder_.Drop(finding::kLabelFile, unreadable_.at(file.string()));
      return;
    }
    const VocPicture& picture = *parsed;
    BoxImage image;
    image.id = file.stem().string();
    image.number =
        static_cast<std::int64_t>(builder_.dataset().images.size()) + 1;
    image.width = picture.width;
    image.height = picture.height;
    // VOC's own rule is the name of the XML file; <filename> is often stale.
    const auto named = picture_of_.find(image.id);
    image.path = named != picture_of_.end()  ? named->second
                 : !picture.filename.empty() ? picture.filename
                                             : image.id + ".jpg";
    const std::string path = image.path;
    const std::string name = file.filename().string();
    const auto added = builder_.AddImage(std::move(image), pictures, name);
    if (!added) return;
    const std::size_t index = *added;
    for (const RowFault& fault : picture.faults)
      builder_.Drop(fault.kind, fmt::format("{}: {}", name, fault.what));
    for (const VocObject& object : picture.objects)
      ReadObject(object, index, path, name);
  }

  void ReadObject(const VocObject& object,
                  std::size_t image,
                  const std::string& path,
                  const std::string& name) {
    const auto category = category_of_.find(object.name);
    if (category == category_of_.end()) {
      builder_.Drop(
          finding::kCategoryUnknown,
          fmt::format(
              "{}: the class \"{}\" is not in the list of classes of {}", name,
              object.name, root_.string()));
      return;
    }
    const bool pixels = options_.voc_corners == VocCorners::kPixels;
    const double first = pixels ? 1 : 0;
    TrueBox box;
    box.image = image;
    box.category = category->second;
    box.x = object.xmin - first;
    box.y = object.ymin - first;
    box.w = object.xmax - object.xmin + first;
    box.h = object.ymax - object.ymin + first;
    box.area = box.w * box.h;
    box.crowd = object.difficult;
    box.id = ++boxes_;
    const auto told = [&] {
      return fmt::format("{}: {} at [{}, {}, {}, {}]", path, object.name,
                         object.xmin, object.ymin, object.xmax, object.ymax);
    };
    if (object.difficult) builder_.Count(finding::kDifficult, told());
    if (pixels && (object.xmin == 0 || object.ymin == 0))
      builder_.Count(finding::kZeroCorner, told());
    builder_.AddBox(box);
  }

  const fs::path root_;
  const BoxOptions& options_;
  BoxBuilder& builder_;
  // By path.
  std::unordered_map<std::string, std::optional<VocPicture>> parsed_;
  std::unordered_map<std::string, std::string> unreadable_;  // why
  std::unordered_map<std::string, std::size_t> category_of_;
  std::unordered_map<std::string, std::string> picture_of_;  // by stem
  std::int64_t boxes_ = 0;
};

void ReadVoc(const fs::path& root,
             const std::string& split,
             const BoxOptions& options,
             BoxBuilder& builder) {
  VocReader(root, options, builder).Read(split);
}

}  // namespace

BoxKind VocKind() {
  return {"voc",
          "Pascal VOC: Annotations/*.xml with ImageSets/Main/<split>.txt, or "
          "XML files beside the pictures",
          RecognisesVoc, VocSplitsOrThrow, ReadVoc};
}

}  // namespace eyechart::data::internal
