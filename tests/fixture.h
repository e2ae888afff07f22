// What tests share: the reseeded generator and temporary folders.
#pragma once

#include <filesystem>
#include <random>
#include <string>

#include "core/error.h"

namespace eyechart::testing {

inline constexpr unsigned kSeed = 20261123;

/// The generator that gtest_main.cc reseeds before each test.
std::mt19937& Rng();

/// A new empty folder, removed with its content when the object goes.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  /// `name` inside the folder.
  std::filesystem::path operator/(const std::string& name) const {
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

/// Writes `content` to `path`, making its folders.
void WriteText(const std::filesystem::path& path, const std::string& content);

/// The text of the InputError that `action` throws, or "" if it throws none.
template <typename Action>
std::string InputErrorOf(Action&& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

}  // namespace eyechart::testing
