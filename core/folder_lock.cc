#include "core/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/error.h"
#include "core/files.h"
#include "core/interrupt.h"

namespace eyechart {
namespace {

// Whether `path` still is the folder that `fd` has open.
bool IsSameFolder(int fd, const std::filesystem::path& path) {
  struct stat open_one;
  struct stat named_one;
  return ::fstat(fd, &open_one) == 0 && ::stat(path.c_str(), &named_one) == 0 &&
         open_one.st_dev == named_one.st_dev &&
         open_one.st_ino == named_one.st_ino;
}

}  // namespace

FolderLock::FolderLock(const std::filesystem::path& folder) {
  while (true) {
    CreateFolder(folder);
    fd_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    EYECHART_REQUIRE(fd_ >= 0, "{}: cannot be opened: {}", folder.string(),
                     std::strerror(errno));
    while (::flock(fd_, LOCK_EX) != 0) {
      const int error = errno;
      if (error == EINTR && InterruptSignal() == 0) continue;
      ::close(fd_);
      fd_ = -1;
      ThrowIfInterrupted();
      ThrowInput("{}: cannot be locked: {}", folder.string(),
                 std::strerror(error));
    }
    if (IsSameFolder(fd_, folder)) return;
    ::close(fd_);
    fd_ = -1;
  }
}

FolderLock::~FolderLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace eyechart
