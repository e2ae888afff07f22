#include "cli/scratch_folder.h"

#include <unistd.h>

#include <cstdlib>
#include <string>
#include <system_error>

#include "core/error.h"

namespace eyechart::cli {

namespace fs = std::filesystem;

ScratchFolder::ScratchFolder() {
  std::string name = (fs::temp_directory_path() / "eyechart-XXXXXX").string();
  EYECHART_REQUIRE(::mkdtemp(name.data()) != nullptr,
                   "{}: no temporary folder can be made; give an output folder",
                   fs::temp_directory_path().string());
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code error;
  fs::remove_all(path_, error);
}

}  // namespace eyechart::cli
