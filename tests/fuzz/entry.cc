// libFuzzer's entry point.
#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/fuzz/target.h"

// The name is libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  eyechart::fuzz::Reads({reinterpret_cast<const char*>(data), size});
  return 0;
}
