// Files that a benchmark reads.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "core/error.h"

namespace eyechart::benchmarks {

/// A new temporary folder, removed with all that is in it at the end. Throws
/// InputError where none can be made.
class Scratch {
 public:
  Scratch() {
    std::string name =
        (std::filesystem::temp_directory_path() / "eyechart-micro-XXXXXX")
            .string();
    EYECHART_REQUIRE(::mkdtemp(name.data()) != nullptr,
                     "{}: no temporary folder can be made; set TMPDIR", name);
    path_ = name;
  }
  ~Scratch() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace eyechart::benchmarks
