#include "data/boxes/coco_json.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
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

// Where `text` has a word that Python's json writes for a number, and JSON has
// none for; empty where it has none.
std::string NoNumberIn(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '"') {
      for (++at; at < text.size() && text[at] != '"'; ++at)
        if (text[at] == '\\') ++at;
      continue;
    }
    for (const std::string_view word : {"NaN", "Infinity"}) {
      if (!text.substr(at).starts_with(word)) continue;
      const std::string_view before = text.substr(0, at);
      return fmt::format(
          "byte {} (line {}) has {}, which JSON has no word for: leave the "
          "annotation out, or write a number",
          at + 1, std::count(before.begin(), before.end(), '\n') + 1, word);
    }
  }
  return "";
}

// Throws InputError where one of the lists stands twice in `text`, which is
// JSON: the parser keeps the last one, and the other's rows would be lost. Keys
// of rows are not looked at.
void RequireListsOnce(std::string_view text, const std::string& source) {
  std::array<std::size_t, 3> places{};  // bytes from 1; 0: not seen
  constexpr std::array<std::string_view, 3> kLists = {"images", "annotations",
                                                      "categories"};
  int depth = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (c != '"') continue;
    const std::size_t begin = at + 1;
    for (++at; at < text.size() && text[at] != '"'; ++at)
      if (text[at] == '\\') ++at;
    if (depth != 1 || at >= text.size()) continue;
    const std::size_t behind = text.find_first_not_of(" \t\r\n", at + 1);
    if (behind == text.npos || text[behind] != ':') continue;
    const auto list =
        std::find(kLists.begin(), kLists.end(), text.substr(begin, at - begin));
    if (list == kLists.end()) continue;
    std::size_t& place =
        places[static_cast<std::size_t>(list - kLists.begin())];
    EYECHART_REQUIRE(place == 0,
                     "{}: the key \"{}\" stands twice, at bytes {} and {}; it "
                     "should be one list",
                     source, *list, place, begin);
    place = begin;
  }
}

// ReadJsonFile that says of a file that is cut where it ends and what is open,
// of one with NaN where it stands, and of a list that stands twice.
Json ReadWholeJson(const fs::path& file) {
  const std::string text = ReadFile(file);
  Json coco;
  try {
    coco = ParseJson(text, file.string());
  } catch (const InputError&) {
    // In place of what the parser says: it takes a cut for something else.
    std::string told;
    for (const std::string& more : {NoNumberIn(text), JsonDamage(text)})
      if (!more.empty()) told += (told.empty() ? "" : "; ") + more;
    if (told.empty()) throw;
    ThrowInput("{}: not valid JSON: {}", file.string(), told);
  }
  RequireListsOnce(text, file.string());
  return coco;
}

// Whether an annotation is of category 0, be it one that is left out: what a
// part drops must not decide which categories all parts have.
bool NamesCategoryZero(const Json& coco, const std::string& source) {
  for (const Json& annotation : List(coco, "annotations", source)) {
    if (!annotation.is_object()) continue;
    const auto id = annotation.find("category_id");
    if (id != annotation.end() && IdText(*id) == "0") return true;
  }
  return false;
}

// Rows of a COCO list by their ids.
using Index = std::unordered_map<std::string, std::size_t>;

// The images and categories that it has already are left out by id, so that an
// annotation is of the first.
class CocoReader {
 public:
  CocoReader(const fs::path& file, BoxBuilder& builder)
      : source_(file.string()), coco_(ReadWholeJson(file)), builder_(builder) {}

