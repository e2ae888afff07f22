// A detection set as a head is trained on it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "data/boxes/box_dataset.h"
#include "data/decode.h"
#include "data/image.h"
#include "probes/detection/detection_head.h"
#include "probes/detection/transfer/canvas.h"

namespace eyechart::detection {

/// Bytes of the picture at a place of a set. Throws InputError.
using PictureBytes = std::function<std::string(std::size_t image)>;

/// Corners in pixels of a picture that was decoded as width x height, in those
/// that the set says it has and its boxes are in: a list may have been written
/// for another size, or for the picture before it was turned. The same where
/// the set says no size.
Corners ToSet(const Corners& box,
              const data::BoxImage& image,
              int width,
              int height);

/// The pictures of a set that are there, with their boxes by picture. The set
/// outlives it. Reading is safe from several threads.
class BoxExamples {
 public:
  /// Pictures that are missing are left out and told by `problems`. `read`
  /// takes the place of the pictures' files. Throws InputError where none is
  /// left.
  explicit BoxExamples(const data::BoxDataset& dataset, PictureBytes read = {});

  std::int64_t size() const { return static_cast<std::int64_t>(kept_.size()); }
  const data::BoxDataset& dataset() const { return dataset_; }
  /// The picture's place in the set.
  std::size_t image(std::int64_t example) const {
    return kept_[static_cast<std::size_t>(example)];
  }
  /// Of its boxes in the set.
  const std::vector<std::size_t>& boxes(std::int64_t example) const {
    return boxes_[image(example)];
  }

  /// Decoded. Throws InputError, naming the file, where that fails.
  data::Image Read(std::int64_t example,
                   const data::DecodeOptions& options) const;

  /// Its boxes where `placing` puts them, of a picture of width x height as it
  /// was decoded. Crowds, boxes of which less than a quarter is seen and those
  /// of less than a pixel are `ignored`.
  BoxTargets Targets(std::int64_t example,
                     const Placing& placing,
                     const Canvas& canvas,
                     int width,
                     int height) const;

  /// "path: why" of each picture left out.
  const std::vector<std::string>& problems() const { return problems_; }

  /// Notes as what the picture was decoded, in pixels. Read does so; this is
  /// for who decodes by itself. Safe from several threads.
  void NoteSize(std::int64_t example, int width, int height) const;
  /// "path: W x H pixels, the set says W x H" of each picture that was decoded
  /// at another size than the set says, as far as they were read.
  std::vector<std::string> other_sizes() const;

 private:
  const data::BoxDataset& dataset_;
  PictureBytes read_;
  std::vector<std::size_t> kept_;
  std::vector<std::vector<std::size_t>> boxes_;  // by image
  std::vector<std::string> problems_;
  mutable std::mutex mutex_;
  mutable std::map<std::size_t, data::PictureSize> other_sizes_;  // by image
};

}  // namespace eyechart::detection
