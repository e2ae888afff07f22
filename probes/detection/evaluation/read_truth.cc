#include "probes/detection/evaluation/read_truth.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "probes/detection/evaluation/json_values.h"

namespace eyechart::detection {
namespace {

namespace od = simdjson::ondemand;

// Calls visit(key, value) for every key of the object that `value` is.
template <typename Visit>
void ForKeys(JsonValue& value, const Place& place, const Visit& visit) {
  od::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS)
    ThrowWrong(place, "it", "an object", value.raw_json_token().substr(0, 20));
  for (auto result : object) {
    od::field field;
    std::string_view key;
    if (const auto error = std::move(result).get(field))
      ThrowNotJson(place.ToString(), error);
    if (const auto error = field.unescaped_key().get(key))
      ThrowNotJson(place.ToString(), error);
    visit(key, field.value());
  }
}

void RequireKey(bool there,
                const Place& place,
                const char* key,
                const char* what) {
  EYECHART_REQUIRE(there, "{}: key \"{}\" is missing; it should be {}",
                   place.ToString(), key, what);
}

class TruthReader {
 public:
  TruthReader(const std::string& source, std::vector<std::string>& warnings)
      : source_(source), warnings_(warnings) {}

  Truth Read(simdjson::padded_string_view json) {
    try {
      return ReadRoot(json);
    } catch (const InputError&) {
      // Where a file is cut the parser tells of the entry that it was cut in.
      ThrowIfDamaged(source_, json);
      throw;
    }
  }

 private:
  Truth ReadRoot(simdjson::padded_string_view json) {
    od::parser parser;
    od::document document;
    if (const auto error = parser.iterate(json).get(document))
      ThrowNotJson(source_, error);
    od::object root;
    EYECHART_REQUIRE(document.get_object().get(root) == simdjson::SUCCESS,
                     "{}: should be an object with images, annotations and "
                     "categories (is this a list of results?)",
                     source_);
    bool images = false, annotations = false, categories = false;
    for (auto result : root) {
      od::field field;
      std::string_view key;
      if (const auto error = std::move(result).get(field))
        ThrowNotJson(source_, error);
      if (const auto error = field.unescaped_key().get(key))
        ThrowNotJson(source_, error);
      if (key == "images") {
        images = true;
        image_ids_.clear();
        ForItems(field.value(), "images", [&](auto& value, const Place& place) {
          ReadImage(value, place);
        });
      } else if (key == "annotations") {
        annotations = true;
        Forget();
        ForItems(field.value(), "annotations",
                 [&](auto& value, const Place& place) {
                   ReadAnnotation(value, place);
                 });
      } else if (key == "categories") {
        categories = true;
        categories_.clear();
        ForItems(field.value(), "categories",
                 [&](auto& value, const Place& place) {
                   ReadCategory(value, place);
                 });
      }
    }
    EYECHART_REQUIRE(AtEnd(document), "{}: more behind the closing brace",
                     source_);
    EYECHART_REQUIRE(images && annotations && categories,
                     "{}: key \"{}\" is missing; it should be a list", source_,
                     !images        ? "images"
                     : !annotations ? "annotations"
                                    : "categories");
    Resolve();
    return std::move(truth_);
  }

  template <typename Visit>
  void ForItems(JsonValue value, const char* list, const Visit& visit) {
    od::array items;
    EYECHART_REQUIRE(value.get_array().get(items) == simdjson::SUCCESS,
                     "{}: \"{}\" should be a list", source_, list);
    std::int64_t index = 0;
    for (auto result : items) {
      const Place place = {source_, list, index++};
      JsonValue one;
      if (const auto error = result.get(one))
        ThrowNotJson(place.ToString(), error);
      visit(one, place);
    }
  }

  void Forget() {
    truth_ = {};
    raw_image_.clear();
    raw_category_.clear();
    ignores_ = flat_ = 0;
  }

  void ReadImage(JsonValue& value, const Place& place) {
    bool there = false;
    ForKeys(value, place, [&](std::string_view key, JsonValue one) {
      if (key != "id") return;
      image_ids_.push_back(IdOf(one, place, "id", texts_));
      there = true;
    });
    RequireKey(there, place, "id", "an integer or a text");
  }

  void ReadCategory(JsonValue& value, const Place& place) {
    Category category;
    bool there = false;
    ForKeys(value, place, [&](std::string_view key, JsonValue one) {
      std::string_view text;
      if (key == "id") {
        category.id = IntegerOf(one, place, "id");
        there = true;
      } else if (key == "name" &&
                 one.get_string().get(text) == simdjson::SUCCESS) {
        category.name = text;
      }
    });
    RequireKey(there, place, "id", "an integer");
    // As in Python's dictionaries the last of an id counts.
    categories_[category.id] = category.name;
  }

