#include "core/interrupt.h"

#include <unistd.h>

#include <csignal>
#include <cstring>

#include "core/error.h"

namespace eyechart {
namespace {

volatile std::sig_atomic_t g_signal = 0;

void OnSignal(int signal) {
  if (g_signal != 0) _exit(128 + signal);
  g_signal = signal;
}

// A page of a mapped file is gone. Nothing can be unwound from here; what is on
// disk is whole at any moment.
void OnBus(int) {
  constexpr char kText[] =
      "eyechart: error: a file became shorter while it was being read, or its "
      "disk failed\n";
  [[maybe_unused]] const auto written =
      write(STDERR_FILENO, kText, sizeof(kText) - 1);
  _exit(2);
}

}  // namespace

void InstallInterruptHandlers() {
  struct sigaction action;
  std::memset(&action, 0, sizeof(action));
  action.sa_handler = OnSignal;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  action.sa_handler = OnBus;
  sigaction(SIGBUS, &action, nullptr);
}

int InterruptSignal() { return g_signal; }

void ThrowIfInterrupted() {
  if (g_signal != 0) throw Interrupted(g_signal);
}

void ResetInterrupt() { g_signal = 0; }

}  // namespace eyechart