  void ReadCategories() {
    const Json& list = List(coco_, "categories", source_);
    std::vector<BoxCategory> categories;
    std::vector<std::string> ids;
    std::vector<std::size_t> rows;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string place = Place("categories", i);
      try {
        RequireObject(list[i], place);
        std::string id = Id(list[i], place);
        categories.push_back(
            {0, JsonGet<std::string>(list[i], "name", place),
             JsonGetOr<std::string>(list[i], "supercategory", "", place)});
        ids.push_back(std::move(id));
        rows.push_back(i);
      } catch (const InputError& error) {
        builder_.Drop(finding::kCategoryUnusable, error.what(),
                      RowOf::kCategory);
        continue;
      }
      CountNumberAsText(list[i], "categories", i, {"id"});
    }
    const auto numbers = IdNumbers(ids, finding::kTextCategoryId, builder_);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto first = categories_.find(ids[i]);
      if (first != categories_.end()) {
        builder_.Drop(
            finding::kCategoryIdTwice,
            fmt::format("{}: category \"{}\" has the id {} of category \"{}\"",
                        Place("categories", rows[i]), categories[i].name,
                        ids[i],
                        builder_.dataset().categories[first->second].name),
            RowOf::kCategory);
        continue;
      }
      categories[i].id = numbers[i];
      categories_.emplace(ids[i],
                          builder_.AddCategory(std::move(categories[i])));
    }
  }

  void ReadImages(const std::vector<fs::path>& roots) {
    const Json& list = List(coco_, "images", source_);
    std::vector<BoxImage> images;
    std::vector<std::string> ids;
    std::vector<std::size_t> rows;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string place = Place("images", i);
      BoxImage image;
      try {
        RequireObject(list[i], place);
        image.id = Id(list[i], place);
        image.text_id = list[i]["id"].is_string();
        image.path = JsonGet<std::string>(list[i], "file_name", place);
      } catch (const InputError& error) {
        builder_.Drop(finding::kImageUnusable, error.what(), RowOf::kImage);
        continue;
      }
      ReadSides(list[i], place, image);
      ids.push_back(image.id);
      rows.push_back(i);
      CountNumberAsText(list[i], "images", i, {"id"});
      images.push_back(std::move(image));
    }
    const auto numbers = IdNumbers(ids, finding::kTextImageId, builder_);
    const fs::path root =
        RootOf(roots, images.empty() ? "" : images.front().path);
    for (std::size_t i = 0; i < images.size(); ++i) {
      images[i].number = numbers[i];
      const std::string place = Place("images", rows[i]);
      const auto index = builder_.AddImage(std::move(images[i]), root, place);
      if (index) images_.emplace(ids[i], *index);
    }
  }

  void ReadBoxes() {
    const Json& list = List(coco_, "annotations", source_);
    builder_.dataset().boxes.reserve(list.size());
    for (std::size_t i = 0; i < list.size(); ++i) ReadBox(list[i], i);
  }

  bool HasCategoryZero() const { return NamesCategoryZero(coco_, source_); }

 private:
  static std::string Place(const char* key, std::size_t i) {
    return fmt::format("{}[{}]", key, i);
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

  // 0 where the row does not say it; nothing where what it says is no side.
  static std::optional<int> Side(const Json& row, const char* key) {
    const auto it = row.find(key);
    if (it == row.end() || it->is_null()) return 0;
    if (!it->is_number()) return std::nullopt;
    // 640.0 is 640 to the tools that write it.
    const double side = it->get<double>();
    if (!(side >= 0 && side <= std::numeric_limits<int>::max() &&
          side == std::floor(side)))
      return std::nullopt;
    return static_cast<int>(side);
  }

  // A bad size costs no picture: its header says it too. A row counts once.
  void ReadSides(const Json& row, const std::string& place, BoxImage& image) {
    bool told = false;
    for (const auto& [key, side] : {std::pair{"width", &BoxImage::width},
                                    std::pair{"height", &BoxImage::height}}) {
      const auto read = Side(row, key);
      image.*side = read.value_or(kUnusableSide);
      if (read || told) continue;
      told = true;
      builder_.Count(
          finding::kSizeUnusable,
          fmt::format("{}: \"{}\" is {}; it should be a whole number of pixels",
                      place, key, Shown(row[key])));
    }
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

  // Whether the row's `key` is a number written as a text.
  static bool IsNumberAsText(const Json& row, const char* key) {
    const auto it = row.find(key);
    return it != row.end() && it->is_string() &&
           IdNumber(it->get_ref<const std::string&>());
  }

  void CountNumberAsText(const Json& row,
                         const char* list,
                         std::size_t i,
                         std::initializer_list<const char*> keys) {
    for (const char* key : keys) {
      if (!IsNumberAsText(row, key)) continue;
      builder_.Count(finding::kNumberAsText,
                     fmt::format("{}[{}]: \"{}\" is {}", list, i, key,
                                 CanonicalJson(row[key])));
      return;
    }
  }

  // Leaves the annotation out, naming it.
  template <typename... Args>
  void Drop(std::string_view finding,
            std::size_t i,
            fmt::format_string<Args...> format,
            Args&&... args) {
    const Json& annotation = coco_["annotations"][i];
    std::string id;
    if (annotation.is_object() && annotation.contains("id"))
      id = fmt::format(" (id {})", Shown(annotation["id"]));
    builder_.Drop(
        finding, fmt::format("annotations[{}]{}: {}", i, id,
                             fmt::format(format, std::forward<Args>(args)...)));
  }

  static std::string Shown(const Json& value) {
    return CanonicalJson(value).substr(0, 80);
  }

  std::optional<std::size_t> Find(const Json& annotation,
                                  const char* key,
                                  const Index& rows,
                                  std::size_t i) {
    const auto it = annotation.find(key);
    const auto id = it == annotation.end() ? std::nullopt : IdText(*it);
    if (!id) {
      Drop(finding::kRowUnusable, i,
           "key \"{}\" should be an integer or a text", key);
      return std::nullopt;
    }
    const auto row = rows.find(*id);
    if (row != rows.end()) return row->second;
    const bool image = &rows == &images_;
    Drop(image ? finding::kImageUnknown : finding::kCategoryUnknown, i,
         "{} {} is none of the {}", key, Shown(*it),
         image ? "images" : "categories");
    return std::nullopt;
  }

  std::optional<bool> Crowd(const Json& annotation, std::size_t i) {
    const auto it = annotation.find("iscrowd");
    if (it == annotation.end() || it->is_null()) return false;
    if (it->is_boolean()) return it->get<bool>();
    if (it->is_number() && (*it == 0 || *it == 1)) return *it == 1;
    Drop(finding::kRowUnusable, i, "\"iscrowd\" is {}; it should be 0 or 1",
         Shown(*it));
    return std::nullopt;
  }

  void ReadBox(const Json& annotation, std::size_t i) {
    if (!annotation.is_object()) {
      Drop(finding::kRowUnusable, i, "should be an object");
      return;
    }
    const auto image = Find(annotation, "image_id", images_, i);
    if (!image) return;
    const auto category = Find(annotation, "category_id", categories_, i);
    if (!category) return;
    const auto crowd = Crowd(annotation, i);
    if (!crowd) return;
    TrueBox box;
    box.image = *image;
    box.category = *category;
    box.crowd = *crowd;
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
    if (!numbers) {
      Drop(finding::kBoxNumbers, i,
           "\"bbox\" is {}; it should be 4 numbers: x, y, width, height",
           Shown(*bbox));
      return;
    }
    box.x = (*bbox)[0].get<double>();
    box.y = (*bbox)[1].get<double>();
    box.w = (*bbox)[2].get<double>();
    box.h = (*bbox)[3].get<double>();
    box.area = box.w * box.h;
    const auto area = annotation.find("area");
    if (area != annotation.end() && !area->is_null()) {
      if (!area->is_number()) {
        Drop(finding::kRowUnusable, i,
             "\"area\" is {}; it should be a number of pixels", Shown(*area));
        return;
      }
      box.area = area->get<double>();
    }
    CountNumberAsText(annotation, "annotations", i,
                      {"id", "image_id", "category_id"});
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

// The same of a part's file. One that cannot be read has none: it is an error
// where it is asked for itself.
bool HasCategoryZero(const fs::path& file) {
  try {
    return NamesCategoryZero(ReadJsonFile(file), file.string());
  } catch (const InputError&) {
    return false;
  }
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
  if (!project || reader.HasCategoryZero()) return;
  for (const fs::path& sibling : siblings)
    if (HasCategoryZero(sibling)) return;
  builder.Count(finding::kDummyCategory,
                builder.dataset().categories[*project].name);
  builder.DropCategory(*project);
}

}  // namespace eyechart::data::internal
