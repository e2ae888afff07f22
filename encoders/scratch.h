// Memory that a thread keeps between calls: large fresh blocks come from the
// system page by page, which costs as much as writing them twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace eyechart::encoders {

class Scratch {
 public:
  /// At least `count` floats with undefined values, on a line of the cache,
  /// valid until the next call.
  float* Floats(std::int64_t count) {
    if (count > count_) {
      data_.reset();
      data_.reset(static_cast<float*>(::operator new(
          static_cast<std::size_t>(count) * sizeof(float), kAlignment)));
      count_ = count;
    }
    return data_.get();
  }

 private:
  static constexpr std::align_val_t kAlignment{64};

  struct Release {
    void operator()(float* data) const { ::operator delete(data, kAlignment); }
  };

  std::unique_ptr<float[], Release> data_;
  std::int64_t count_ = 0;
};

}  // namespace eyechart::encoders
