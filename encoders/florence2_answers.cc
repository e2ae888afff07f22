#include "encoders/florence2_answers.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "core/json.h"
#include "encoders/clip_text_rules.h"
#include "encoders/tokenizer_files.h"

namespace eyechart::encoders {
namespace {

using Strings = std::vector<std::string_view>;

std::string AsciiOnly(std::string text) {
  std::erase_if(text, [](char c) { return static_cast<signed char>(c) < 0; });
  return text;
}

std::string Without(std::string text, std::string_view what) {
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos;)
    text.erase(at, what.size());
  return text;
}

// A location token at the beginning of `text`: its number and its length.
struct Location {
  std::int64_t bin = 0;
  std::size_t length = 0;
};

std::optional<Location> LocationAt(std::string_view text) {
  constexpr std::string_view kOpen = "<loc_";
  if (!text.starts_with(kOpen)) return std::nullopt;
  Location location;
  std::size_t i = kOpen.size();
  for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i)
    // Numbers that no bin has stay out of range however long they are.
    location.bin = std::min<std::int64_t>(location.bin * 10 + (text[i] - '0'),
                                          std::int64_t{1} << 40);
  if (i == kOpen.size() || i == text.size() || text[i] != '>')
    return std::nullopt;
  location.length = i + 1;
  return location;
}

// A run of tokens at the beginning of `text`.
struct Run {
  std::size_t length = 0;  // of the text
  std::size_t tokens = 0;
};

// Location tokens and those of `marks`.
Run RunAt(std::string_view text, const Strings& marks) {
  Run run;
  while (true) {
    const std::string_view rest = text.substr(run.length);
    std::size_t length = 0;
    if (const auto location = LocationAt(rest)) length = location->length;
    for (const std::string_view mark : marks)
      if (length == 0 && rest.starts_with(mark)) length = mark.size();
    if (length == 0) return run;
    run.length += length;
    ++run.tokens;
  }
}

// Stretches of text with four or more of the tokens behind it: what stands
// between a '<' and them, or, with `empty`, the tokens alone.
Strings Phrases(std::string_view text, const Strings& marks, bool empty) {
  constexpr std::size_t kTokens = 4;
  Strings phrases;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t begin = i;
    if (!empty) {
      begin = std::min(text.find('<', i), text.size());
      if (begin == i) {
        ++i;
        continue;
      }
    }
    const Run run = RunAt(text.substr(begin), marks);
    if (run.tokens >= kTokens) {
      phrases.push_back(text.substr(i, begin - i + run.length));
      i = begin + run.length;
    } else {
      i = std::max(begin, i + 1);
    }
  }
  return phrases;
}

// What stands before the first of `stops`, trimmed; none without a stop, or
// with a line break in it that is not leading white space.
std::optional<std::string> PhraseBefore(std::string_view text,
                                        const Strings& stops) {
  std::size_t end = text.npos;
  for (const std::string_view stop : stops)
    end = std::min(end, text.find(stop));
  if (end == text.npos) return std::nullopt;
  const std::u32string before = DecodeUtf8(text.substr(0, end));
  std::size_t begin = 0;
  while (begin < before.size() && IsPythonSpace(before[begin])) ++begin;
  if (before.find(U'\n', begin) != before.npos) return std::nullopt;
  return StripPythonSpace(text.substr(0, end));
}

const Strings& BoxStops() {
  static const Strings kStops = {"<od>",   "</od>",   "<box>", "</box>",
                                 "<bbox>", "</bbox>", "<loc_"};
  return kStops;
}

const Strings& PolygonStops() {
  static const Strings kStops = {"<od>",   "</od>",   "<box>", "</box>",
                                 "<bbox>", "</bbox>", "<loc_", "<poly>"};
  return kStops;
}

// From bins to pixels, in the reference's float32.
class Grid {
 public:
  Grid(int width, int height)
      : width_(static_cast<float>(width / 1000.0)),
        height_(static_cast<float>(height / 1000.0)) {}

  int X(std::int64_t bin) const { return Pixel(bin, width_); }
  int Y(std::int64_t bin) const { return Pixel(bin, height_); }

