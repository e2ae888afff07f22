// The things that pictures show, as models that can be seen from any side.
#pragma once

#include <span>
#include <string_view>

#include "data/scenes/random.h"
#include "data/scenes/solid.h"

namespace eyechart::scenes {

/// Where a thing may stand.
enum class Setting {
  kMeadow,
  kStreet,
  kRoom,
  kWall,  // at its foot, or on it; bare
  kTable,
  kSea,         // on it
  kUnderWater,  // in it
  kSky,
};

/// A kind of thing.
struct Thing {
  std::string_view name;     // "traffic light"
  std::string_view article;  // "a" or "an"
  Setting setting;           // where it is at home
  double height;             // of the model's main part, in units; for scaling
  double width;              // extent at `yaw`, in units
  double yaw;                // degrees at which it is told best
  double pitch;
  bool dyed;  // the main colour may be any named colour
  void (*build)(Model& model, Color main, Color second);
};

/// All of them; names are categories of `generate scenes`.
std::span<const Thing> Things();
/// The one called `name`; it must be there.
const Thing& FindThing(std::string_view name);

/// A coat, wood or other natural colour for things that are not dyed.
Color NaturalColor(const Thing& thing, Rng& rng);

/// "a dog", "an arrow sign".
std::string WithArticle(const Thing& thing);

// Builders, by file: models_animals.cc, models_outdoors.cc, models_indoors.cc.
void BuildDog(Model& m, Color main, Color second);
void BuildCat(Model& m, Color main, Color second);
void BuildHorse(Model& m, Color main, Color second);
void BuildBird(Model& m, Color main, Color second);
void BuildFish(Model& m, Color main, Color second);
void BuildDuck(Model& m, Color main, Color second);
void BuildCar(Model& m, Color main, Color second);
void BuildBus(Model& m, Color main, Color second);
void BuildHouse(Model& m, Color main, Color second);
void BuildTree(Model& m, Color main, Color second);
void BuildFlower(Model& m, Color main, Color second);
void BuildBoat(Model& m, Color main, Color second);
void BuildPlane(Model& m, Color main, Color second);
void BuildBalloon(Model& m, Color main, Color second);
void BuildTrafficLight(Model& m, Color main, Color second);
void BuildArrowSign(Model& m, Color main, Color second);
void BuildCup(Model& m, Color main, Color second);
void BuildBottle(Model& m, Color main, Color second);
void BuildChair(Model& m, Color main, Color second);
void BuildLamp(Model& m, Color main, Color second);
void BuildApple(Model& m, Color main, Color second);
void BuildBall(Model& m, Color main, Color second);
void BuildBook(Model& m, Color main, Color second);
void BuildClock(Model& m, Color main, Color second);
void BuildHand(Model& m, Color main, Color second);

}  // namespace eyechart::scenes
