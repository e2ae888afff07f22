#include "data/boxes/coco_json.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/json.h"
#include "core/json_damage.h"
#include "core/text.h"
#include "data/boxes/box_findings.h"

namespace eyechart::data::internal {
namespace {

namespace fs = std::filesystem;

constexpr double kExactIntegers = 0x1p53;

const Json& List(const Json& coco, const char* key, const std::string& source) {
  static const Json none;
  const auto it = coco.is_object() ? coco.find(key) : coco.end();
  const Json& list = coco.is_object() && it != coco.end() ? *it : none;
  EYECHART_REQUIRE(list.is_array(),
                   "{}: key \"{}\" should be a list, as in a COCO JSON", source,
                   key);
  return list;
}

// An id as text: an integer (3.0 is one to Python's dictionaries too) or a
// text; nothing for any other type.
std::optional<std::string> IdText(const Json& value) {
  if (value.is_number_integer()) return value.dump();
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_number_float()) return std::nullopt;
  const double number = value.get<double>();
  if (number != std::floor(number) || std::abs(number) > kExactIntegers)
    return std::nullopt;
  return std::to_string(static_cast<std::int64_t>(number));
}

// The text as the number that it is the usual decimal form of.
std::optional<std::int64_t> IdNumber(const std::string& text) {
  const std::optional<std::int64_t> number = ParseInt(text);
  if (!number || std::to_string(*number) != text) return std::nullopt;
  return number;
}

// The numbers of all of them or, where one is none, 1, 2, ...
std::vector<std::int64_t> IdNumbers(const std::vector<std::string>& ids,
                                    std::string_view finding,
                                    BoxBuilder& builder) {
  std::vector<std::int64_t> numbers;
  for (const std::string& id : ids) {
    if (const auto number = IdNumber(id))
      numbers.push_back(*number);
    else
      builder.Count(finding, id);
  }
  if (numbers.size() == ids.size()) return numbers;
  numbers.clear();
  for (std::size_t i = 0; i < ids.size(); ++i)
    numbers.push_back(static_cast<std::int64_t>(i) + 1);
  return numbers;
}

// ReadJsonFile that says of a file that is cut where it ends, and what is open.
Json ReadWholeJson(const fs::path& file) {
  const std::string text = ReadFile(file);
  try {
    return ParseJson(text, file.string());
  } catch (const InputError& error) {
    const std::string damage = JsonDamage(text);
    if (damage.empty()) throw;
    ThrowInput("{}; {}", error.what(), damage);
  }
}

// Rows of a COCO list by their ids.
using Index = std::unordered_map<std::string, std::size_t>;

class CocoReader {
 public:
  CocoReader(const fs::path& file, BoxBuilder& builder)
      : source_(file.string()), coco_(ReadWholeJson(file)), builder_(builder) {}

