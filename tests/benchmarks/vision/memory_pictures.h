// Pictures in memory, as PNG.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/random.h"
#include "data/dataset.h"
#include "data/scenes/encode.h"

namespace eyechart::benchmarks::testing {

/// Random pixels.
inline std::string RandomPng(int width, int height, std::uint64_t seed) {
  Random random(seed);
  data::Image image{width, height, {}};
  for (int p = 0; p < width * height * 3; ++p)
    image.pixels.push_back(static_cast<std::uint8_t>(random.Below(256)));
  return scenes::EncodePng(image);
}

using Files = std::vector<std::pair<std::string, std::string>>;

/// Files by name; a file without bytes cannot be read.
class MemoryPictures final : public data::Dataset {
 public:
  explicit MemoryPictures(Files files) {
    for (auto& [path, bytes] : files) {
      items_.push_back({path, path, ""});
      files_.push_back(std::move(bytes));
    }
  }
  std::size_t size() const override { return items_.size(); }
  const data::Item& item(std::size_t index) const override {
    return items_[index];
  }
  std::string Read(std::size_t index) const override {
    EYECHART_REQUIRE(!files_[index].empty(), "{}: no such file",
                     items_[index].path);
    return files_[index];
  }
  const std::string& name() const override { return name_; }

 private:
  std::vector<data::Item> items_;
  std::vector<std::string> files_;
  const std::string name_ = "memory";
};

}  // namespace eyechart::benchmarks::testing
