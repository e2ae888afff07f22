#include "data/scenes/generate.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <exception>
#include <fstream>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "core/csv.h"
#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/interrupt.h"
#include "core/statistics.h"
#include "data/scenes/encode.h"
#include "data/scenes/generated_item.h"
#include "data/scenes/models.h"

namespace eyechart::scenes {
namespace {

namespace fs = std::filesystem;
using internal::Item;

// What is kept of an item once its pictures are on disk.
struct Done {
  std::vector<internal::QuestionRow> rows;
  std::vector<std::string> paths;
  std::string digests;  // SHA-256 of each picture's pixels, hexadecimal
  std::vector<SceneObject> objects;
  std::string caption;
  bool detailed = false;
};

// A folder beside its final name that goes away unless it is kept.
class DraftFolder {
 public:
  explicit DraftFolder(const fs::path& final_path) : final_(final_path) {
    path_ = final_.parent_path() /
            fmt::format(".{}.{}.partial", final_.filename().string(), getpid());
    CreateFolder(path_);
  }
  ~DraftFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  DraftFolder(const DraftFolder&) = delete;
  DraftFolder& operator=(const DraftFolder&) = delete;
  const fs::path& path() const { return path_; }

  // Takes its final name, in place of a folder that may be replaced.
  void Keep() {
    std::error_code error;
    const fs::path old = path_.string() + ".old";
    if (fs::exists(final_)) {
      fs::rename(final_, old, error);
      EYECHART_REQUIRE(!error, "{}: cannot be replaced: {}", final_.string(),
                       error.message());
    }
    fs::rename(path_, final_, error);
    if (error) {
      std::error_code ignored;
      if (fs::exists(old)) fs::rename(old, final_, ignored);
      ThrowInput("{}: cannot be written: {}", final_.string(), error.message());
    }
    SyncToDisk(final_.parent_path());
    fs::remove_all(old, error);
  }

