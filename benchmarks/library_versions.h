// Versions of the libraries that do the work.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace eyechart::benchmarks {

/// Library -> version: faiss, mkl, onednn and opencv, and in a CUDA build
/// cuda_runtime and cudnn. One that LibTorch was built without is left out.
std::map<std::string, std::string> LibraryVersions();

/// What OpenCV was built for, "SSE SSE2 SSE3 *SSE4.1 *AVX2 *AVX512-SKX?": with
/// '*' chosen at run time, with '?' not of this processor.
std::string OpenCvCpuFeatures();

/// The first "N.N" or "N.N.N..." in `text`, or "": "2024.2" of MKL's
/// "Intel(R) oneAPI Math Kernel Library Version 2024.2-Product Build ...".
std::string VersionIn(std::string_view text);

/// cuDNN's number of a version as "9.13.1": 10000 major + 100 minor + patch,
/// before version 9 1000 major.
std::string CudnnVersionText(long version);

}  // namespace eyechart::benchmarks