 private:
  static int Pixel(std::int64_t bin, float size) {
    const float pixel = (static_cast<float>(bin) + 0.5F) * size;
    constexpr auto kMost = static_cast<float>(std::numeric_limits<int>::max());
    return pixel >= kMost ? std::numeric_limits<int>::max()
                          : static_cast<int>(pixel);
  }

  float width_;
  float height_;
};

// All bins of `text`, which is location tokens.
std::vector<std::int64_t> Bins(std::string_view text) {
  std::vector<std::int64_t> bins;
  while (const auto location = LocationAt(text)) {
    bins.push_back(location->bin);
    text.remove_prefix(location->length);
  }
  return bins;
}

// Four bins a box; what is left over belongs to none.
std::vector<std::array<int, 4>> BoxesOf(std::string_view tokens,
                                        const Grid& grid) {
  const std::vector<std::int64_t> bins = Bins(tokens);
  std::vector<std::array<int, 4>> boxes;
  for (std::size_t i = 0; i + 4 <= bins.size(); i += 4)
    boxes.push_back({grid.X(bins[i]), grid.Y(bins[i + 1]), grid.X(bins[i + 2]),
                     grid.Y(bins[i + 3])});
  return boxes;
}

void ParseBoxes(std::string_view text,
                bool empty,
                const Grid& grid,
                const std::vector<std::string>& banned,
                Florence2Answer& answer) {
  for (const std::string_view phrase : Phrases(text, {}, empty)) {
    const std::optional<std::string> label = PhraseBefore(phrase, BoxStops());
    if (!label) continue;
    if (std::find(banned.begin(), banned.end(), *label) != banned.end())
      continue;
    for (const auto& box : BoxesOf(phrase.substr(phrase.find("<loc_")), grid)) {
      answer.labels.push_back(AsciiOnly(*label));
      answer.boxes.push_back(box);
    }
  }
}

// Eight location tokens at the beginning of `text`: their length, or 0.
std::size_t QuadAt(std::string_view text) {
  std::size_t length = 0;
  for (int i = 0; i < 8; ++i) {
    const auto location = LocationAt(text.substr(length));
    if (!location) return 0;
    length += location->length;
  }
  return length;
}

// The reference's, which leaves out the side from the last corner to the first.
double AreaOf(const std::array<int, 8>& quad) {
  double sum = 0;
  for (std::size_t i = 0; i + 2 < quad.size(); i += 2)
    sum += static_cast<double>(quad[i]) * quad[i + 3] -
           static_cast<double>(quad[i + 2]) * quad[i + 1];
  return std::abs(sum) / 2;
}

void ParseQuads(std::string_view text,
                const Grid& grid,
                double least_area,
                Florence2Answer& answer) {
  for (std::size_t begin = 0; begin < text.size();) {
    // At least one character, and no line break, before the corners.
    std::size_t end = begin + 1;
    std::size_t length = 0;
    for (; end < text.size(); ++end)
      if ((length = QuadAt(text.substr(end))) > 0) break;
    if (length == 0) return;
    const std::size_t line = text.substr(0, end).rfind('\n');
    if (line != text.npos && line >= begin) {
      begin = line + 1;
      continue;
    }
    const std::vector<std::int64_t> bins = Bins(text.substr(end, length));
    std::array<int, 8> quad;
    for (std::size_t i = 0; i < quad.size(); i += 2) {
      quad[i] = grid.X(bins[i]);
      quad[i + 1] = grid.Y(bins[i + 1]);
    }
    if (least_area <= 0 || AreaOf(quad) >= least_area) {
      answer.quads.push_back(quad);
      answer.labels.push_back(
          StripPythonSpace(text.substr(begin, end - begin)));
    }
    begin = end + length;
  }
}

// The polygons of one instance: runs of location tokens with a separator or the
// end behind them.
std::vector<std::vector<int>> PolygonsOf(std::string_view text,
                                         const Grid& grid) {
  constexpr std::string_view kSeparator = "<sep>";
  std::vector<std::vector<int>> polygons;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = RunAt(text.substr(i), {}).length;
    if (length == 0) {
      ++i;
      continue;
    }
    const std::string_view rest = text.substr(i + length);
    if (rest.empty() || rest.starts_with(kSeparator)) {
      const std::vector<std::int64_t> bins = Bins(text.substr(i));
      std::vector<int> polygon;
      for (std::size_t k = 0; k + 2 <= bins.size(); k += 2) {
        polygon.push_back(grid.X(bins[k]));
        polygon.push_back(grid.Y(bins[k + 1]));
      }
      polygons.push_back(std::move(polygon));
    }
    i += length;
  }
  return polygons;
}

