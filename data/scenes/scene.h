// Pictures of several things, with boxes, polygons, a caption and questions.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/image.h"
#include "data/scenes/mask_outline.h"
#include "data/scenes/render_options.h"

namespace eyechart::scenes {

/// A thing in a scene, as far as it can be seen.
struct SceneObject {
  std::string_view category;  // a name of Things()
  int category_id = 0;        // its place in Things(), from 1
  std::string_view color;     // of NamedColors(), or empty for natural ones
  MaskOutline outline;        // of its visible pixels
};

struct SceneQuestion {
  std::string pattern;  // "color", "presence", "quantity",
                        // "position"
  std::string question;
  std::vector<std::string> options;  // two or four
  char answer = 'a';
};

struct Scene {
  data::Image image;
  std::string setting;  // "in a street"
  std::string caption;
  bool detailed = false;  // the caption tells count, orientation and place too
  std::vector<SceneObject> objects;  // from the back to the front
  std::vector<SceneQuestion> questions;
  int jpeg_quality = 90;
};

struct SceneOptions {
  RenderOptions render;
  /// Share of captions, 0 to 1, that also tell how many, which way and where;
  /// the others name things, colours and the place alone, as most captions
  /// found on the web do.
  double caption_detail = 0.1;
  /// Things in a picture, at least 1; fewer where there is no room.
  int min_objects = 2;
  int max_objects = 5;
};

/// Scene `index`; everything depends on (seed, index) and the options alone.
Scene RenderScene(std::uint64_t seed,
                  std::int64_t index,
                  const SceneOptions& options = {});

}  // namespace eyechart::scenes
