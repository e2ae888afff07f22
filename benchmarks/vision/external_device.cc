#include "benchmarks/vision/external_device.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>

#include "benchmarks/vision/command_words.h"
#include "core/error.h"
#include "core/files.h"
#include "core/interrupt.h"

extern char** environ;

namespace eyechart::benchmarks {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kImage = "{image}";
constexpr std::size_t kTail = 400;  // bytes of stderr in an error

fs::path NewFolder() {
  std::string name =
      (fs::temp_directory_path() / "eyechart-bench-XXXXXX").string();
  EYECHART_REQUIRE(::mkdtemp(name.data()) != nullptr,
                   "{}: no temporary folder can be made: {}", name,
                   std::strerror(errno));
  return name;
}

// The end of what a program said, without blanks behind it.
std::string TailOf(const fs::path& file) {
  std::string text = ReadFile(file);
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  if (text.size() > kTail) text = "..." + text.substr(text.size() - kTail);
  return text.empty() ? "it said nothing on stderr" : "stderr: " + text;
}

// The files of posix_spawn, freed however Run ends.
class FileActions {
 public:
  FileActions() { posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;

  void Open(int descriptor, const char* path, int flags) {
    posix_spawn_file_actions_addopen(&actions_, descriptor, path, flags, 0600);
  }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

}  // namespace

bool TakesPictures(const std::string& command) {
  return command.find(kImage) != std::string::npos;
}

ExternalDevice::ExternalDevice(const ExternalDeviceOptions& options,
                               const data::Dataset* pictures,
                               std::vector<std::size_t> used)
    : words_(CommandWords(options.command)),
      pictures_(pictures),
      used_(std::move(used)) {
  EYECHART_REQUIRE(!TakesPictures(options.command) || pictures_ != nullptr,
                   "command \"{}\": {} stands for pictures, and there are none",
                   options.command, kImage);
  folder_ = NewFolder();
}

ExternalDevice::~ExternalDevice() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::int64_t ExternalDevice::SampleCount() const {
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(used_.size()));
}

// Programs go by the ending; a data set without files hands out BMP.
fs::path ExternalDevice::PictureFile(std::int64_t sample) const {
  const data::Item& item =
      pictures_->item(used_[static_cast<std::size_t>(sample)]);
  std::string ending = fs::path(item.path).extension().string();
  if (ending.empty()) ending = ".bmp";
  return folder_ / fmt::format("{:06}{}", sample, ending);
}

void ExternalDevice::Prepare(const LoadPlan& plan) {
  if (pictures_ == nullptr) return;
  for (const std::int64_t sample : plan.samples) {
    const fs::path file = PictureFile(sample);
    if (!fs::exists(file))
      WriteFileAtomic(file,
                      pictures_->Read(used_[static_cast<std::size_t>(sample)]));
  }
}

std::vector<std::string> ExternalDevice::WordsOf(const Query& query) const {
  std::vector<std::string> words;
  for (const std::string& word : words_) {
    if (word == kImage) {
      for (const std::int64_t sample : query.samples)
        words.push_back(PictureFile(sample).string());
      continue;
    }
    const std::size_t place = word.find(kImage);
    if (place == std::string::npos) {
      words.push_back(word);
      continue;
    }
    EYECHART_REQUIRE(
        query.samples.size() == 1,
        "command word \"{}\": {} inside a word stands for one picture, and a "
        "query has {}; let it stand alone, or give --batch 1",
        word, kImage, query.samples.size());
    std::string made = word;
    made.replace(place, kImage.size(),
                 PictureFile(query.samples.front()).string());
    words.push_back(std::move(made));
  }
  return words;
}

void ExternalDevice::Run(const Query& query, StageRecorder& /*recorder*/) {
  std::vector<std::string> words = WordsOf(query);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const fs::path said = folder_ / fmt::format("stderr-{}", query.lane);
  FileActions files;
  files.Open(STDIN_FILENO, "/dev/null", O_RDONLY);
  files.Open(STDOUT_FILENO, "/dev/null", O_WRONLY);
  files.Open(STDERR_FILENO, said.c_str(), O_WRONLY | O_CREAT | O_TRUNC);
  pid_t child = -1;
  const int error = ::posix_spawnp(&child, arguments.front(), files.get(),
                                   nullptr, arguments.data(), environ);
  EYECHART_REQUIRE(error == 0, "{}: cannot be started: {}", words.front(),
                   std::strerror(error));
  int status = 0;
  rusage usage{};
  while (::wait4(child, &status, 0, &usage) < 0)
    EYECHART_REQUIRE(errno == EINTR, "{}: lost: {}", words.front(),
                     std::strerror(errno));
  // A signal from the terminal reaches both; then it is no fault of the
  // program.
  ThrowIfInterrupted();
  const std::int64_t bytes = static_cast<std::int64_t>(usage.ru_maxrss) << 10;
  std::int64_t known = peak_;
  while (bytes > known && !peak_.compare_exchange_weak(known, bytes)) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  ThrowInput("{}: {} {}; {}", fmt::join(words, " "),
             WIFEXITED(status) ? "ended with status" : "was ended by signal",
             WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status),
             TailOf(said));
}

}  // namespace eyechart::benchmarks
