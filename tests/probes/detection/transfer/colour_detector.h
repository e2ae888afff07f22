// An exported detector whose boxes are known: a TorchScript program that finds
// the red and the green of a picture, exactly where they are.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>

#include "core/json.h"
#include "data/boxes/box_dataset.h"
#include "data/image.h"
#include "data/scenes/encode.h"
#include "tests/fixture.h"

namespace eyechart::detection::testing {

/// Edges of a mask (B, H, W) as corners (B, 4) in pixels.
inline constexpr const char* kColourEdges = R"(
def edges(self, mask):
    across = torch.amax(mask, [1])
    down = torch.amax(mask, [2])
    x = torch.cumsum(torch.ones_like(across), 1)
    y = torch.cumsum(torch.ones_like(down), 1)
    w = across.size(1)
    h = down.size(1)
    return torch.stack([w - torch.amax(across * (w + 1 - x), [1]),
                        h - torch.amax(down * (h + 1 - y), [1]),
                        torch.amax(across * x, [1]),
                        torch.amax(down * y, [1])], 1)

def masks(self, x):
    red = ((x.select(1, 0) - x.select(1, 1)) > 0.5) * 1.0
    green = ((x.select(1, 1) - x.select(1, 0)) > 0.5) * 1.0
    return red, green
)";

/// Results 0, 1, 2: corners in pixels of red (score 0.9, label 0), red again
/// and a pixel to the right (0.5, 0), green (0.8, 1); the score is 0 where the
/// colour is not there.
inline constexpr const char* kLabelledForward = R"(
def forward(self, x):
    red, green = self.masks(x)
    a = self.edges(red)
    b = self.edges(green)
    seen = torch.amax(red, [1, 2])
    scores = torch.stack([seen * 0.9, seen * 0.5,
                          torch.amax(green, [1, 2]) * 0.8], 1)
    labels = torch.stack([torch.zeros_like(seen), torch.zeros_like(seen),
                          torch.ones_like(seen)], 1)
    shifted = a + torch.stack([seen, seen * 0, seen, seen * 0], 1)
    return torch.stack([a, shifted, b], 1), scores, labels
)";

/// {"pred_boxes", "pred_logits"}, as DETR's: red and green once, centres and
/// sides as parts of the input, logits of their sigmoid's 0.9 and 0.8.
inline constexpr const char* kDetrForward = R"(
def forward(self, x):
    red, green = self.masks(x)
    corners = torch.stack([self.edges(red), self.edges(green)], 1)
    first = corners.narrow(2, 0, 2)
    second = corners.narrow(2, 2, 2)
    boxes = torch.cat([(first + second) / 2, second - first], 2)
    boxes = boxes / float(x.size(3))
    a = torch.amax(red, [1, 2]) * 32.1972246 - 30
    b = torch.amax(green, [1, 2]) * 31.3862944 - 30
    none = torch.ones_like(a) * -30
    logits = torch.stack([torch.stack([a, none], 1),
                          torch.stack([none, b], 1)], 1)
    return {"pred_logits": logits, "pred_boxes": boxes}
)";

/// One tensor (B, 4 + 2, 2) in columns, as YOLO's: centres and sides in pixels,
/// then a probability a class.
inline constexpr const char* kYoloForward = R"(
def forward(self, x):
    red, green = self.masks(x)
    corners = torch.stack([self.edges(red), self.edges(green)], 1)
    first = corners.narrow(2, 0, 2)
    second = corners.narrow(2, 2, 2)
    a = torch.amax(red, [1, 2]) * 0.9
    b = torch.amax(green, [1, 2]) * 0.8
    none = torch.zeros_like(a)
    scores = torch.stack([torch.stack([a, none], 1),
                          torch.stack([none, b], 1)], 1)
    return torch.cat([(first + second) / 2, second - first, scores],
                     2).transpose(1, 2)
)";

