#include "encoders/device.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/util/Exception.h>

#include <exception>
#include <optional>
#include <string_view>

#include "core/error.h"
#include "core/text.h"

namespace eyechart::encoders {
namespace {

#ifdef EYECHART_CUDA
constexpr bool kBuiltWithCuda = true;
#else
constexpr bool kBuiltWithCuda = false;
#endif

// LibTorch warns on stderr where it finds no driver; we say it in the error.
// Of what it says the first line is meant for people, the rest are its stack
// frames.
class KeptWarning final : public c10::WarningHandler {
 public:
  void process(const c10::Warning& warning) override {
    text_ = FirstLine(warning.msg());
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

struct CudaDevices {
  std::int64_t count = 0;
  std::string reason;  // why there are none, where LibTorch says it
};

CudaDevices CountCudaDevices() {
  KeptWarning warning;
  const c10::WarningUtils::WarningHandlerGuard guard(&warning);
  try {
    if (!at::hasCUDA()) return {0, warning.text()};
    return {at::detail::getCUDAHooks().deviceCount(), warning.text()};
  } catch (const c10::Error& error) {
    return {0, FirstLine(error.what_without_backtrace())};
  }
}

}  // namespace

c10::Device ParseDevice(const std::string& name) {
  if (name == "cpu") return c10::kCPU;
  const std::string_view view(name);
  const bool indexed = view.starts_with("cuda:");
  const auto index = indexed ? ParseInt(view.substr(5)) : std::optional{0L};
  EYECHART_REQUIRE(
      (name == "cuda" || indexed) && index && *index >= 0 && *index < 128,
      "device \"{}\": should be cpu, cuda or cuda:N", name);
  EYECHART_REQUIRE(kBuiltWithCuda,
                   "device \"{}\": this eyechart is built with a LibTorch "
                   "without CUDA; use --device cpu",
                   name);
  const CudaDevices devices = CountCudaDevices();
  EYECHART_REQUIRE(devices.count > 0,
                   "device \"{}\": no CUDA device is here{}{}; use "
                   "--device cpu",
                   name, devices.reason.empty() ? "" : ": ", devices.reason);
  EYECHART_REQUIRE(*index < devices.count,
                   "device \"{}\": there {} here, counted from cuda:0; use one "
                   "of them, or --device cpu",
                   name,
                   devices.count == 1
                       ? std::string("is 1 CUDA device")
                       : fmt::format("are {} CUDA devices", devices.count));
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(*index)};
}

bool ParseTf32(const std::string& name, c10::Device device) {
  EYECHART_REQUIRE(name == "off" || name == "on",
                   "tf32 \"{}\": should be off or on", name);
  EYECHART_REQUIRE(name == "off" || device.is_cuda(),
                   "tf32 \"on\": only CUDA devices have it, not device {}; "
                   "leave it off",
                   device.str());
  return name == "on";
}

void AllowTf32(bool allow) {
  at::globalContext().setAllowTF32CuBLAS(allow);
  at::globalContext().setAllowTF32CuDNN(allow);
}

}  // namespace eyechart::encoders
