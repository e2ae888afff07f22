// The gallery's HTML: what it holds goes in, a page comes out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace eyechart::mining {

/// One number of the page's head, all as text.
struct GalleryFact {
  std::string name;
  std::string value;
  std::string note;  // small print, or empty
};

struct GalleryPage {
  std::string near_model;
  std::string far_model;
  double near_min = 0;
  double far_max = 0;
  std::vector<GalleryFact> facts;
  std::string command;  // or empty
  std::string figure;   // an <svg>, put in as it is; or empty
  /// What the script shows: {near_model, far_model, near_min, far_max,
  /// copies_hidden, pictures: [{id, label, src, error}], pairs: [{rank, id,
  /// near, far, gap, pattern, copy, a, b}]} with a and b indices of pictures;
  /// pattern and copy may lack.
  Json data;
};

/// The whole page. Texts are escaped and the data cannot leave its script
/// element, whatever the file names hold.
std::string RenderGalleryPage(const GalleryPage& page);

// Its parts, each in a file of its own.
std::string_view GalleryStyle();
std::string_view GalleryScript();

}  // namespace eyechart::mining