/// The "detector" of each.
inline Json LabelledAnswers(bool needs_nms = false) {
  return {{"boxes", 0},  {"format", "xyxy"}, {"normalized", false},
          {"scores", 1}, {"labels", 2},      {"needs_nms", needs_nms}};
}
inline Json DetrAnswers() {
  return {{"boxes", "pred_boxes"},   {"format", "cxcywh"},
          {"normalized", true},      {"logits", "pred_logits"},
          {"activation", "sigmoid"}, {"needs_nms", false}};
}
inline Json YoloAnswers() {
  return {{"boxes", {{"output", 0}, {"from", 0}, {"to", 4}}},
          {"format", "cxcywh"},
          {"normalized", false},
          {"layout", "columns"},
          {"logits", {{"output", 0}, {"from", 4}}},
          {"activation", "none"},
          {"needs_nms", true}};
}

/// An eyechart.json for an input of `side` pixels.
inline Json ColourConfig(const Json& answers, int side = 64) {
  return {{"format", "torchscript"},
          {"model", "detector.pt"},
          {"image_size", side},
          {"preprocess",
           {{"image_processor_type", "CLIPImageProcessor"},
            {"do_normalize", false},
            {"size", {{"height", side}, {"width", side}}},
            {"do_center_crop", false}}},
          {"detector", answers},
          {"categories", {"red", "green"}}};
}

inline void WriteConfig(const std::filesystem::path& folder,
                        const Json& config) {
  eyechart::testing::WriteText(folder / "eyechart.json", config.dump());
}

/// `folder`/detector.pt with `forward`, and its eyechart.json.
inline void WriteColourDetector(const std::filesystem::path& folder,
                                const char* forward,
                                const Json& config) {
  WriteConfig(folder, config);
  torch::jit::Module module("ColourDetector");
  module.define(kColourEdges);
  module.define(forward);
  module.save((folder / "detector.pt").string());
}

/// A part of a picture in pixels: x, y, width, height; empty: none.
struct Patch {
  int x = 0, y = 0, w = 0, h = 0;
};

/// Grey, with a red and a green patch, as PNG.
inline std::string ColourPng(int width,
                             int height,
                             const Patch& red,
                             const Patch& green) {
  data::Image image{width, height, {}};
  image.pixels.assign(static_cast<std::size_t>(3 * width * height), 128);
  const auto paint = [&](const Patch& patch, int channel) {
    for (int y = patch.y; y < patch.y + patch.h; ++y)
      for (int x = patch.x; x < patch.x + patch.w; ++x)
        for (int c = 0; c < 3; ++c)
          image.pixels[static_cast<std::size_t>(3 * (y * width + x) + c)] =
              c == channel ? 255 : 0;
  };
  paint(red, 0);
  paint(green, 1);
  return scenes::EncodePng(image);
}

/// Four pictures of 64 x 64 in `folder`, their boxes what the detectors above
/// find, category by category; the second has no green.
inline data::BoxDataset ColourSet(const std::filesystem::path& folder) {
  data::BoxDataset set;
  set.name = set.source = folder.string();
  set.kind = "coco";
  set.categories = {{1, "red", ""}, {2, "green", ""}};
  for (int i = 0; i < 4; ++i) {
    const Patch red = {2 + 3 * i, 4, 14 + i, 20};
    const Patch green = i == 1 ? Patch{} : Patch{34, 30 - i, 18, 25};
    data::BoxImage row;
    row.number = i + 1;
    row.id = std::to_string(i + 1);
    row.path = row.id + ".png";
    row.file = folder / row.path;
    row.width = row.height = 64;
    eyechart::testing::WriteText(row.file, ColourPng(64, 64, red, green));
    set.images.push_back(row);
    std::size_t category = 0;
    for (const Patch& patch : {red, green}) {
      if (patch.w > 0) {
        data::TrueBox box;
        box.image = static_cast<std::size_t>(i);
        box.category = category;
        box.x = patch.x;
        box.y = patch.y;
        box.w = patch.w;
        box.h = patch.h;
        box.area = box.w * box.h;
        box.id = static_cast<std::int64_t>(set.boxes.size()) + 1;
        set.boxes.push_back(box);
      }
      ++category;
    }
  }
  return set;
}

}  // namespace eyechart::detection::testing
