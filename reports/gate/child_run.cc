#include "reports/gate/child_run.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string_view>
#include <thread>

#include "core/error.h"
#include "core/files.h"
#include "core/interrupt.h"

extern char** environ;

namespace eyechart::reports {
namespace {

namespace fs = std::filesystem;

std::int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void RequireRunnable(const ChildOptions& options) {
  const std::string binary = options.binary.string();
  EYECHART_REQUIRE(fs::is_regular_file(options.binary),
                   "{}: no such file; give the path of an eyechart program",
                   binary);
  EYECHART_REQUIRE(::access(binary.c_str(), X_OK) == 0,
                   "{}: cannot be executed: {}", binary, std::strerror(errno));
  for (const fs::path& log : {options.out_log, options.err_log})
    EYECHART_REQUIRE(fs::is_directory(log.parent_path()),
                     "{}: no such folder for a log",
                     log.parent_path().string());
}

// What posix_spawn is told; released at the end.
class SpawnPlan {
 public:
  explicit SpawnPlan(const ChildOptions& options) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC;
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null",
                                     O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO,
                                     options.out_log.c_str(), kFlags, 0644);
    posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO,
                                     options.err_log.c_str(), kFlags, 0644);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attributes_, 0);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

pid_t Start(const ChildOptions& options) {
  // Without a slash it would still be taken from here, as the text says.
  std::vector<std::string> all = {fs::absolute(options.binary).string()};
  all.insert(all.end(), options.arguments.begin(), options.arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : all) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const SpawnPlan plan(options);
  pid_t pid = -1;
  const int error = posix_spawn(&pid, argv.front(), plan.actions(),
                                plan.attributes(), argv.data(), environ);
  EYECHART_REQUIRE(error == 0, "{}: cannot be started: {}", all.front(),
                   std::strerror(error));
  return pid;
}

// Looks up 200 times a second: rare enough not to disturb what is measured, and
// no signal can slip in between a look and a sleep for good.
int WaitFor(pid_t pid) {
  bool told = false;
  int status = 0;
  while (true) {
    const pid_t ended = ::waitpid(pid, &status, WNOHANG);
    if (ended == pid) return status;
    EYECHART_CHECK(ended == 0 || errno == EINTR, "waitpid: {}",
                   std::strerror(errno));
    if (const int signal = InterruptSignal(); signal != 0 && !told) {
      ::kill(pid, signal);
      told = true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace

std::string ChildEnd::Text() const {
  if (signal == 0) return fmt::format("exit code {}", exit_code);
  return fmt::format("signal {} ({})", signal, ::strsignal(signal));
}

ChildEnd RunChild(const ChildOptions& options) {
  ThrowIfInterrupted();
  RequireRunnable(options);
  ChildEnd end;
  end.began_ns = NowNs();
  const int status = WaitFor(Start(options));
  end.ended_ns = NowNs();
  if (WIFEXITED(status)) {
    end.exit_code = WEXITSTATUS(status);
  } else {
    end.signal = WTERMSIG(status);
  }
  ThrowIfInterrupted();
  return end;
}

std::string LastLine(const fs::path& log) {
  if (!fs::exists(log)) return "";
  const std::string text = ReadFile(log);
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  if (last == std::string::npos) return "";
  const std::size_t before = text.rfind('\n', last);
  const std::size_t begin = before == std::string::npos ? 0 : before + 1;
  constexpr std::size_t kBytes = 300;
  return text.substr(begin, std::min(kBytes, last + 1 - begin));
}

}  // namespace eyechart::reports
