#include "reports/detection_settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <tuple>
#include <vector>

namespace eyechart::reports {
namespace {

// A setting that makes another head or another measurement of one: its key in
// the record, its name for people, what it is where the record is silent
// (nullptr: not known), and whose it is. Keys that are in no list count too,
// under their own name: a new one is never taken for the same.
enum class SettingOf {
  kHead,
  kEncoder,  // whose choice is what is compared
  kAnother,  // of another setting's value, which says the rest: no sigma
             // without soft-gaussian
};
struct TellingSetting {
  const char* key;
  const char* name;
  const char* silent = nullptr;
  SettingOf of = SettingOf::kHead;
};

constexpr std::array kTellingSettings = {
    TellingSetting{"resolution", "resolution", "own", SettingOf::kEncoder},
    TellingSetting{"dtype", "dtype", "fp32", SettingOf::kEncoder},
    TellingSetting{"device", "device", "cpu", SettingOf::kEncoder},
    TellingSetting{"tf32", "tf32", "off", SettingOf::kEncoder},
    TellingSetting{"pool", "pool", "own", SettingOf::kEncoder},
    TellingSetting{"alpha", "alpha", "drop", SettingOf::kEncoder},
    TellingSetting{"orient", "orient", "none", SettingOf::kEncoder},
    TellingSetting{"decode", "decode", "exact", SettingOf::kEncoder},
    TellingSetting{"format", "format", nullptr, SettingOf::kEncoder},
    TellingSetting{"part", "part"},
    TellingSetting{"head_width", "width"},
    TellingSetting{"layers", "layers"},
    TellingSetting{"stages", "stages"},
    TellingSetting{"keep_aspect", "keep aspect", "false"},
    TellingSetting{"steps", "steps"},
    TellingSetting{"batch", "batch"},
    TellingSetting{"rate", "rate"},
    TellingSetting{"variants", "variants"},
    TellingSetting{"scale_min", "least scale"},
    TellingSetting{"scale_max", "greatest scale"},
    TellingSetting{"patience", "patience"},
    TellingSetting{"shots", "shots", "0"},
    TellingSetting{"shot_rule", "shot rule", "boxes"},
    TellingSetting{"images", "images", "0"},
    TellingSetting{"unfreeze", "unfreeze", "0"},
    TellingSetting{"unfreeze_rate_factor", "rate factor", nullptr,
                   SettingOf::kAnother},
    TellingSetting{"min_score", "least score"},
    TellingSetting{"before_nms", "boxes before NMS"},
    TellingSetting{"nms", "NMS", "torchvision"},
    TellingSetting{"nms_classes", "NMS classes", "aware"},
    TellingSetting{"nms_iou", "NMS IoU"},
    TellingSetting{"nms_sigma", "NMS sigma", nullptr, SettingOf::kAnother},
    TellingSetting{"max_boxes", "boxes"}};

// What came out rather than what was asked for, what the table itself says,
// seeds, which are paired, and what another key says better: `width` and
// `train_batch` are the suite's names of head_width and batch, `epochs` ends up
// as steps.
constexpr std::array<std::string_view, 12> kSilentSettings = {
    "default", "epochs",        "head",  "kind",        "runs",       "seed",
    "seeds",   "selected_step", "train", "train_batch", "validation", "width"};

bool IsSilentSetting(std::string_view key) {
  return std::find(kSilentSettings.begin(), kSilentSettings.end(), key) !=
         kSilentSettings.end();
}

// Empty: not known.
std::string TellingValue(const DetectionRow& row,
                         const TellingSetting& setting) {
  const auto found = row.setting.find(setting.key);
  std::string value = found != row.setting.end()  ? found->second
                      : setting.silent == nullptr ? ""
                                                  : setting.silent;
  const bool counts = std::string_view(setting.key) == "shots" ||
                      std::string_view(setting.key) == "images";
  return counts && value == "0" ? "all" : value;
}

// The settings of `rows`, those with a name for people first. Keys of the rows
// live as long as they do.
std::vector<TellingSetting> SettingsOfRows(
    std::span<const DetectionRow* const> rows) {
  std::vector<TellingSetting> settings(kTellingSettings.begin(),
                                       kTellingSettings.end());
  std::set<std::string_view> known;
  for (const TellingSetting& one : settings) known.insert(one.key);
  for (const DetectionRow* row : rows)
    for (const auto& [key, value] : row->setting)
      if (!IsSilentSetting(key) && known.insert(key).second)
        settings.push_back({key.c_str(), key.c_str()});
  return settings;
}

bool IsOther(const DetectionRow& row,
             const DetectionRow& other,
             const TellingSetting& setting) {
  if (setting.of == SettingOf::kEncoder) return false;
  const std::string ours = TellingValue(row, setting);
  const std::string theirs = TellingValue(other, setting);
  if (setting.of == SettingOf::kAnother && (ours.empty() || theirs.empty()))
    return false;
  return ours != theirs;
}

void AddSetting(std::string& text, const std::string& part) {
  text += (text.empty() ? "" : ", ") + part;
}

// Rows of one encoder and run with one name: their seeds, else their cells.
void TellSeedsApart(std::span<DetectionRow> rows) {
  const auto name = [](const DetectionRow& row) {
    return std::tuple(row.run, row.encoder, row.differs);
  };
  const auto shared = [&](const DetectionRow& row) {
    return std::count_if(rows.begin(), rows.end(),
                         [&](const DetectionRow& one) {
                           return name(one) == name(row);
                         }) > 1;
  };
  for (const bool by_seeds : {true, false}) {
    std::vector<DetectionRow*> alike;
    for (DetectionRow& row : rows)
      if (shared(row)) alike.push_back(&row);
    for (DetectionRow* row : alike) {
      if (!by_seeds) {
        AddSetting(row->differs, row->cell);
        continue;
      }
      std::vector<std::uint64_t> seeds;
      for (const auto& [seed, score] : row->seeds) seeds.push_back(seed);
      if (!seeds.empty())
        AddSetting(row->differs,
                   fmt::format("{} {}", seeds.size() > 1 ? "seeds" : "seed",
                               fmt::join(seeds, " ")));
    }
  }
}

}  // namespace

std::map<std::string, std::string> DetectionSettingOf(const Record& record,
                                                      const Json& detect) {
  std::map<std::string, std::string> setting = record.setting;
  const auto text = [](const Json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
  };
  const auto part = [&](const char* key) {
    const auto found = detect.find(key);
    return found != detect.end() && found->is_object() ? *found
                                                       : Json::object();
  };
  const Json training = part("training"), shape = part("head_shape");
  for (const auto& [key, value] : training.items())
    setting.try_emplace(key, text(value));
  // What `layers = 0` came to.
  for (const auto& [key, value] : shape.items())
    setting[key == "width" ? "head_width" : key] = text(value);
  const Json input = part("input");
  if (const auto keep = input.find("keep_aspect"); keep != input.end())
    setting["keep_aspect"] = text(*keep);
  for (const auto& [key, name] :
       {std::pair("stages", "stages"), {"test_part", "part"}})
    if (const auto found = detect.find(key);
        found != detect.end() && found->is_string())
      setting[name] = found->get<std::string>();
  return setting;
}

void TellRowsApart(std::span<DetectionRow> rows) {
  std::vector<const DetectionRow*> all;
  for (const DetectionRow& row : rows) all.push_back(&row);
  for (const TellingSetting& setting : SettingsOfRows(all)) {
    std::set<std::string> values;
    bool unknown = false;
    for (const DetectionRow& row : rows) {
      const std::string value = TellingValue(row, setting);
      if (!value.empty())
        values.insert(value);
      else
        unknown = unknown || setting.of != SettingOf::kAnother;
    }
    // One value and silence: a run of before the key was recorded.
    if (values.size() + (unknown ? 1 : 0) < 2) continue;
    for (DetectionRow& row : rows) {
      const std::string value = TellingValue(row, setting);
      AddSetting(row.differs, fmt::format("{} {}", setting.name,
                                          value.empty() ? "not known" : value));
    }
  }
  TellSeedsApart(rows);
}

std::string WhyNotCompared(const DetectionRow& row, const DetectionRow& other) {
  const std::array<const DetectionRow*, 2> both = {&row, &other};
  std::string names;
  for (const TellingSetting& setting : SettingsOfRows(both))
    if (IsOther(row, other, setting)) AddSetting(names, setting.name);
  // The set changed between two runs; what a seed picks differs in number.
  const bool same_first =
      !row.seeds.empty() && !other.seeds.empty() &&
      row.seeds.begin()->first == other.seeds.begin()->first;
  if (names.empty() && same_first && row.train != other.train)
    names = "training pictures";
  // Hashes by two rules tell nothing.
  if (row.hash_rule == other.hash_rule && !row.test_sha256.empty() &&
      !other.test_sha256.empty() && row.test_sha256 != other.test_sha256)
    AddSetting(names, "test pictures");
  return names.empty() ? "" : "other " + names;
}

}  // namespace eyechart::reports
