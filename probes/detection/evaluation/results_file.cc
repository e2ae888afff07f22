#include "probes/detection/evaluation/results_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/text.h"
#include "probes/detection/evaluation/json_values.h"

namespace eyechart::detection {
namespace {

namespace od = simdjson::ondemand;

constexpr std::size_t kNone = static_cast<std::size_t>(-1);
constexpr std::size_t kPadding = simdjson::SIMDJSON_PADDING;

bool IsBlank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

// A place where `}`, a comma and `{` follow one another.
struct Seam {
  std::size_t end = kNone;    // behind the brace that closes
  std::size_t begin = kNone;  // the brace that opens
};

// The first seam whose closing brace is at `from` or later. `cut` is set where
// the text ends before it is clear.
Seam FindSeam(std::string_view text, std::size_t from, bool& cut) {
  cut = true;
  while ((from = text.find('}', from)) != text.npos) {
    std::size_t at = from + 1;
    while (at < text.size() && IsBlank(text[at])) ++at;
    if (at == text.size()) return {};
    if (text[at++] == ',') {
      while (at < text.size() && IsBlank(text[at])) ++at;
      if (at == text.size()) return {};
      if (text[at] == '{') {
        cut = false;
        return {from + 1, at};
      }
    }
    ++from;
  }
  return {};
}

RawDetection ReadEntry(JsonValue& value, const Place& place, IdTexts& texts) {
  od::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS)
    ThrowWrong(place, "it", "an object with image_id, category_id, bbox, score",
               value.raw_json_token().substr(0, 20));
  RawDetection entry{};
  bool image = false, category = false, box = false, score = false;
  for (auto result : object) {
    od::field field;
    std::string_view key;
    if (const auto error = std::move(result).get(field))
      ThrowNotJson(place.ToString(), error);
    if (const auto error = field.unescaped_key().get(key))
      ThrowNotJson(place.ToString(), error);
    JsonValue one = field.value();
    if (key == "image_id") {
      entry.image = IdOf(one, place, "image_id", texts);
      image = true;
    } else if (key == "category_id") {
      entry.category = IntegerOf(one, place, "category_id",
                                 "an integer, as the ground truth's are");
      category = true;
    } else if (key == "score") {
      entry.score = NumberOf(one, place, "score");
      score = true;
    } else if (key == "bbox") {
      const std::array<double, 4> b = BoxOf(one, place);
      entry.x = b[0];
      entry.y = b[1];
      entry.width = b[2];
      entry.height = b[3];
      box = true;
    }
  }
  EYECHART_REQUIRE(image && category && box && score,
                   "{}: key \"{}\" is missing; an entry should have image_id, "
                   "category_id, bbox and score",
                   place.ToString(),
                   !image      ? "image_id"
                   : !category ? "category_id"
                   : !box      ? "bbox"
                               : "score");
  return entry;
}

void ReadList(simdjson::padded_string_view json,
              od::parser& parser,
              const std::string& name,
              IdTexts& texts,
              std::vector<RawDetection>& entries) {
  od::document document;
  if (const auto damage = parser.iterate(json).get(document))
    ThrowNotJson(name, damage);
  od::array list;
  const auto error = document.get_array().get(list);
  if (error != simdjson::SUCCESS && error != simdjson::INCORRECT_TYPE)
    ThrowNotJson(name, error);
  EYECHART_REQUIRE(error == simdjson::SUCCESS,
                   "{}: should be a list of results, [{{\"image_id\": ..., "
                   "\"category_id\": ..., \"bbox\": [x, y, width, height], "
                   "\"score\": ...}}, ...]",
                   name);
  std::int64_t index = 0;
  for (auto result : list) {
    const Place place = {name, "", index++};
    JsonValue value;
    if (const auto damage = result.get(value))
      ThrowNotJson(place.ToString(), damage);
    entries.push_back(ReadEntry(value, place, texts));
  }
  EYECHART_REQUIRE(AtEnd(document), "{}: more behind the closing bracket",
                   name);
}

}  // namespace