  void ReadCategories() {
    const Json& list = List(coco_, "categories", source_);
    std::vector<BoxCategory> categories;
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string place = Place("categories", i);
      RequireObject(list[i], place);
      ids.push_back(Id(list[i], place));
      categories.push_back(
          {0, JsonGet<std::string>(list[i], "name", place),
           JsonGetOr<std::string>(list[i], "supercategory", "", place)});
    }
    const auto numbers = IdNumbers(ids, finding::kTextCategoryId, builder_);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const bool fresh = categories_.emplace(ids[i], i).second;
      EYECHART_REQUIRE(fresh, "{}: the id {} stands twice; ids should differ",
                       Place("categories", i), ids[i]);
      categories[i].id = numbers[i];
      builder_.AddCategory(std::move(categories[i]), Place("categories", i));
    }
  }

  void ReadImages(const std::vector<fs::path>& roots) {
    const Json& list = List(coco_, "images", source_);
    std::vector<BoxImage> images;
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string place = Place("images", i);
      RequireObject(list[i], place);
      BoxImage image;
      image.id = Id(list[i], place);
      image.path = JsonGet<std::string>(list[i], "file_name", place);
      image.width = Side(list[i], "width", place);
      image.height = Side(list[i], "height", place);
      ids.push_back(image.id);
      images.push_back(std::move(image));
    }
    const auto numbers = IdNumbers(ids, finding::kTextImageId, builder_);
    const fs::path root =
        RootOf(roots, images.empty() ? "" : images.front().path);
    for (std::size_t i = 0; i < images.size(); ++i) {
      images[i].number = numbers[i];
      images_.emplace(ids[i], i);
      builder_.AddImage(std::move(images[i]), root, Place("images", i));
    }
  }

  void ReadBoxes() {
    const Json& list = List(coco_, "annotations", source_);
    builder_.dataset().boxes.reserve(list.size());
    for (std::size_t i = 0; i < list.size(); ++i) ReadBox(list[i], i);
  }

 private:
  std::string Place(const char* key, std::size_t i) const {
    return fmt::format("{}: {}[{}]", source_, key, i);
  }

  static void RequireObject(const Json& value, const std::string& place) {
    EYECHART_REQUIRE(value.is_object(), "{}: should be an object", place);
  }

  static std::string Id(const Json& row, const std::string& place) {
    const auto it = row.find("id");
    std::optional<std::string> id;
    if (it != row.end()) id = IdText(*it);
    EYECHART_REQUIRE(id, "{}: key \"id\" should be an integer or a text",
                     place);
    return *id;
  }

  static int Side(const Json& image,
                  const char* key,
                  const std::string& place) {
    // 640.0 is 640 to the tools that write it.
    const auto side = JsonGetOr<double>(image, key, 0, place);
    EYECHART_REQUIRE(side >= 0 && side <= std::numeric_limits<int>::max() &&
                         side == std::floor(side),
                     "{}: \"{}\" is {}; it should be a whole number of pixels",
                     place, key, side);
    return static_cast<int>(side);
  }

  static fs::path RootOf(const std::vector<fs::path>& roots,
                         const std::string& first) {
    EYECHART_CHECK(!roots.empty(), "no folder for pictures");
    std::error_code error;
    for (const fs::path& root : roots)
      if (!first.empty() && fs::is_regular_file(root / first, error))
        return root;
    for (const fs::path& root : roots)
      if (fs::is_directory(root, error)) return root;
    return roots.front();
  }

  // Throws, naming the annotation. Texts are made only where they are needed:
  // COCO has a million annotations.
  template <typename... Args>
  [[noreturn]] void Throw(std::size_t i,
                          fmt::format_string<Args...> format,
                          Args&&... args) const {
    const Json& annotation = coco_["annotations"][i];
    std::string id;
    if (annotation.is_object() && annotation.contains("id"))
      id = fmt::format(" (id {})", CanonicalJson(annotation["id"]));
    ThrowInput("{}{}: {}", Place("annotations", i), id,
               fmt::format(format, std::forward<Args>(args)...));
  }

  std::size_t Find(const Json& annotation,
                   const char* key,
                   const Index& rows,
                   std::size_t i) const {
    const auto it = annotation.find(key);
    const auto id = it == annotation.end() ? std::nullopt : IdText(*it);
    if (!id) Throw(i, "key \"{}\" should be an integer or a text", key);
    const auto row = rows.find(*id);
    if (row == rows.end())
      Throw(i, "{} {} is none of the {}", key, *id,
            &rows == &images_ ? "images" : "categories");
    return row->second;
  }

  bool Crowd(const Json& annotation, std::size_t i) const {
    const auto it = annotation.find("iscrowd");
    if (it == annotation.end() || it->is_null()) return false;
    if (it->is_boolean()) return it->get<bool>();
    if (!it->is_number() || (*it != 0 && *it != 1))
      Throw(i, "\"iscrowd\" is {}; it should be 0 or 1", CanonicalJson(*it));
    return *it == 1;
  }

  void ReadBox(const Json& annotation, std::size_t i) {
    if (!annotation.is_object()) Throw(i, "should be an object");
    TrueBox box;
    box.image = Find(annotation, "image_id", images_, i);
    box.category = Find(annotation, "category_id", categories_, i);
    box.crowd = Crowd(annotation, i);
    const auto id = annotation.find("id");
    const auto text = id == annotation.end() ? std::nullopt : IdText(*id);
    const auto number = text ? IdNumber(*text) : std::nullopt;
    box.id = number.value_or(0);
    const std::string& path = builder_.dataset().images[box.image].path;
    const auto bbox = annotation.find("bbox");
    if (bbox == annotation.end() || bbox->is_null() ||
        (bbox->is_array() && bbox->empty())) {
      builder_.Count(finding::kNoBox,
                     fmt::format("{}: annotation {}", path, text.value_or("")));
      return;
    }
    bool numbers = bbox->is_array() && bbox->size() == 4;
    for (std::size_t k = 0; numbers && k < 4; ++k)
      numbers = (*bbox)[k].is_number();
    if (!numbers)
      Throw(i, "\"bbox\" is {}; it should be 4 numbers: x, y, width, height",
            CanonicalJson(*bbox).substr(0, 80));
    box.x = (*bbox)[0].get<double>();
    box.y = (*bbox)[1].get<double>();
    box.w = (*bbox)[2].get<double>();
    box.h = (*bbox)[3].get<double>();
    box.area = box.w * box.h;
    const auto area = annotation.find("area");
    if (area != annotation.end() && !area->is_null()) {
      if (!area->is_number())
        Throw(i, "\"area\" is {}; it should be a number of pixels",
              CanonicalJson(*area).substr(0, 80));
      box.area = area->get<double>();
    }
    if (!number)
      builder_.Count(finding::kIdUnusable,
                     fmt::format("{}: annotations[{}]", path, i));
    builder_.AddBox(box, number.has_value());
  }

  const std::string source_;
  const Json coco_;
  BoxBuilder& builder_;
  Index images_;
  Index categories_;
};

