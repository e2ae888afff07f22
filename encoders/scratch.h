// Memory that a thread keeps between calls: large fresh blocks come from the
// system page by page, which costs as much as writing them twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace eyechart::encoders {

class Scratch {
 public:
  /// At least `count` floats with undefined values, valid until the next call.
  float* Floats(std::int64_t count) {
    if (count > count_) {
      data_.reset(new float[static_cast<std::size_t>(count)]);
      count_ = count;
    }
    return data_.get();
  }

 private:
  std::unique_ptr<float[]> data_;
  std::int64_t count_ = 0;
};

}  // namespace eyechart::encoders
