#include "cli/detect_compare.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <utility>

#include "cli/probe_output.h"
#include "core/error.h"

namespace eyechart::cli {
namespace {

namespace fs = std::filesystem;

// Parts of detect.json that both results should have alike, and what they are
// to people. Of a head without suppression there is no "nms".
constexpr std::array<std::pair<const char*, const char*>, 2> kHeadParts = {
    {{"head_shape", "head"}, {"nms", "NMS"}}};

std::string TextUnder(const Json& json, const char* key) {
  const Json value = json.value(key, Json());
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// The object under `key`; empty where it is absent.
Json ObjectUnder(const Json& json, const char* key, const std::string& source) {
  const Json part = json.value(key, Json());
  EYECHART_REQUIRE(part.is_null() || part.is_object(),
                   "{}: key \"{}\" should be an object", source, key);
  return part.is_null() ? Json::object() : part;
}

std::string ValueText(const Json& value) {
  return value.is_null() ? "none" : value.dump();
}

// "NMS iou 0.5 against 0.6" for each key that is not the same, "none" for one
// that is not there.
void AddDifferences(const std::string& prefix,
                    const Json& ours,
                    const Json& theirs,
                    std::vector<std::string>& differ) {
  Json keys = ours;
  keys.update(theirs);
  for (const auto& [key, unused] : keys.items()) {
    const Json mine = ours.value(key, Json());
    const Json other = theirs.value(key, Json());
    if (mine != other)
      differ.push_back(fmt::format("{}{} {} against {}", prefix, key,
                                   ValueText(other), ValueText(mine)));
  }
}

std::string NotSaid(const std::string& source,
                    const char* key,
                    const std::string& what,
                    const std::string& of,
                    const Json& known) {
  return fmt::format(
      "{}: it has no \"{}\", being of an earlier eyechart: whether its {} is "
      "{}, {}, is not known",
      source, key, what, of, known.dump());
}

// How a detection head was trained, but for the seed.
Json TrainingOf(const Json& json) {
  Json training = json.value("training", Json::object());
  if (!training.is_object()) return Json::object();
  training.erase("seed");
  return training;
}

// By which rule its "dataset_sha256" were made: 1 where it is not said.
std::int64_t HashRuleOf(const Json& json) {
  const Json rule = json.value("dataset_hash", Json());
  return rule.is_number_integer() ? rule.get<std::int64_t>() : 1;
}

// Heads tell encoders apart only where all else is the same: the set, what is
// trained and tested on, the recipe and the count of boxes that AP is over.
// Files of earlier versions lack some of it.
void RequireSameTraining(const Json& ours,
                         const Json& theirs,
                         const std::string& other,
                         std::vector<std::string>& warnings) {
  const auto text = TextUnder;
  EYECHART_REQUIRE(text(theirs, "protocol") == text(ours, "protocol"),
                   "{}: of protocol \"{}\"; this one is of \"{}\"", other,
                   text(theirs, "protocol"), text(ours, "protocol"));
  const Json hashes = ours.value("dataset_sha256", Json());
  const Json their_hashes = theirs.value("dataset_sha256", Json());
  const bool both = hashes.is_object() && their_hashes.is_object();
  const std::int64_t rule = HashRuleOf(ours), their_rule = HashRuleOf(theirs);
  // The same set may lie in another folder.
  const bool hashed = both && rule == their_rule;
  EYECHART_REQUIRE(
      hashed || text(theirs, "dataset") == text(ours, "dataset"),
      "{}: of data set \"{}\"; this one is of \"{}\": encoders compare on the "
      "same set{}",
      other, text(theirs, "dataset"), text(ours, "dataset"),
      both ? fmt::format(", which names tell here: one was hashed by rule {} "
                         "(\"dataset_hash\"), the other by rule {}",
                         their_rule, rule)
           : "");
  if (both && !hashed)
    warnings.push_back(fmt::format(
        "{}: its data set was hashed by rule {} (\"dataset_hash\"), this one's "
        "by rule {}: that both are of the same pictures and boxes is taken "
        "from the name \"{}\" and the counts",
        other, their_rule, rule, text(ours, "dataset")));
  EYECHART_REQUIRE(
      text(theirs, "test_part") == text(ours, "test_part"),
      "{}: tested on part \"{}\"; this one on \"{}\": encoders compare on "
      "the same part",
      other, text(theirs, "test_part"), text(ours, "test_part"));
  for (const char* part : {"train", "validation", "test"}) {
    EYECHART_REQUIRE(
        !hashed || text(hashes, part) == text(their_hashes, part),
        "{}: the {} pictures or boxes of its data set \"{}\" differ from those "
        "of this one's \"{}\": encoders compare on the same set",
        other, part, text(theirs, "dataset"), text(ours, "dataset"));
    EYECHART_REQUIRE(
        text(theirs, part) == text(ours, part),
        "{}: with {} {} pictures; this one has {}: encoders compare on the "
        "same ones",
        other, text(theirs, part), part, text(ours, part));
  }
  Json training = TrainingOf(ours), their_training = TrainingOf(theirs);
  if (ours.contains("max_dets") && theirs.contains("max_dets")) {
    training["max_dets"] = ours["max_dets"];
    their_training["max_dets"] = theirs["max_dets"];
  }
  std::vector<std::string> differ;
  AddDifferences("", training, their_training, differ);
  EYECHART_REQUIRE(differ.empty(),
                   "{}: trained otherwise than this one: {}; encoders compare "
                   "by one recipe",
                   other, fmt::join(differ, ", "));
}

// Of soft-gaussian there is no overlap that anything depends on.
Json SuppressionOf(Json part) {
  if (part.value("semantics", Json()) == "soft-gaussian") part.erase("iou");
  return part;
}

// Adds what differs in the object under `key`, which one of them may not say.
void CompareParts(const Json& ours,
                  const ComparedResult& other,
                  const char* key,
                  const std::string& what,
                  const std::string& prefix,
                  std::vector<std::string>& differ,
                  std::vector<std::string>& warnings) {
  const Json mine = SuppressionOf(ObjectUnder(ours, key, "this result"));
  const Json theirs = SuppressionOf(ObjectUnder(other.json, key, other.file));
  if (theirs.empty() && !mine.empty())
    warnings.push_back(NotSaid(other.file, key, what, "this one's", mine));
  else if (mine.empty() && !theirs.empty())
    warnings.push_back(
        NotSaid("this result", key, what, "that of " + other.file, theirs));
  else
    AddDifferences(prefix, mine, theirs, differ);
}

// Head and suppression, and what boxes are kept.
void RequireSameHead(const Json& ours,
                     const ComparedResult& other,
                     std::vector<std::string>& warnings) {
  std::vector<std::string> differ;
  for (const auto& [key, what] : kHeadParts)
    CompareParts(ours, other, key, what, fmt::format("{} ", what), differ,
                 warnings);
  EYECHART_REQUIRE(differ.empty(),
                   "{}: of another head than this one: {}; encoders compare by "
                   "one head",
                   other.file, fmt::join(differ, ", "));
  CompareParts(ours, other, "find", "choice of boxes", "", differ, warnings);
  EYECHART_REQUIRE(differ.empty(),
                   "{}: other boxes were kept than here: {}; encoders compare "
                   "by one choice of boxes",
                   other.file, fmt::join(differ, ", "));
}

// "96 x 96", of the pixels that pictures are laid on; empty: not said.
std::string PixelsText(const Json& json, const std::string& source) {
  const Json input = ObjectUnder(json, "input", source);
  const Json width = input.value("width", Json());
  const Json height = input.value("height", Json());
  if (!width.is_number_integer() || !height.is_number_integer()) return "";
  return fmt::format("{} x {}", width.dump(), height.dump());
}

// "56 x 56 + 28 x 28", of the tokens of each level; empty: not said.
std::string TokensText(const Json& json, const std::string& source) {
  if (PixelsText(json, source).empty()) return "";
  const Json levels = json.value("levels", Json());
  std::vector<std::string> grids;
  for (const Json& level : levels.is_array() ? levels : Json::array()) {
    const Json stride =
        level.is_object() ? level.value("stride", Json()) : Json();
    if (!stride.is_number_integer() || stride < 1) return "";
    const auto tokens = [&](const char* side) {
      return json["input"][side].get<std::int64_t>() /
             stride.get<std::int64_t>();
    };
    grids.push_back(fmt::format("{} x {}", tokens("width"), tokens("height")));
  }
  return fmt::format("{}", fmt::join(grids, " + "));
}

// More pixels, and more tokens of them, show smaller things.
void WarnOfInput(const Json& ours,
                 const ComparedResult& other,
                 std::vector<std::string>& warnings) {
  const std::string pixels = PixelsText(ours, "this result");
  const std::string their_pixels = PixelsText(other.json, other.file);
  if (!pixels.empty() && !their_pixels.empty() && pixels != their_pixels)
    warnings.push_back(fmt::format(
        "{}: its pictures are laid on {} pixels, this one's on {}: the larger "
        "input is an advantage of its own, and part of the difference",
        other.file, their_pixels, pixels));
  const std::string tokens = TokensText(ours, "this result");
  const std::string their_tokens = TokensText(other.json, other.file);
  if (!tokens.empty() && !their_tokens.empty() && tokens != their_tokens)
    warnings.push_back(fmt::format(
        "{}: its head reads maps of {} tokens, this one's of {}: the finer "
        "ones are an advantage of their own, and part of the difference",
        other.file, their_tokens, tokens));
}

// How a picture is laid before an encoder sees it.
void RequireSameInput(const Json& ours,
                      const ComparedResult& other,
                      std::vector<std::string>& warnings) {
  const Json mine =
      ObjectUnder(ours, "input", "this result").value("keep_aspect", Json());
  const Json theirs =
      ObjectUnder(other.json, "input", other.file).value("keep_aspect", Json());
  if (theirs.is_null() && !mine.is_null())
    warnings.push_back(
        NotSaid(other.file, "input", "keep_aspect", "this one's", mine));
  else
    EYECHART_REQUIRE(theirs == mine,
                     "{}: trained otherwise than this one: keep_aspect {} "
                     "against {}; encoders compare on pictures laid alike",
                     other.file, ValueText(theirs), ValueText(mine));
  WarnOfInput(ours, other, warnings);
  const std::string stages = TextUnder(ours, "stages");
  const std::string their_stages = TextUnder(other.json, "stages");
  if (stages != their_stages)
    warnings.push_back(fmt::format(
        "{}: its head reads the stages \"{}\" of its encoder, this one's "
        "\"{}\": own stages are an advantage of the encoder's structure, and "
        "part of the difference",
        other.file, their_stages, stages));
}

// A training that shares no seed with the other has no difference to tell.
void RequireSharedSeed(const Json& ours, const ComparedResult& other) {
  const auto theirs = RunsOf(other.json, other.file);
  const Json seeds =
      ObjectUnder(ours, "runs", "this result").value("seeds", Json::array());
  EYECHART_REQUIRE(
      std::any_of(seeds.begin(), seeds.end(),
                  [&](const Json& seed) {
                    return seed.is_number_unsigned() &&
                           theirs.contains(seed.get<std::uint64_t>());
                  }),
      "{}: it has none of this one's seeds, {}", other.file, seeds.dump());
}

ComparedResult ReadResult(const fs::path& file) {
  ComparedResult made{file.string(), ReadJsonFile(file)};
  EYECHART_REQUIRE(made.json.is_object(), "{}: not a JSON object", made.file);
  RunsOf(made.json, made.file);
  return made;
}

// Where a point of a curve lies; curves of before do not say it.
fs::path PointFile(const fs::path& curve, const Json& point) {
  EYECHART_REQUIRE(point.is_object() && point.contains("images"),
                   "{}: no curve.json: its points should have \"images\"",
                   curve.string());
  const fs::path folder = curve.parent_path();
  if (const Json name = point.value("folder", Json()); name.is_string())
    return folder / fs::path(name.get<std::string>()).filename() /
           "detect.json";
  const fs::path named =
      folder / ("images-" + point["images"].dump()) / "detect.json";
  std::error_code unreadable;
  return fs::exists(named, unreadable) ? named
                                       : folder / "images-all/detect.json";
}

}  // namespace

std::vector<ComparedResult> ReadCompared(const std::string& path) {
  fs::path file = path;
  std::error_code unreadable;  // which reading says better
  if (fs::is_directory(file, unreadable)) {
    const bool curve = fs::exists(file / "curve.json", unreadable);
    EYECHART_REQUIRE(
        !curve || !fs::exists(file / "detect.json", unreadable),
        "{}: has a detect.json and a curve.json; name the one that "
        "is meant",
        path);
    file /= curve ? "curve.json" : "detect.json";
  }
  const Json json = ReadJsonFile(file);
  if (!json.is_array()) return {ReadResult(file)};
  EYECHART_REQUIRE(!json.empty(), "{}: a curve without points", file.string());
  std::vector<ComparedResult> made;
  for (const Json& point : json)
    made.push_back(ReadResult(PointFile(file, point)));
  return made;
}

std::int64_t ImagesOf(const Json& result) {
  const Json training = result.value("training", Json());
  if (!training.is_object()) return 0;
  const Json images = training.value("images", Json());
  return images.is_number_integer() ? images.get<std::int64_t>() : 0;
}

std::vector<std::int64_t> MatchResults(
    const std::vector<Json>& ours, const std::vector<ComparedResult>& others) {
  if (ours.size() == 1 && others.size() == 1) return {0};
  std::vector<std::int64_t> places;
  std::set<std::int64_t> our_images, their_images;
  for (const ComparedResult& other : others)
    their_images.insert(ImagesOf(other.json));
  bool any = false;
  for (const Json& one : ours) {
    our_images.insert(ImagesOf(one));
    const auto found = std::find_if(
        others.begin(), others.end(), [&](const ComparedResult& other) {
          return ImagesOf(other.json) == ImagesOf(one);
        });
    places.push_back(found == others.end() ? -1 : found - others.begin());
    any |= found != others.end();
  }
  EYECHART_REQUIRE(any,
                   "{}: trained with --images {}, this one with {}: no two "
                   "points are of as many pictures",
                   others.front().file, fmt::join(their_images, ", "),
                   fmt::join(our_images, ", "));
  return places;
}

std::vector<std::string> RequireComparable(const Json& ours,
                                           const ComparedResult& other) {
  std::vector<std::string> warnings;
  RequireSameTraining(ours, other.json, other.file, warnings);
  RequireSameInput(ours, other, warnings);
  RequireSameHead(ours, other, warnings);
  RequireSharedSeed(ours, other);
  return warnings;
}

Json CompareResults(const Json& ours, const ComparedResult& other) {
  RequireComparable(ours, other);
  return CompareRuns(ours, other.json, other.file);
}

}  // namespace eyechart::cli