ByteSource::ByteSource(const std::filesystem::path& path)
    : name_(path.string()) {
  file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  EYECHART_REQUIRE(file_ >= 0, "{}: cannot be opened: {}", name_,
                   std::strerror(errno));
  struct stat info;
  if (::fstat(file_, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(file_);
    ThrowInput("{}: is not a regular file", name_);
  }
  size_ = static_cast<std::size_t>(info.st_size);
}

ByteSource::~ByteSource() {
  if (file_ >= 0) ::close(file_);
}

void ByteSource::Read(std::size_t offset, std::size_t n, char* to) const {
  if (file_ < 0) {
    std::memcpy(to, text_ + offset, n);
    return;
  }
  while (n > 0) {
    const ssize_t got = ::pread(file_, to, n, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    EYECHART_REQUIRE(got > 0, "{}: cannot be read at byte {}: {}", name_,
                     offset,
                     got < 0 ? std::strerror(errno) : "it has become shorter");
    offset += static_cast<std::size_t>(got);
    to += got;
    n -= static_cast<std::size_t>(got);
  }
}

struct PartReader::State {
  Column<char> memory;
  od::parser parser;
};

PartReader::PartReader() : state_(std::make_unique<State>()) {}
PartReader::~PartReader() = default;
PartReader::PartReader(PartReader&&) noexcept = default;

bool PartReader::Read(const ByteSource& source,
                      std::size_t part,
                      std::vector<RawDetection>& entries) {
  const std::size_t offset = part * kPartBytes;
  const bool last = source.size() - offset <= kPartBytes;
  std::string_view text;
  Seam first, next;
  bool cut = true;
  // Most entries end soon behind the part; more is read where they do not.
  for (std::size_t ahead = kPartBytes / 32; cut; ahead *= 4) {
    const std::size_t n = std::min(kPartBytes + ahead, source.size() - offset);
    const bool at_end = offset + n == source.size();
    state_->memory.resize(n + kPadding);
    source.Read(offset, n, state_->memory.data());
    std::memset(state_->memory.data() + n, 0, kPadding);
    text = {state_->memory.data(), n};
    next = {};
    if (last)
      cut = false;
    else
      next = FindSeam(text, kPartBytes, cut);
    if (at_end) cut = false;
  }
  std::size_t begin = 0;
  if (part == 0) {
    if (text.starts_with(kUtf8Mark)) begin = kUtf8Mark.size();
    while (begin < text.size() && IsBlank(text[begin])) ++begin;
    if (begin == text.size() || text[begin++] != '[') return false;
    while (begin < text.size() && IsBlank(text[begin])) ++begin;
  } else {
    bool unclear = false;
    first = FindSeam(text, 0, unclear);
    // The entry before reaches over the whole part, or the list ends here.
    if (first.end == kNone || first.end > kPartBytes) return true;
    begin = first.begin;
  }
  std::size_t end = next.end;
  if (end == kNone) {
    end = text.size();
    while (end > begin && IsBlank(text[end - 1])) --end;
    if (end == begin || text[--end] != ']') return false;
    while (end > begin && IsBlank(text[end - 1])) --end;
  }
  if (begin >= end) return false;
  // What is behind must not go on a number.
  char* const memory = state_->memory.data();
  memory[end] = ']';
  const std::string_view list = text.substr(begin, end - begin);
  const std::size_t before = entries.size();
  const std::optional<EntryPattern> pattern = EntryPattern::Learn(list);
  if (pattern && pattern->Read(list, entries)) return true;
  entries.resize(before);
  if (begin == 0) return false;
  memory[begin - 1] = '[';
  const std::size_t length = end - begin + 2;
  try {
    IdTexts texts;
    ReadList(simdjson::padded_string_view(memory + begin - 1, length,
                                          state_->memory.size() - (begin - 1)),
             state_->parser, "", texts, entries);
    // Texts are numbered for the file as a whole.
    return std::none_of(
        entries.begin() + static_cast<std::ptrdiff_t>(before), entries.end(),
        [](const RawDetection& one) { return IsText(one.image); });
  } catch (const InputError&) {
    return false;
  }
}

std::vector<RawDetection> ReadWhole(const ByteSource& source,
                                    const std::string& name,
                                    IdTexts& texts) {
  constexpr std::size_t kMost = (std::size_t{4} << 30) - 1024;
  EYECHART_REQUIRE(source.size() < kMost,
                   "{}: {} bytes; a file that is not a plain list of entries "
                   "should have less than {}",
                   name, source.size(), kMost);
  simdjson::padded_string json(source.size());
  source.Read(0, source.size(), json.data());
  std::vector<RawDetection> entries;
  od::parser parser;
  try {
    ReadList(WithoutByteOrderMark(json), parser, name, texts, entries);
  } catch (const InputError&) {
    // Where a file is cut the parser tells of the entry that it was cut in.
    ThrowIfDamaged(name, json);
    throw;
  }
  return entries;
}

}  // namespace eyechart::detection
