#include "core/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include "core/error.h"

namespace eyechart {
namespace fs = std::filesystem;

namespace {

// An open descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

void WriteAll(int fd, std::string_view content, const fs::path& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    EYECHART_REQUIRE(written >= 0, "{}: writing failed: {}", path.string(),
                     std::strerror(errno));
    content.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

std::string ReadFile(const fs::path& path, std::uintmax_t max_bytes) {
  std::error_code error;
  EYECHART_REQUIRE(fs::exists(path, error), "{}: no such file", path.string());
  EYECHART_REQUIRE(!fs::is_directory(path, error),
                   "{}: is a folder where a file is expected", path.string());
  std::ifstream in(path, std::ios::binary);
  EYECHART_REQUIRE(in.good(), "{}: cannot be opened: {}", path.string(),
                   std::strerror(errno));
  const std::uintmax_t size = fs::file_size(path, error);
  EYECHART_REQUIRE(error || size <= max_bytes,
                   "{}: {} bytes, more than the {} that are read here",
                   path.string(), size, max_bytes);
  std::string content;
  if (!error) content.reserve(static_cast<std::size_t>(size));
  content.assign(std::istreambuf_iterator<char>(in), {});
  EYECHART_REQUIRE(!in.bad(), "{}: reading failed", path.string());
  return content;
}

void WriteFileAtomic(const fs::path& path, std::string_view content) {
  const fs::path partial = path.string() + ".partial";
  {
    Descriptor file(::open(partial.c_str(),
                           O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    EYECHART_REQUIRE(file.get() >= 0, "{}: cannot be written: {}",
                     path.string(), std::strerror(errno));
    WriteAll(file.get(), content, path);
    EYECHART_REQUIRE(::fsync(file.get()) == 0, "{}: writing failed: {}",
                     path.string(), std::strerror(errno));
  }
  std::error_code error;
  fs::rename(partial, path, error);
  EYECHART_REQUIRE(!error, "{}: cannot be renamed into place: {}",
                   path.string(), error.message());
}

void SyncToDisk(const fs::path& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() >= 0) ::fsync(file.get());
}

void CreateFolder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  EYECHART_REQUIRE(!error && fs::is_directory(folder),
                   "{}: the folder cannot be made: {}", folder.string(),
                   error ? error.message() : "a file is in the way");
  EYECHART_REQUIRE(::access(folder.c_str(), W_OK | X_OK) == 0,
                   "{}: the folder cannot be written to: {}", folder.string(),
                   std::strerror(errno));
}

fs::path SafeJoin(const fs::path& root,
                  const std::string& relative,
                  const std::string& source) {
  const fs::path path(relative);
  EYECHART_REQUIRE(!relative.empty(), "{}: an empty path", source);
  EYECHART_REQUIRE(relative.find('\0') == std::string::npos,
                   "{}: a path with a NUL byte", source);
  EYECHART_REQUIRE(path.is_relative(),
                   "{}: path \"{}\" is absolute; paths here are relative to {}",
                   source, relative, root.string());
  int depth = 0;
  for (const fs::path& part : path) {
    if (part == "..")
      --depth;
    else if (part != "." && !part.empty())
      ++depth;
    EYECHART_REQUIRE(depth >= 0, "{}: path \"{}\" leaves its root {}", source,
                     relative, root.string());
  }
  return root / path;
}

}  // namespace eyechart
