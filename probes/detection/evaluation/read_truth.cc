#include "probes/detection/evaluation/read_truth.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "probes/detection/evaluation/box_oddities.h"
#include "probes/detection/evaluation/json_values.h"
#include "probes/detection/evaluation/results_file.h"

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
      return ReadRoot(WithoutByteOrderMark(json));
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
        sizes_.clear();
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
    ignores_ = 0;
  }

  void ReadImage(JsonValue& value, const Place& place) {
    bool there = false;
    RawId id = 0;
    double width = 0, height = 0;
    ForKeys(value, place, [&](std::string_view key, JsonValue one) {
      if (key == "id") {
        id = IdOf(one, place, "id", texts_);
        there = true;
      } else if (key == "width") {
        width = NumberIf(one).value_or(0);
      } else if (key == "height") {
        height = NumberIf(one).value_or(0);
      }
    });
    RequireKey(there, place, "id", "an integer or a text");
    image_ids_.push_back(id);
    sizes_.push_back(width > 0 && height > 0 ? ImageExtent{width, height}
                                             : ImageExtent{});
  }

  void ReadCategory(JsonValue& value, const Place& place) {
    Category category;
    bool there = false;
    ForKeys(value, place, [&](std::string_view key, JsonValue one) {
      std::string_view text;
      if (key == "id") {
        category.id = IntegerOf(one, place, "id",
                                "an integer (images alone may have texts)");
        there = true;
      } else if (key == "name" &&
                 one.get_string().get(text) == simdjson::SUCCESS) {
        category.name = text;
      }
    });
    RequireKey(there, place, "id", "an integer");
    // As in Python's dictionaries the last of an id counts.
    const auto [it, fresh] = categories_.try_emplace(category.id, category);
    if (fresh) return;
    it->second.name = category.name;
    ++it->second.listed;
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
        if (one.get_bool().get(ignore) != simdjson::SUCCESS)
          ignore = NumberIf(one).value_or(0) != 0;
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
  }

  // Ids to indices, now that all of them are known.
  void Resolve() {
    ImageIds& images = truth_.images;
    const auto find = [&](RawId id) {
      return IsText(id) ? images.Find(texts_.Text(id)) : images.Find(id);
    };
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
         "image has", "images have",
         "an id that another one has: each id counts once");
    // As in Python's dictionaries the last of an id counts.
    truth_.sizes.resize(images.size());
    for (std::size_t i = 0; i < image_ids_.size(); ++i)
      truth_.sizes[static_cast<std::size_t>(find(image_ids_[i]))] = sizes_[i];
    std::unordered_map<std::int64_t, std::int32_t> category_index;
    for (const auto& [id, category] : categories_) {
      category_index[id] = static_cast<std::int32_t>(truth_.categories.size());
      truth_.categories.push_back(category);
    }
    std::int64_t no_image = 0, no_category = 0, counting = 0;
    std::string first_no_image, first_no_category;
    for (std::size_t i = 0; i < raw_image_.size(); ++i) {
      const RawId id = raw_image_[i];
      truth_.image.push_back(find(id));
      const auto it = category_index.find(raw_category_[i]);
      truth_.category.push_back(it == category_index.end() ? -1 : it->second);
      const bool has_image = truth_.image.back() >= 0;
      const bool has_category = truth_.category.back() >= 0;
      if (!has_image && no_image++ == 0)
        first_no_image =
            fmt::format("annotations[{}]: image_id {}{}", i, texts_.Name(id),
                        IsText(id) ? ", a text" : "");
      if (!has_category && no_category++ == 0)
        first_no_category =
            fmt::format("annotations[{}]: category_id {}", i, raw_category_[i]);
      counting += has_image && has_category && truth_.crowd[i] == 0 ? 1 : 0;
      CheckBox(i);
    }
    Warn(no_image, "annotation is in an image", "annotations are in images",
         "that it lacks: left out", first_no_image);
    Warn(no_category, "annotation has", "annotations have",
         "a category that it lacks: left out", first_no_category);
    Warn(ignores_, "annotation has", "annotations have",
         "\"ignore\": 1, which has no effect, as in pycocotools; \"iscrowd\" "
         "has");
    WarnOfBoxes();
    if (truth_.size() == 0)
      warnings_.push_back(fmt::format(
          "{}: no annotations: every figure is -1, as in pycocotools",
          source_));
    else if (counting == 0)
      warnings_.push_back(fmt::format(
          "{}: no annotation that counts, as all are crowds or left out: every "
          "figure is -1, as in pycocotools",
          source_));
  }

  void CheckBox(std::size_t i) {
    const Truth& t = truth_;
    const std::int32_t image = t.image[i];
    const ListedBox box = {
        static_cast<std::int64_t>(i),
        image,
        t.x[i],
        t.y[i],
        t.width[i],
        t.height[i],
        t.area[i],
        image < 0 ? ImageExtent{} : t.sizes[static_cast<std::size_t>(image)]};
    if (!IsOrdinary(box)) odd_.Add(box);
  }

  void WarnOfBoxes() {
    const auto warn = [&](const BoxTally& tally, const char* what,
                          const std::string& first) {
      Warn(tally.count, "annotation has", "annotations have", what,
           fmt::format("annotations[{}]: {}", tally.first.index, first));
    };
    warn(odd_.flat, "a box without extent, which nothing can overlap",
         BoxText(odd_.flat.first));
    warn(odd_.no_area,
         "an area below 0 or above 1e10, in none of COCO's: left out of AP and "
         "AR, as is what finds it",
         fmt::format("area {}", odd_.no_area.first.area));
    if (odd_.outside.count > 0)
      warn(odd_.outside,
           "a box wholly outside the picture: it counts all the "
           "same",
           OutsideText(odd_.outside.first, truth_.images));
  }

  // "gt.json: 1 <one> <what> (the first is <first>)".
  void Warn(std::int64_t count,
            const char* one,
            const char* many,
            const char* what,
            const std::string& first = "") {
    if (count == 0) return;
    warnings_.push_back(
        fmt::format("{}: {} {} {}{}", source_, count, count == 1 ? one : many,
                    what, first.empty() ? "" : " (first " + first + ")"));
  }

  const std::string& source_;
  std::vector<std::string>& warnings_;
  Truth truth_;
  IdTexts texts_, annotation_texts_;
  std::vector<RawId> image_ids_, raw_image_;
  std::vector<std::int64_t> raw_category_;
  std::map<std::int64_t, Category> categories_;
  std::vector<ImageExtent> sizes_;  // of image_ids_
  BoxOddities odd_;
  std::int64_t ignores_ = 0;
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
  const ByteSource source(path);
  simdjson::padded_string json(source.size());
  source.Read(0, source.size(), json.data());
  return TruthReader(path.string(), warnings).Read(json);
}

}  // namespace eyechart::detection