 private:
  fs::path final_;
  fs::path path_;
};

// Only what generate wrote may be removed by it.
bool WasGenerated(const fs::path& folder) {
  try {
    const Json manifest = ReadJsonFile(folder / "manifest.json");
    return manifest.is_object() && manifest.contains("pixels_sha256") &&
           manifest.contains("renderer");
  } catch (const InputError&) {
    return false;
  }
}

fs::path CheckedTarget(const GenerateOptions& options) {
  EYECHART_REQUIRE(!options.out.empty(), "the output folder has no name");
  fs::path out = fs::absolute(options.out).lexically_normal();
  if (out.filename().empty()) out = out.parent_path();
  std::error_code error;
  if (!fs::exists(out, error)) return out;
  EYECHART_REQUIRE(fs::is_directory(out), "{}: is not a folder", out.string());
  if (fs::is_empty(out, error) && !error) return out;
  EYECHART_REQUIRE(options.force,
                   "{}: exists and is not empty; --force replaces a folder "
                   "that was generated",
                   out.string());
  EYECHART_REQUIRE(WasGenerated(out),
                   "{}: not replaced, as its manifest.json is not one of a "
                   "generated folder",
                   out.string());
  return out;
}

void WritePicture(const fs::path& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  EYECHART_REQUIRE(file.good(), "{}: cannot be written", path.string());
}

// Pictures to disk and what is left to tell of them.
Done Finish(const GenerateOptions& options,
            const fs::path& folder,
            bool png,
            Item item) {
  Done done;
  const char* extension = png ? ".png" : ".jpg";
  for (const internal::Picture& picture : item.pictures) {
    Sha256 hash;
    hash.Update(picture.image.pixels.data(), picture.image.pixels.size());
    done.digests += hash.HexDigest();
    done.paths.push_back(picture.stem + extension);
    WritePicture(
        folder / done.paths.back(),
        png ? EncodePng(picture.image)
            : EncodeJpeg(picture.image,
                         options.render.nuisance ? picture.jpeg_quality : 90));
  }
  done.rows = std::move(item.rows);
  for (internal::QuestionRow& row : done.rows) row.path += extension;
  done.objects = std::move(item.objects);
  done.caption = std::move(item.caption);
  done.detailed = item.detailed;
  return done;
}

// Every item on `threads` threads. The first error ends them all.
std::vector<Done> RenderAll(const GenerateOptions& options,
                            const internal::KindParts& parts,
                            const fs::path& folder,
                            bool png,
                            Progress& progress) {
  std::vector<Done> done(static_cast<std::size_t>(parts.items));
  std::atomic<std::int64_t> next = 0;
  std::atomic<std::int64_t> finished = 0;
  std::atomic<bool> stop = false;
  std::exception_ptr problem;
  std::mutex mutex;
  const auto work = [&](bool reports) {
    try {
      while (!stop) {
        const std::int64_t i = next++;
        if (i >= parts.items) break;
        ThrowIfInterrupted();
        done[static_cast<std::size_t>(i)] =
            Finish(options, folder, png, parts.render(options, i));
        ++finished;
        if (reports) progress.Update(finished);
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!problem) problem = std::current_exception();
      stop = true;
    }
  };
  const unsigned hardware = std::max(1u, std::thread::hardware_concurrency());
  const auto threads = static_cast<std::int64_t>(
      options.threads > 0 ? static_cast<unsigned>(options.threads) : hardware);
  std::vector<std::thread> others;
  for (std::int64_t i = 1; i < std::min(threads, parts.items); ++i)
    others.emplace_back(work, false);
  work(true);
  for (std::thread& thread : others) thread.join();
  if (problem) std::rethrow_exception(problem);
  return done;
}

std::string QuestionsCsv(const std::vector<Done>& done) {
  std::string csv = CsvLine(
      {"id", "path", "pair", "pattern", "question", "option_a", "option_b",
       "option_c", "option_d", "answer", "statement", "difficulty", "unit",
       "step", "value", "tolerance", "low", "high", "share"});
  for (const Done& item : done) {
    for (const internal::QuestionRow& row : item.rows)
      csv += CsvLine({row.id, row.path,
                      row.pair > 0 ? std::to_string(row.pair) : "", row.pattern,
                      row.question, row.options[0], row.options[1],
                      row.options[2], row.options[3],
                      std::string(1, row.answer), row.statement, row.difficulty,
                      row.unit, row.step >= 0 ? std::to_string(row.step) : "",
                      row.value, row.tolerance, row.low, row.high, row.share});
  }
  return csv;
}

// COCO's format; ids count from 1.
Json Instances(const std::vector<Done>& done, int size) {
  Json images = Json::array();
  Json annotations = Json::array();
  Json categories = Json::array();
  std::int64_t image_id = 0;
  for (const Done& item : done) {
    images.push_back({{"id", ++image_id},
                      {"file_name", item.paths.front()},
                      {"width", size},
                      {"height", size}});
    for (const SceneObject& object : item.objects) {
      const data::Box& box = object.outline.box;
      annotations.push_back(
          {{"id", static_cast<std::int64_t>(annotations.size()) + 1},
           {"image_id", image_id},
           {"category_id", object.category_id},
           {"bbox",
            {box.left, box.top, box.right - box.left, box.bottom - box.top}},
           {"segmentation", object.outline.polygons},
           {"area", object.outline.area},
           {"iscrowd", 0}});
    }
  }
  int category = 0;
  for (const Thing& thing : Things())
    categories.push_back({{"id", ++category}, {"name", thing.name}});
  return {{"images", images},
          {"annotations", annotations},
          {"categories", categories}};
}

std::string CaptionsCsv(const std::vector<Done>& done) {
  std::string csv = CsvLine({"id", "path", "caption", "detailed"});
  for (const Done& item : done) {
    const std::string& path = item.paths.front();
    csv += CsvLine({path.substr(0, path.rfind('.')), path, item.caption,
                    item.detailed ? "1" : "0"});
  }
  return csv;
}

Json Manifest(const GenerateOptions& options,
              bool png,
              const std::vector<Done>& done,
              const std::string& questions) {
  Json counts = Json::object();
  Sha256 pixels;
  std::int64_t pictures = 0;
  std::int64_t pairs = 0;
  for (const Done& item : done) {
    pixels.Update(item.digests);
    pictures += static_cast<std::int64_t>(item.paths.size());
    pairs += item.paths.size() == 2 ? 1 : 0;
    // An item of a pattern counts once, a scene once a question.
    if (options.kind == "scenes") {
      for (const internal::QuestionRow& row : item.rows)
        counts[row.pattern] = counts.value(row.pattern, 0) + 1;
    } else {
      const std::string& pattern = item.rows.front().pattern;
      counts[pattern] = counts.value(pattern, 0) + 1;
    }
  }
  Json manifest = {{"schema", 1},
                   {"kind", options.kind},
                   {"renderer", kRendererVersion},
                   {"seed", options.seed},
                   {"size", options.render.size},
                   {"nuisance", options.render.nuisance},
                   {"format", png ? "png" : "jpeg"},
                   {"pictures", pictures},
                   {"pairs", pairs},
                   {"counts", counts},
                   {"steps", internal::StepsOf(options)},
                   {"questions_sha256", Sha256Hex(questions)},
                   {"pixels_sha256", pixels.HexDigest()},
                   {"complete", true}};
  if (options.kind == "scenes")
    manifest["caption_detail"] = options.caption_detail;
  if (options.kind == "chart") manifest["directions"] = options.directions;
  if (!options.steps.empty()) manifest["chosen_steps"] = options.steps;
  return manifest;
}

}  // namespace

std::span<const GeneratedKind> GeneratedKinds() {
  static constexpr std::array kKinds = {
      GeneratedKind{"patterns", "pairs that differ in one of nine properties"},
      GeneratedKind{"clocks", "analogue clocks to read"},
      GeneratedKind{"gauges", "gauges to read"},
      GeneratedKind{"scenes",
                    "several things, with captions, boxes, polygons "
                    "and questions"},
      GeneratedKind{"chart",
                    "optotypes of an eye chart: tumbling E, Landolt "
                    "C"},
  };
  return kKinds;
}

double ExpectedHalfWidth(std::int64_t n) {
  // Wilson's interval at p = 1/2 is symmetrical: z / (2 sqrt(n + z^2)).
  const double z = NormalQuantile(0.975);
  return z / (2 * std::sqrt(static_cast<double>(n) + z * z));
}

GenerateSummary Generate(const GenerateOptions& options, Progress& progress) {
  const auto start = std::chrono::steady_clock::now();
  const internal::KindParts parts = internal::PartsOf(options);
  EYECHART_REQUIRE(options.threads >= 0 && options.threads <= 1024,
                   "threads {}: should be 0 to 1024", options.threads);
  EYECHART_REQUIRE(options.render.size >= 32 && options.render.size <= 4096,
                   "size {}: should be 32 to 4096 pixels", options.render.size);
  const fs::path out = CheckedTarget(options);
  CreateFolder(out.parent_path());
  DraftFolder draft(out);
  const bool png = options.png || options.kind == "chart";

  // Folders are made before the threads start; items tell them by name.
  const Json steps = internal::StepsOf(options);
  for (const auto& [name, row] : steps.items())
    CreateFolder(draft.path() / "images" / name);
  if (steps.empty()) CreateFolder(draft.path() / "images" / options.kind);

  progress.Begin("generate " + options.kind, parts.items);
  const std::vector<Done> done =
      RenderAll(options, parts, draft.path(), png, progress);
  progress.End();

  const std::string questions = QuestionsCsv(done);
  WriteFileAtomic(draft.path() / "questions.csv", questions);
  if (options.kind == "scenes") {
    WriteFileAtomic(draft.path() / "instances.json",
                    Instances(done, options.render.size).dump() + "\n");
    WriteFileAtomic(draft.path() / "captions.csv", CaptionsCsv(done));
  }
  WriteFileAtomic(draft.path() / "contact_sheet.jpg",
                  EncodeJpeg(internal::ContactSheet(parts.sheet(options)), 82));

  GenerateSummary summary;
  summary.manifest = Manifest(options, png, done, questions);
  summary.pictures = summary.manifest["pictures"].get<std::int64_t>();
  summary.pairs = summary.manifest["pairs"].get<std::int64_t>();
  summary.half_width = ExpectedHalfWidth(options.count);
  WriteFileAtomic(draft.path() / "manifest.json",
                  summary.manifest.dump(1) + "\n");
  draft.Keep();
  summary.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  return summary;
}

}  // namespace eyechart::scenes
