#include "suite/run_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "core/error.h"
#include "core/files.h"

namespace eyechart::suite {
namespace {

namespace fs = std::filesystem;

// What a run writes; --fresh removes these and nothing else.
constexpr const char* kOwnEntries[] = {"records.jsonl", "outcomes", "samples",
                                       "artifacts", "suite.toml"};

}  // namespace

RunLog::RunLog(const fs::path& folder,
               const std::string& suite_text,
               const Json& environment,
               const std::string& environment_hash,
               const std::string& command,
               bool fresh)
    : folder_(folder) {
  run_ = fs::weakly_canonical(folder).filename().string();
  if (run_.empty()) run_ = "run";
  Start(suite_text, fresh);
  // A run that goes on elsewhere keeps both: records name theirs by hash.
  Json described = environment;
  described["command"] = command;
  const fs::path first = folder_ / "environment.json";
  const std::string text = described.dump(1) + "\n";
  if (!fs::exists(first)) {
    WriteFileAtomic(first, text);
  } else {
    Json known = ReadJsonFile(first);
    known.erase("command");
    if (known != environment)
      WriteFileAtomic(
          folder_ / fmt::format("environment-{}.json", environment_hash), text);
  }
  ReadDone();
}

void RunLog::Start(const std::string& suite_text, bool fresh) {
  const fs::path suite = folder_ / "suite.toml";
  if (fs::exists(folder_) && !fs::exists(suite)) {
    EYECHART_REQUIRE(fs::is_directory(folder_) && fs::is_empty(folder_),
                     "{}: is not empty and no run folder (it has no "
                     "suite.toml); choose another --out",
                     folder_.string());
  }
  if (fresh && fs::exists(suite)) {
    std::error_code error;
    for (const char* entry : kOwnEntries)
      fs::remove_all(folder_ / entry, error);
    for (const auto& entry : fs::directory_iterator(folder_)) {
      if (entry.path().filename().string().starts_with("environment"))
        fs::remove(entry.path(), error);
    }
  }
  CreateFolder(folder_);
  if (!fs::exists(suite)) {
    WriteFileAtomic(suite, suite_text);
    return;
  }
  EYECHART_REQUIRE(ReadFile(suite) == suite_text,
                   "{}: holds a run of another suite; give --fresh to replace "
                   "it, or another --out",
                   folder_.string());
}

void RunLog::ReadDone() {
  const fs::path path = folder_ / "records.jsonl";
  if (!fs::exists(path)) return;
  // A row cut short would run into the next one: it is cut off first.
  const std::string text = ReadFile(path);
  if (!text.empty() && text.back() != '\n') {
    const std::size_t end = text.rfind('\n');
    WriteFileAtomic(path, end == std::string::npos
                              ? std::string_view()
                              : std::string_view(text).substr(0, end + 1));
  }
  for (Record& record : ReadRecords(path)) {
    std::vector<Record>& cell = done_[record.cell];
    // A cell's records stand together: an error after them takes their place,
    // and a later success takes the error's.
    if (record.status == RecordStatus::kError)
      cell.clear();
    else
      cell.push_back(std::move(record));
  }
  std::erase_if(done_, [](const auto& entry) { return entry.second.empty(); });
}

fs::path RunLog::Artifacts(const std::string& cell) const {
  return folder_ / "artifacts" / CellSlug(cell);
}

fs::path RunLog::Outcomes(const std::string& cell) const {
  return folder_ / "outcomes" / (CellSlug(cell) + ".csv");
}

fs::path RunLog::FeaturesFolder() const {
  return folder_ / "artifacts" / "features";
}

void RunLog::Append(const std::vector<Record>& records) {
  std::string lines;
  for (const Record& record : records) lines += RecordToLine(record) + "\n";
  const fs::path path = folder_ / "records.jsonl";
  // One O_APPEND write: two shards of a suite may share the folder.
  const int fd =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  EYECHART_REQUIRE(fd >= 0, "{}: cannot be written: {}", path.string(),
                   std::strerror(errno));
  const ssize_t written = ::write(fd, lines.data(), lines.size());
  const bool ok =
      written == static_cast<ssize_t>(lines.size()) && ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  EYECHART_REQUIRE(ok, "{}: writing failed: {}", path.string(),
                   std::strerror(error));
}

}  // namespace eyechart::suite