  void ReadAnnotation(JsonValue& value, const Place& place) {
    bool id = false, image = false, category = false, box = false;
    bool area = false, crowd = false, ignore = false;
    RawId id_value = 0, image_value = 0;
    std::int64_t category_value = 0;
    std::array<double, 4> b{};
    double area_value = 0;
    bool crowd_value = false;
    ForKeys(value, place, [&](std::string_view key, JsonValue one) {
      if (key == "id") {
        id_value = IdOf(one, place, "id", annotation_texts_);
        id = true;
      } else if (key == "image_id") {
        image_value = IdOf(one, place, "image_id", texts_);
        image = true;
      } else if (key == "category_id") {
        category_value = IntegerOf(one, place, "category_id");
        category = true;
      } else if (key == "bbox") {
        b = BoxOf(one, place);
        box = true;
      } else if (key == "area") {
        area_value = NumberOf(one, place, "area");
        area = true;
      } else if (key == "iscrowd") {
        crowd_value = FlagOf(one, place, "iscrowd");
        crowd = true;
      } else if (key == "ignore") {
        od::json_type type;
        std::int64_t number = 0;
        ignore = one.type().get(type) == simdjson::SUCCESS &&
                 type == od::json_type::number &&
                 one.get_int64().get(number) == simdjson::SUCCESS &&
                 number != 0;
      }
    });
    RequireKey(id, place, "id", "an integer");
    RequireKey(image, place, "image_id", "the id of an image");
    RequireKey(category, place, "category_id", "the id of a category");
    RequireKey(box, place, "bbox", "[x, y, width, height]");
    RequireKey(area, place, "area", "a number of square pixels");
    RequireKey(crowd, place, "iscrowd", "0 or 1");
    raw_image_.push_back(image_value);
    raw_category_.push_back(category_value);
    truth_.id.push_back(id_value);
    truth_.x.push_back(b[0]);
    truth_.y.push_back(b[1]);
    truth_.width.push_back(b[2]);
    truth_.height.push_back(b[3]);
    truth_.area.push_back(area_value);
    truth_.crowd.push_back(crowd_value ? 1 : 0);
    ignores_ += ignore && !crowd_value ? 1 : 0;
    flat_ += b[2] <= 0 || b[3] <= 0 ? 1 : 0;
  }

  // Ids to indices, now that all of them are known.
  void Resolve() {
    ImageIds& images = truth_.images;
    for (const RawId id : image_ids_) {
      if (IsText(id))
        images.texts.push_back(texts_.Text(id));
      else
        images.numbers.push_back(id);
    }
    const auto distinct = [](auto& ids) {
      std::sort(ids.begin(), ids.end());
      ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    };
    distinct(images.numbers);
    distinct(images.texts);
    Warn(static_cast<std::int64_t>(image_ids_.size() - images.size()),
         "images have an id that another one has: each id counts once");
    std::unordered_map<std::int64_t, std::int32_t> category_index;
    for (const auto& [id, name] : categories_) {
      category_index[id] = static_cast<std::int32_t>(truth_.categories.size());
      truth_.categories.push_back({id, name});
    }
    std::int64_t no_image = 0, no_category = 0;
    for (std::size_t i = 0; i < raw_image_.size(); ++i) {
      const RawId id = raw_image_[i];
      truth_.image.push_back(IsText(id) ? images.Find(texts_.Text(id))
                                        : images.Find(id));
      const auto it = category_index.find(raw_category_[i]);
      truth_.category.push_back(it == category_index.end() ? -1 : it->second);
      no_image += truth_.image.back() < 0 ? 1 : 0;
      no_category += truth_.category.back() < 0 ? 1 : 0;
    }
    Warn(no_image, "annotations are in images that it lacks: left out");
    Warn(no_category, "annotations have a category that it lacks: left out");
    Warn(ignores_,
         "annotations have \"ignore\": 1, which has no effect, as in "
         "pycocotools; \"iscrowd\" has");
    Warn(flat_,
         "annotations have a box without extent, which nothing can "
         "overlap");
  }

  void Warn(std::int64_t count, const char* what) {
    if (count > 0)
      warnings_.push_back(fmt::format("{}: {} {}", source_, count, what));
  }

  const std::string& source_;
  std::vector<std::string>& warnings_;
  Truth truth_;
  IdTexts texts_, annotation_texts_;
  std::vector<RawId> image_ids_, raw_image_;
  std::vector<std::int64_t> raw_category_;
  std::map<std::int64_t, std::string> categories_;
  std::int64_t ignores_ = 0, flat_ = 0;
};

}  // namespace

Truth ParseTruth(std::string_view json,
                 const std::string& source,
                 std::vector<std::string>& warnings) {
  const simdjson::padded_string padded(json);
  return TruthReader(source, warnings).Read(padded);
}

Truth ReadTruth(const std::filesystem::path& path,
                std::vector<std::string>& warnings) {
  simdjson::padded_string json;
  const std::string source = path.string();
  const auto error = simdjson::padded_string::load(source).get(json);
  EYECHART_REQUIRE(error == simdjson::SUCCESS, "{}: cannot be read: {}", source,
                   simdjson::error_message(error));
  return TruthReader(source, warnings).Read(json);
}

}  // namespace eyechart::detection
