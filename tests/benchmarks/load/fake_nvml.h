// Sets what nvml_library.cc tells.
#pragma once

#include <dlfcn.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "benchmarks/load/nvml.h"

namespace eyechart::testing {

inline constexpr const char* kFakeBusId = "0000:3B:00.0";

/// Its GPU tells nothing but what was set since this was made.
class FakeNvml {
 public:
  FakeNvml() = default;
  FakeNvml(const FakeNvml&) = delete;
  FakeNvml& operator=(const FakeNvml&) = delete;
  ~FakeNvml() {
    for (const std::string& name : set_) unsetenv(name.c_str());
  }

  /// "SM_MHZ", "MEMORY_MHZ", "TEMPERATURE", "MILLIWATTS", "USE" (per cent),
  /// "MEMORY_USED", "LIMITS", "EVENTS" (the new name), "PIDS" ("7,8:2"),
  /// "WIDE", "COMES". Not while a thread looks.
  void Set(const std::string& key, const std::string& value) {
    set_.push_back("FAKE_NVML_" + key);
    setenv(set_.back().c_str(), value.c_str(), 1);
  }

 private:
  std::vector<std::string> set_;
};

/// Of the function `name` of `library`, which stays open.
inline int CallFake(const std::string& library, const char* name) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* symbol = handle != nullptr ? dlsym(handle, name) : nullptr;
  return symbol != nullptr ? reinterpret_cast<int (*)()>(symbol)() : -1;
}

}  // namespace eyechart::testing
