#include "data/scenes/scene.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <utility>

#include "core/error.h"
#include "data/scenes/canvas.h"
#include "data/scenes/capture.h"
#include "data/scenes/pattern_draft.h"
#include "data/scenes/scene_text.h"
#include "data/scenes/setting.h"

namespace eyechart::scenes {
namespace {

// What may be seen in a place, and how large: shares of the picture's side.
struct Guest {
  std::string_view name;
  double share;
  bool floats = false;
};

constexpr std::array kMeadow = {
    Guest{"dog", 0.27},        Guest{"horse", 0.36},
    Guest{"bird", 0.19},       Guest{"house", 0.46},
    Guest{"tree", 0.48},       Guest{"flower", 0.24},
    Guest{"ball", 0.14},       Guest{"balloon", 0.26, true},
    Guest{"plane", 0.26, true}};
constexpr std::array kStreet = {Guest{"car", 0.4},
                                Guest{"bus", 0.56},
                                Guest{"dog", 0.22},
                                Guest{"tree", 0.46},
                                Guest{"traffic light", 0.42},
                                Guest{"arrow sign", 0.38},
                                Guest{"car", 0.4}};
constexpr std::array kRoom = {Guest{"chair", 0.42}, Guest{"ball", 0.16},
                              Guest{"cat", 0.3},    Guest{"dog", 0.32},
                              Guest{"lamp", 0.34},  Guest{"book", 0.2}};
constexpr std::array kTable = {Guest{"cup", 0.28},  Guest{"bottle", 0.4},
                               Guest{"lamp", 0.44}, Guest{"apple", 0.19},
                               Guest{"book", 0.32}, Guest{"clock", 0.3}};
constexpr std::array kSea = {Guest{"boat", 0.42}, Guest{"duck", 0.2},
                             Guest{"boat", 0.3}, Guest{"plane", 0.26, true},
                             Guest{"balloon", 0.24, true}};
constexpr std::array kUnderWater = {Guest{"fish", 0.34, true},
                                    Guest{"fish", 0.24, true}};
constexpr std::array kSky = {Guest{"balloon", 0.34, true},
                             Guest{"plane", 0.42, true},
                             Guest{"balloon", 0.26, true}};

constexpr std::array kPlaces = {
    Setting::kMeadow, Setting::kStreet, Setting::kRoom,       Setting::kTable,
    Setting::kSea,    Setting::kMeadow, Setting::kUnderWater, Setting::kSky};

std::span<const Guest> GuestsOf(Setting setting) {
  switch (setting) {
    case Setting::kStreet:
      return kStreet;
    case Setting::kRoom:
      return kRoom;
    case Setting::kTable:
      return kTable;
    case Setting::kSea:
      return kSea;
    case Setting::kUnderWater:
      return kUnderWater;
    case Setting::kSky:
      return kSky;
    default:
      return kMeadow;
  }
}

// The share of the smaller box that both cover.
double SharedArea(const data::Box& a, const data::Box& b) {
  const double w = std::min(a.right, b.right) - std::max(a.left, b.left);
  const double h = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  const auto area = [](const data::Box& box) {
    return (box.right - box.left) * (box.bottom - box.top);
  };
  return w <= 0 || h <= 0 ? 0 : w * h / std::min(area(a), area(b));
}

struct Standing {
  const Thing* thing = nullptr;
  View view;
  data::Box extent;
  internal::Look look;
  std::string_view color;
  bool floats = false;
};

// Draws things and places until `wanted` fit or the tries are over.
std::vector<Standing> Place(
    Rng& rng, Setting setting, const Ground& ground, int wanted, double side) {
  std::vector<Standing> placed;
  for (int attempt = 0;
       attempt < 12 * wanted && static_cast<int>(placed.size()) < wanted;
       ++attempt) {
    const Guest& guest = rng.Pick(GuestsOf(setting));
    Standing p;
    p.thing = &FindThing(guest.name);
    p.floats = guest.floats;
    const double size = guest.share * rng.Uniform(0.85, 1.15);
    p.view.scale = side * size / std::max(p.thing->height, p.thing->width);
    const double half = p.thing->width * p.view.scale / 2;
    const double height = p.thing->height * p.view.scale;
    p.view.at.x = rng.Uniform(half, side - half);
    const double depth = rng.Unit();
    p.view.at.y =
        guest.floats
            ? (setting == Setting::kMeadow || setting == Setting::kSea
                   ? height + depth * std::max(0.0, ground.horizon - height)
                   : height + depth * (0.88 * side - height))
            : ground.horizon +
                  (0.25 + 0.75 * depth) * (ground.nearest - ground.horizon);
    p.view.yaw = (rng.Chance(0.5) ? 1 : -1) * p.thing->yaw;
    p.view.pitch = p.thing->pitch;
    const NamedColor& dye = rng.Pick(NamedColors());
    p.look = internal::DrawLook(rng, *p.thing);
    if (p.thing->dyed) {
      p.look.main = dye.color;
      p.look.second = internal::ColorApartFrom(rng, dye.color, 40);
      p.color = dye.name;
    }
    p.extent = {p.view.at.x - half, p.view.at.y - height, p.view.at.x + half,
                p.view.at.y};
    const bool free =
        std::all_of(placed.begin(), placed.end(), [&](const Standing& other) {
          return SharedArea(p.extent, other.extent) < 0.25;
        });
    if (free) placed.push_back(p);
  }
  std::stable_sort(placed.begin(), placed.end(),
                   [](const Standing& a, const Standing& b) {
                     if (a.floats != b.floats) return a.floats;
                     return a.view.at.y < b.view.at.y;
                   });
  return placed;
}

}  // namespace

Scene RenderScene(std::uint64_t seed,
                  std::int64_t index,
                  const SceneOptions& options) {
  EYECHART_REQUIRE(options.caption_detail >= 0 && options.caption_detail <= 1,
                   "caption detail {}: should be a share, 0 to 1",
                   options.caption_detail);
  EYECHART_REQUIRE(options.min_objects >= 1 &&
                       options.max_objects >= options.min_objects &&
                       options.max_objects <= 12,
                   "objects {} to {}: should rise, within 1 to 12",
                   options.min_objects, options.max_objects);
  Rng rng(seed, "scenes", index);
  const Capture capture = DrawCapture(rng, options.render);
  const Rng setting_rng(rng.Next(), "setting", 0);
  Rng text_rng(rng.Next(), "text", 0);
  const Setting setting = rng.Pick(kPlaces);
  const int wanted = rng.Between(options.min_objects, options.max_objects);

  Scene scene;
  scene.setting = SettingPhrase(setting);
  scene.jpeg_quality = capture.jpeg_quality;
  const double side = options.render.size;
  Canvas canvas(options.render.size);
  const Ground ground =
      PaintSetting(canvas, setting, setting_rng, options.render.nuisance);
  const std::vector<Standing> placed =
      Place(rng, setting, ground, wanted, side);
  for (std::size_t i = 0; i < placed.size(); ++i) {
    const Standing& p = placed[i];
    canvas.SetOwner(0);
    if (!p.floats)
      PaintShadow(canvas, p.view.at, p.thing->width * p.view.scale * 0.8);
    canvas.SetOwner(static_cast<std::uint8_t>(i + 1));
    Model model;
    p.thing->build(model, p.look.main, p.look.second);
    model.Paint(canvas, p.view);
  }
  std::vector<internal::Seen> seen;
  for (std::size_t i = 0; i < placed.size(); ++i) {
    SceneObject object;
    object.category = placed[i].thing->name;
    object.category_id =
        static_cast<int>(placed[i].thing - Things().data()) + 1;
    object.color = placed[i].color;
    object.outline = OutlineOf(canvas.owners(), options.render.size,
                               static_cast<std::uint8_t>(i + 1));
    // What ended up behind the others is not in the picture.
    if (object.outline.polygons.empty()) continue;
    seen.push_back({placed[i].thing, placed[i].color, placed[i].view.yaw > 0,
                    placed[i].view.at.x / side});
    scene.objects.push_back(std::move(object));
  }
  std::vector<std::string_view> possible;
  for (const Guest& guest : GuestsOf(setting)) possible.push_back(guest.name);
  for (const Guest& guest : kMeadow) possible.push_back(guest.name);
  scene.detailed = text_rng.Chance(options.caption_detail);
  scene.caption =
      internal::Caption(text_rng, seen, scene.setting, scene.detailed);
  scene.questions = internal::Questions(text_rng, seen, possible);
  scene.image = std::move(canvas.image());
  Develop(scene.image, capture, options.render);
  return scene;
}

}  // namespace eyechart::scenes
