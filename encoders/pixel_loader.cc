#include "encoders/pixel_loader.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/hash.h"
#include "data/decode.h"

namespace eyechart::encoders {

PixelLoader::PixelLoader(const data::Dataset& dataset,
                         const data::PreprocessOptions& preprocess,
                         std::vector<bool> decode,
                         const PixelLoaderOptions& options)
    : dataset_(dataset),
      preprocess_(preprocess),
      decode_(std::move(decode)),
      slots_(static_cast<std::size_t>(
          std::max<std::int64_t>(1, options.capacity))) {
  EYECHART_CHECK(decode_.size() == dataset.size(), "{} flags for {} pictures",
                 decode_.size(), dataset.size());
  const unsigned hardware = std::max(1u, std::thread::hardware_concurrency());
  const int workers =
      options.workers > 0 ? options.workers : static_cast<int>(hardware);
  for (int i = 0; i < workers; ++i) threads_.emplace_back([this] { Work(); });
}

PixelLoader::~PixelLoader() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  room_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

LoadedPicture PixelLoader::Load(std::int64_t index) const {
  LoadedPicture loaded;
  const auto i = static_cast<std::size_t>(index);
  try {
    const std::string bytes = dataset_.Read(i);
    loaded.sha256 = Sha256Hex(bytes);
    if (decode_[i]) {
      data::Prepared prepared = data::DecodeAndPreprocess(bytes, preprocess_);
      loaded.note = std::move(prepared.note);
      loaded.pixels = std::move(prepared.pixels);
      loaded.width = prepared.width;
      loaded.height = prepared.height;
    }
    loaded.status = "ok";
  } catch (const InputError& error) {
    loaded.status = error.what();
  }
  return loaded;
}

void PixelLoader::Work() {
  const auto total = static_cast<std::int64_t>(dataset_.size());
  const auto capacity = static_cast<std::int64_t>(slots_.size());
  while (true) {
    std::int64_t index = 0;
    {
      std::unique_lock lock(mutex_);
      room_.wait(lock, [&] {
        return stop_ || next_load_ >= total ||
               next_load_ < next_out_ + capacity;
      });
      if (stop_ || next_load_ >= total) return;
      index = next_load_++;
    }
    LoadedPicture loaded;
    std::exception_ptr error;
    try {
      loaded = Load(index);
    } catch (...) {
      error = std::current_exception();
    }
    {
      const std::lock_guard lock(mutex_);
      if (error && !error_) error_ = error;
      Slot& slot = slots_[static_cast<std::size_t>(index % capacity)];
      slot.picture = std::move(loaded);
      slot.ready = true;
    }
    ready_.notify_one();
  }
}

LoadedPicture PixelLoader::Next() {
  std::unique_lock lock(mutex_);
  EYECHART_CHECK(next_out_ < static_cast<std::int64_t>(dataset_.size()),
                 "past the last picture");
  Slot& slot = slots_[static_cast<std::size_t>(
      next_out_ % static_cast<std::int64_t>(slots_.size()))];
  ready_.wait(lock, [&] { return slot.ready || error_; });
  if (error_) std::rethrow_exception(error_);
  LoadedPicture picture = std::move(slot.picture);
  slot = Slot();
  ++next_out_;
  lock.unlock();
  room_.notify_all();
  return picture;
}

}  // namespace eyechart::encoders
