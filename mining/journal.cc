#include "mining/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "mining/journal_record.h"

namespace eyechart::mining {
namespace {

// First line of the file: what it is, and of which search.
std::string Header(const std::string& key) {
  return "eyechart mining 1 " + Sha256Hex(key) + "\n";
}

void WriteAll(int file,
              std::string_view bytes,
              const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    EYECHART_REQUIRE(n > 0, "{}: cannot write: {}", path.string(),
                     std::strerror(errno));
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace

Journal::Journal(JournalOptions options,
                 Findings nothing,
                 std::function<Findings()> take,
                 std::function<void()> check)
    : options_(std::move(options)),
      take_(std::move(take)),
      check_(std::move(check)),
      total_(nothing),
      nothing_(nothing),
      waiting_(std::move(nothing)),
      written_(Clock::now()) {
  if (!options_.path.empty()) Open();
}

Journal::~Journal() {
  try {
    Write();
  } catch (const std::exception&) {
    // What could not be written is searched again.
  }
  if (file_ >= 0) ::close(file_);
}

void Journal::Open() {
  const std::string name = options_.path.string();
  file_ = ::open(name.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  EYECHART_REQUIRE(file_ >= 0, "{}: cannot be opened: {}", name,
                   std::strerror(errno));
  EYECHART_REQUIRE(::flock(file_, LOCK_EX | LOCK_NB) == 0,
                   "{}: another search is writing it; give another folder or "
                   "wait for that one",
                   name);
  const std::string content = ReadFile(options_.path, ~std::uintmax_t{0});
  const std::string header = Header(options_.key);
  std::string_view rest = content;
  if (rest.starts_with(header)) {
    rest.remove_prefix(header.size());
    for (JournalRecord record{{}, nothing_}; TakeRecord(rest, record);
         record = {{}, nothing_}) {
      total_.Add(record.found);
      done_.insert(record.units.begin(), record.units.end());
    }
    resumed_ = done_.size();
    // What follows the last whole record was cut short.
    EYECHART_REQUIRE(::ftruncate(file_, static_cast<off_t>(content.size() -
                                                           rest.size())) == 0,
                     "{}: cannot be cut: {}", name, std::strerror(errno));
    return;
  }
  discarded_ = !content.empty();
  EYECHART_REQUIRE(::ftruncate(file_, 0) == 0, "{}: cannot be emptied: {}",
                   name, std::strerror(errno));
  WriteAll(file_, header, options_.path);
}

bool Journal::Done(std::int64_t unit) const { return done_.contains(unit); }

void Journal::Finish(std::int64_t unit) {
  waiting_.Add(take_());
  waiting_units_.push_back(unit);
  const std::chrono::duration<double> passed = Clock::now() - written_;
  if (passed.count() >= options_.interval) Write();
}

void Journal::Write() {
  if (waiting_units_.empty()) return;
  check_();
  JournalRecord record{std::move(waiting_units_), std::move(waiting_)};
  waiting_units_.clear();
  waiting_ = nothing_;
  if (file_ >= 0) WriteAll(file_, EncodeRecord(record), options_.path);
  total_.Add(record.found);
  done_.insert(record.units.begin(), record.units.end());
  written_ = Clock::now();
}

Findings Journal::Finished() {
  Write();
  check_();
  return total_;
}

}  // namespace eyechart::mining
