// Several files in one input, as a folder.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fixture.h"

namespace eyechart::fuzz {

/// Between the files of an input; JSON has no use for the character.
inline constexpr char kSeparator = '\x1e';

/// One folder for all inputs, for speed: each rewrites its files.
class InputFolder {
 public:
  explicit InputFolder(std::vector<std::string> names)
      : names_(std::move(names)) {}

  /// The parts of `input` as the files, in the names' order; where a part is
  /// missing or empty there is no file.
  void Fill(std::string_view input) {
    for (const std::string& name : names_) {
      const std::size_t end = input.find(kSeparator);
      const std::string part(input.substr(0, end));
      input.remove_prefix(end == input.npos ? input.size() : end + 1);
      if (part.empty())
        std::filesystem::remove(folder_ / name);
      else
        testing::WriteText(folder_ / name, part);
    }
  }

  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  std::vector<std::string> names_;
  testing::TempFolder folder_;
};

/// The parts as one input.
inline std::string Joined(const std::vector<std::string>& parts) {
  std::string input;
  for (const std::string& part : parts) input += part + kSeparator;
  return input;
}

}  // namespace eyechart::fuzz
