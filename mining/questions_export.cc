#include "mining/questions_export.h"

#include <array>
#include <system_error>
#include <utility>

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "core/csv.h"
#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "data/signature.h"
#include "mining/pair_id.h"

namespace eyechart::mining {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPictures = "MMVP Images";
constexpr const char* kSources = "sources.csv";

// A folder beside the final one that goes away unless it is kept.
class Draft {
 public:
  explicit Draft(const fs::path& final_path)
      : final_(final_path),
        path_(final_path.parent_path() /
              fmt::format(".{}.partial", final_path.filename().string())) {
    std::error_code ignored;
    fs::remove_all(path_, ignored);  // of a run that was killed
    CreateFolder(path_ / kPictures);
  }
  ~Draft() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  const fs::path& path() const { return path_; }
  // Over an empty folder or none.
  void Keep() {
    std::error_code error;
    fs::rename(path_, final_, error);
    EYECHART_REQUIRE(!error, "{}: cannot be written: {}", final_.string(),
                     error.message());
    SyncToDisk(final_.parent_path());
  }

 private:
  fs::path final_;
  fs::path path_;
};

bool HoldsSomething(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder, error) && !fs::is_empty(folder, error);
}

std::string ToPng(const data::Image& image) {
  // OpenCV's matrices are never const; this one is only read.
  const cv::Mat rgb(image.height, image.width, CV_8UC3,
                    const_cast<std::uint8_t*>(image.pixels.data()));
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  std::vector<unsigned char> bytes;
  EYECHART_CHECK(cv::imencode(".png", bgr, bytes),
                 "libpng refused {} x {} pixels", image.width, image.height);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Exported {
  std::string bytes;
  const char* extension = ".jpg";
};

// Decoded whatever its format, so that nobody writes a question about a picture
// that cannot be read.
Exported Export(const std::string& bytes, const data::DecodeOptions& options) {
  const data::Image image = data::Decode(bytes, options).image;
  switch (data::SniffFormat(bytes)) {
    case data::PictureFormat::kJpeg:
      return {bytes, ".jpg"};
    case data::PictureFormat::kPng:
      return {bytes, ".png"};
    default:
      return {ToPng(image), ".png"};
  }
}

fs::path Named(const fs::path& folder) {
  fs::path path = fs::absolute(folder).lexically_normal();
  return path.filename().empty() ? path.parent_path() : path;
}

}  // namespace

void RequireQuestionsFolder(const fs::path& folder) {
  EYECHART_REQUIRE(!folder.empty(), "the folder for questions has no name");
  std::error_code error;
  EYECHART_REQUIRE(
      !fs::exists(folder, error) || fs::is_directory(folder, error),
      "{}: is not a folder", folder.string());
  EYECHART_REQUIRE(
      !HoldsSomething(folder) || fs::is_regular_file(folder / kSources, error),
      "{}: is not empty and no folder of questions; name a new one",
      folder.string());
}

QuestionsSummary WriteQuestions(const fs::path& folder,
                                std::span<const BlindPair> pairs,
                                const std::vector<data::StoreItem>& items,
                                const PictureReader& read,
                                const QuestionsOptions& options) {
  RequireQuestionsFolder(folder);
  const fs::path target = Named(folder);
  CreateFolder(target.parent_path());
  Draft draft(target);
  QuestionsSummary summary;
  std::string questions =
      CsvLine({"lndex", "Question", "Options", "Correct Answer"});
  std::string sources = CsvLine({"image", "file", "pair", "rank", "id", "path",
                                 "label", "near_cosine", "far_cosine"});
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (options.pairs > 0 && summary.pairs == options.pairs) break;
    const BlindPair& pair = pairs[i];
    const std::array<std::int64_t, 2> rows = {pair.row_a, pair.row_b};
    const std::string& id_a = items[pair.row_a].id;
    const std::string& id_b = items[pair.row_b].id;
    std::array<Exported, 2> pictures;
    try {
      for (int side = 0; side < 2; ++side)
        pictures[side] = Export(read(rows[side]), options.decode);
    } catch (const InputError& error) {
      summary.left_out.push_back(
          fmt::format("{}, {}: {}", id_a, id_b, error.what()));
      continue;
    }
    for (int side = 0; side < 2; ++side) {
      const std::string image = std::to_string(2 * summary.pairs + 1 + side);
      const std::string file = image + pictures[side].extension;
      WriteFileAtomic(draft.path() / kPictures / file, pictures[side].bytes);
      questions += CsvLine({image, "", "", ""});
      const data::StoreItem& item = items[rows[side]];
      sources += CsvLine({image, file, PairId(id_a, id_b),
                          std::to_string(i + 1), item.id, item.path, item.label,
                          FormatDouble(pair.near_cosine),
                          FormatDouble(pair.far_cosine)});
    }
    ++summary.pairs;
  }
  EYECHART_REQUIRE(summary.pairs > 0, "{}: no pair to ask about{}",
                   folder.string(),
                   summary.left_out.empty()
                       ? ""
                       : "; the first left out is " + summary.left_out.front());
  if (HoldsSomething(target)) {
    EYECHART_REQUIRE(ReadFile(target / kSources) == sources,
                     "{}: holds the questions of other pairs (its {} says "
                     "which); name a new folder",
                     folder.string(), kSources);
    summary.was_there = true;
    return summary;
  }
  WriteFileAtomic(draft.path() / "Questions.csv", questions);
  WriteFileAtomic(draft.path() / kSources, sources);
  draft.Keep();
  return summary;
}

}  // namespace eyechart::mining
