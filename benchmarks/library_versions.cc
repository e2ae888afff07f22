#include "benchmarks/library_versions.h"

#include <ATen/Version.h>
#include <faiss/Index.h>
#include <fmt/format.h>

#include <opencv2/core/utility.hpp>

#ifdef EYECHART_CUDA
#include <ATen/detail/CUDAHooksInterface.h>
#include <cuda_runtime_api.h>

#include "benchmarks/gpus.h"
#endif

namespace eyechart::benchmarks {

std::map<std::string, std::string> LibraryVersions() {
  std::map<std::string, std::string> versions = {
      {"faiss", fmt::format("{}.{}.{}", FAISS_VERSION_MAJOR,
                            FAISS_VERSION_MINOR, FAISS_VERSION_PATCH)},
      {"mkl", VersionIn(at::get_mkl_version())},
      {"onednn", VersionIn(at::get_mkldnn_version())},
      {"opencv", cv::getVersionString()}};
#ifdef EYECHART_CUDA
  int runtime = 0;
  if (cudaRuntimeGetVersion(&runtime) == cudaSuccess)
    versions["cuda_runtime"] = CudaVersionText(runtime);
  if (const auto& hooks = at::detail::getCUDAHooks(); hooks.hasCuDNN())
    versions["cudnn"] = CudnnVersionText(hooks.versionCuDNN());
#endif
  std::erase_if(versions, [](const auto& one) { return one.second.empty(); });
  return versions;
}

std::string OpenCvCpuFeatures() { return cv::getCPUFeaturesLine(); }

std::string VersionIn(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789";
  for (std::size_t begin = 0;
       (begin = text.find_first_of(kDigits, begin)) != text.npos;) {
    std::size_t end = text.find_first_not_of("0123456789.", begin);
    if (end == text.npos) end = text.size();
    const std::string_view number = text.substr(begin, end - begin);
    const std::size_t last = number.find_last_of(kDigits);
    if (number.find('.') < last) return std::string(number.substr(0, last + 1));
    begin = end;
  }
  return "";
}

std::string CudnnVersionText(long version) {
  const long major = version >= 90000 ? 10000 : 1000;
  return fmt::format("{}.{}.{}", version / major, version % major / 100,
                     version % 100);
}

}  // namespace eyechart::benchmarks
