// Decodes and preprocesses pictures on worker threads, ahead of the model.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "data/dataset.h"
#include "data/preprocess.h"

namespace eyechart::encoders {

/// One picture, ready for the model, or the reason why it is not.
struct LoadedPicture {
  data::Pixels pixels;  // empty where unreadable, and when only hashing
  std::string status;   // "ok", or why the picture could not be read
  std::string note;     // a warning
  std::string sha256;   // of the file; empty where it could not be opened
  int width = 0;        // of the picture itself, in pixels
  int height = 0;
};

struct PixelLoaderOptions {
  /// Worker threads; 0 takes one a hardware thread.
  int workers = 0;
  /// Pictures held at most, ready or in work: what bounds memory.
  std::int64_t capacity = 64;
};

/// Hands out the pictures [begin, end) of a data set in order; `decode(i)`
/// tells whether picture i is decoded or only hashed. Worker threads run from
/// construction to destruction; Next() is for one thread.
class PixelLoader {
 public:
  PixelLoader(const data::Dataset& dataset,
              const data::PreprocessOptions& preprocess,
              std::vector<bool> decode,
              const PixelLoaderOptions& options);
  ~PixelLoader();
  PixelLoader(const PixelLoader&) = delete;
  PixelLoader& operator=(const PixelLoader&) = delete;

  /// The next picture; waits for it. Rethrows what a worker threw.
  LoadedPicture Next();

 private:
  void Work();
  LoadedPicture Load(std::int64_t index) const;

  struct Slot {
    bool ready = false;
    LoadedPicture picture;
  };

  const data::Dataset& dataset_;
  const data::PreprocessOptions preprocess_;
  const std::vector<bool> decode_;
  std::vector<Slot> slots_;
  std::mutex mutex_;
  std::condition_variable ready_;  // the consumer's next slot was filled
  std::condition_variable room_;   // a slot was emptied, or we stop
  std::int64_t next_load_ = 0;
  std::int64_t next_out_ = 0;
  bool stop_ = false;
  std::exception_ptr error_;
  std::vector<std::thread> threads_;
};

}  // namespace eyechart::encoders
