// A data set in memory: each picture is a plain BMP of its own colour and size.
#pragma once

#include <string>
#include <vector>

#include "core/error.h"
#include "data/dataset.h"

namespace eyechart::testing {

/// A 24-bit BMP of width x height, every pixel (value, value, value).
inline std::string PlainBmp(int width, int height, unsigned char value) {
  const int row = (width * 3 + 3) / 4 * 4;
  std::string bytes(static_cast<std::size_t>(54 + row * height), '\0');
  const auto put = [&bytes](std::size_t at, int number, int size) {
    for (int i = 0; i < size; ++i)
      bytes[at + static_cast<std::size_t>(i)] =
          static_cast<char>((number >> (8 * i)) & 255);
  };
  bytes[0] = 'B';
  bytes[1] = 'M';
  put(2, 54 + row * height, 4);
  put(10, 54, 4);
  put(14, 40, 4);
  put(18, width, 4);
  put(22, height, 4);
  put(26, 1, 2);
  put(28, 24, 2);
  for (std::size_t i = 54; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>(value);
  return bytes;
}

class FakePictures final : public data::Dataset {
 public:
  void Add(const std::string& bytes) {
    const std::string id = std::to_string(items_.size());
    items_.push_back({id, id + ".bmp", ""});
    bytes_.push_back(bytes);
  }
  void Replace(std::size_t index, const std::string& bytes) {
    bytes_[index] = bytes;
  }
  std::size_t size() const override { return items_.size(); }
  const data::Item& item(std::size_t i) const override { return items_[i]; }
  std::string Read(std::size_t i) const override {
    EYECHART_REQUIRE(bytes_[i] != "gone", "cannot be opened");
    if (bytes_[i] == "defect") throw std::logic_error("a defect");
    return bytes_[i];
  }
  const std::string& name() const override { return name_; }

 private:
  std::string name_ = "fake";
  std::vector<data::Item> items_;
  std::vector<std::string> bytes_;
};

}  // namespace eyechart::testing