// What stands between the marks, or all of it where there are none.
Strings Instances(std::string_view phrase) {
  constexpr std::string_view kOpen = "<poly>", kClose = "</poly>";
  if (phrase.find(kOpen) == phrase.npos || phrase.find(kClose) == phrase.npos)
    return {phrase};
  Strings instances;
  for (std::size_t at = 0; (at = phrase.find(kOpen, at)) != phrase.npos;) {
    const std::size_t begin = at + kOpen.size();
    const std::size_t end = phrase.find(kClose, begin);
    if (end == phrase.npos) break;
    instances.push_back(phrase.substr(begin, end - begin));
    at = end + kClose.size();
  }
  return instances;
}

void ParsePolygons(std::string_view text,
                   bool empty,
                   const Grid& grid,
                   Florence2Answer& answer) {
  for (const std::string_view phrase :
       Phrases(text, {"<sep>", "<poly>", "</poly>"}, empty)) {
    std::string_view stripped = phrase;
    if (const auto location = LocationAt(phrase))
      stripped.remove_prefix(location->length);
    const std::optional<std::string> label =
        PhraseBefore(stripped, PolygonStops());
    if (!label) continue;
    for (const std::string_view instance : Instances(phrase)) {
      std::vector<std::vector<int>> polygons = PolygonsOf(instance, grid);
      if (polygons.empty()) continue;
      answer.labels.push_back(*label);
      answer.polygons.push_back(std::move(polygons));
    }
  }
}

}  // namespace

AnswerRules ReadAnswerRules(const std::filesystem::path& folder) {
  AnswerRules rules;
  const std::filesystem::path path = folder / "processor_config.json";
  const std::optional<Json> file = ReadOptionalObject(path);
  if (!file) return rules;
  const auto find = [&](const Json& in, const char* key) {
    const auto it = in.find(key);
    return it == in.end() || !it->is_object() ? Json::object() : *it;
  };
  const Json config = find(*file, "post_processor_config");
  const Json grounding = find(config, "phrase_grounding");
  const std::string source = path.string();
  rules.banned_phrases = JsonGetOr<std::vector<std::string>>(
      grounding, "banned_grounding_tokens", {}, source);
  rules.least_quad_area =
      JsonGetOr<double>(find(config, "ocr"), "AREA_THRESHOLD", 0, source);
  return rules;
}

Florence2Answer ParseFlorence2Answer(std::string_view text,
                                     AnswerForm form,
                                     int width,
                                     int height,
                                     const AnswerRules& rules) {
  Florence2Answer answer;
  const std::string unmarked =
      Without(Without(std::string(text), "<s>"), "</s>");
  const std::string body = Without(unmarked, "<pad>");
  const Grid grid(width, height);
  switch (form) {
    case AnswerForm::kText:
      answer.text = StripPythonSpace(unmarked);
      break;
    case AnswerForm::kBoxes:
      ParseBoxes(body, /*empty=*/false, grid, {}, answer);
      break;
    case AnswerForm::kGroundedPhrases:
      ParseBoxes(body, /*empty=*/false, grid, rules.banned_phrases, answer);
      break;
    case AnswerForm::kProposals:
      ParseBoxes(body, /*empty=*/true, grid, {}, answer);
      break;
    case AnswerForm::kQuads:
      ParseQuads(body, grid,
                 rules.least_quad_area * (static_cast<double>(width) * height),
                 answer);
      break;
    case AnswerForm::kPolygons:
      ParsePolygons(body, /*empty=*/true, grid, answer);
      break;
    case AnswerForm::kBoxesOrPolygons:
      if (text.find("<poly>") == text.npos)
        ParseBoxes(body, /*empty=*/false, grid, {}, answer);
      else
        ParsePolygons(body, /*empty=*/false, grid, answer);
      break;
  }
  return answer;
}

}  // namespace eyechart::encoders