// The category that is none: the index of id 0, if all others say that they
// belong to it.
std::optional<std::size_t> ProjectCategory(
    const std::vector<BoxCategory>& categories) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < categories.size(); ++i)
    if (categories[i].id == 0) found = i;
  if (!found || categories.size() < 2) return std::nullopt;
  for (std::size_t i = 0; i < categories.size(); ++i)
    if (i != *found && categories[i].supercategory != categories[*found].name)
      return std::nullopt;
  return found;
}

// Whether `file` has an annotation of category 0. A part that cannot be read
// has none: it is an error where it is asked for itself.
bool HasCategoryZero(const fs::path& file) {
  try {
    const Json coco = ReadJsonFile(file);
    for (const Json& annotation : List(coco, "annotations", file.string())) {
      if (!annotation.is_object()) continue;
      const auto id = annotation.find("category_id");
      if (id != annotation.end() && IdText(*id) == "0") return true;
    }
  } catch (const InputError&) {
  }
  return false;
}

}  // namespace

void ReadCocoJson(const fs::path& file,
                  const std::vector<fs::path>& roots,
                  const std::vector<fs::path>& siblings,
                  BoxBuilder& builder) {
  builder.dataset().source = file.string();
  CocoReader reader(file, builder);
  reader.ReadCategories();
  reader.ReadImages(roots);
  reader.ReadBoxes();
  const auto project = ProjectCategory(builder.dataset().categories);
  if (!project) return;
  for (const TrueBox& box : builder.dataset().boxes)
    if (box.category == *project) return;
  for (const fs::path& sibling : siblings)
    if (HasCategoryZero(sibling)) return;
  builder.Count(finding::kDummyCategory,
                builder.dataset().categories[*project].name);
  builder.DropCategory(*project);
}

}  // namespace eyechart::data::internal
