// Turns SIGINT and SIGTERM into a flag that long loops look at between writes.
#pragma once

namespace eyechart {

/// Installs handlers for SIGINT and SIGTERM that only set a flag. A second
/// signal of either kind ends the process at once, for a user who insists. Also
/// one for SIGBUS, which a mapped file raises that another program cuts short:
/// it says so and exits with 2.
void InstallInterruptHandlers();

/// The signal seen so far, or 0.
int InterruptSignal();

/// Throws Interrupted if a signal was seen. Call where what is on disk is
/// whole.
void ThrowIfInterrupted();

/// Forgets a signal (tests).
void ResetInterrupt();

}  // namespace eyechart
