// What MKL's functions of vectors need before threads share them.
#pragma once

namespace eyechart::encoders {

/// Calls each of MKL's functions of vectors (exp, sqrt, ...) once, on one
/// thread. MKL picks the code of such a function on its first call; where two
/// threads make it at once, one of them may get the code of low accuracy for
/// that call, with relative errors up to 3e-4 in its share (oneMKL 2024.2,
/// pytorch/pytorch#188792; mended in oneMKL 2025.0). For programs, at the start
/// of main: takes some 2 ms, and nothing when called again.
void SettleVectorMath();

}  // namespace eyechart::encoders
