#include "tests/cli/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <thread>

#include "tests/fixture.h"

extern char** environ;

namespace eyechart::testing {
namespace {

std::string Content(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

pid_t Start(const char* binary,
            const std::vector<std::string>& arguments,
            const std::filesystem::path& out,
            const std::filesystem::path& err) {
  std::vector<std::string> all = {binary};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : all) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const int flags = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), flags, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), flags, 0600);
  pid_t pid = -1;
  const int error =
      posix_spawn(&pid, binary, &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  EXPECT_EQ(error, 0);
  return pid;
}

ProcessResult Finish(pid_t pid,
                     const std::filesystem::path& out,
                     const std::filesystem::path& err) {
  int status = 0;
  waitpid(pid, &status, 0);
  ProcessResult result;
  result.exit_code =
      WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result.out = Content(out);
  result.err = Content(err);
  return result;
}

}  // namespace

ProcessResult Eyechart(const std::vector<std::string>& arguments) {
  const TempFolder folder;
  const pid_t pid =
      Start(EYECHART_BINARY, arguments, folder / "out", folder / "err");
  return Finish(pid, folder / "out", folder / "err");
}

ProcessResult EyechartTorch(const std::vector<std::string>& arguments) {
  const TempFolder folder;
  const pid_t pid =
      Start(EYECHART_TORCH_BINARY, arguments, folder / "out", folder / "err");
  return Finish(pid, folder / "out", folder / "err");
}

ProcessResult EyechartWithSignal(const std::vector<std::string>& arguments,
                                 int signal,
                                 std::chrono::milliseconds delay) {
  const TempFolder folder;
  const pid_t pid =
      Start(EYECHART_BINARY, arguments, folder / "out", folder / "err");
  std::this_thread::sleep_for(delay);
  kill(pid, signal);  // not yet waited for: the pid is still its own
  return Finish(pid, folder / "out", folder / "err");
}

Json EyechartJson(std::vector<std::string> arguments) {
  arguments.emplace_back("--json");
  const ProcessResult result = Eyechart(arguments);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return ParseJson(result.out, "stdout");
}

std::string Refused(const std::vector<std::string>& arguments) {
  const ProcessResult result = Eyechart(arguments);
  EXPECT_EQ(result.exit_code, 2) << result.err;
  EXPECT_TRUE(result.out.empty()) << result.out;
  return result.err;
}

std::string EyechartBinary() { return EYECHART_BINARY; }

std::string DemoCheckpoint(const std::string& name) {
  return std::string(EYECHART_DEMO) + "/checkpoints/" + name;
}

}  // namespace eyechart::testing
