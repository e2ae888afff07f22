// gallery.json as mining writes it, checked before anything of it is shown.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "reports/run_folder.h"

namespace eyechart::reports {

/// One picture of a pair.
struct GalleryPicture {
  std::string id;
  std::string label;
  std::string src;  // a data: URI of an image; "" where there was no such
};

struct GalleryPair {
  std::int64_t rank = 0;
  double near_cosine = 0;
  double far_cosine = 0;
  double gap = 0;
  GalleryPicture a;
  GalleryPicture b;
};

/// The mined pairs of one cell.
struct Gallery {
  std::size_t run = 0;  // index of the run
  std::string cell;
  std::string near_model;
  std::string far_model;
  double near_min = 0;  // cosine
  double far_max = 0;   // cosine
  std::vector<GalleryPair> pairs;
};

/// The galleries of all runs, by run and cell. Throws InputError naming run,
/// cell and key where one is not as mining writes it. A source that does not
/// start with "data:image/" is dropped: a report loads nothing.
std::vector<Gallery> ReadGalleries(std::span<const RunFolder> runs);

}  // namespace eyechart::reports
