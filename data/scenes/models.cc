#include "data/scenes/models.h"

#include <array>
#include <string>

#include "core/error.h"

namespace eyechart::scenes {

std::span<const Thing> Things() {
  using S = Setting;
  // name, article, setting, height, width, yaw, pitch, dyed, build
  static constexpr std::array kThings = {
      Thing{"dog", "a", S::kMeadow, 1.08, 1.5, 62, 8, false, BuildDog},
      Thing{"cat", "a", S::kRoom, 1.08, 1.15, 58, 8, false, BuildCat},
      Thing{"horse", "a", S::kMeadow, 1.24, 1.5, 70, 6, false, BuildHorse},
      Thing{"bird", "a", S::kMeadow, 0.97, 1.15, 66, 6, true, BuildBird},
      Thing{"duck", "a", S::kSea, 0.95, 1.1, 64, 8, false, BuildDuck},
      Thing{"fish", "a", S::kUnderWater, 0.94, 1.2, 84, 4, true, BuildFish},
      Thing{"car", "a", S::kStreet, 0.82, 1.75, 66, 12, true, BuildCar},
      Thing{"bus", "a", S::kStreet, 1.0, 2.0, 62, 12, true, BuildBus},
      Thing{"house", "a", S::kMeadow, 1.1, 1.3, 24, 12, true, BuildHouse},
      Thing{"tree", "a", S::kMeadow, 1.1, 0.9, 0, 4, false, BuildTree},
      Thing{"flower", "a", S::kMeadow, 1.05, 0.65, 12, 4, true, BuildFlower},
      Thing{"boat", "a", S::kSea, 1.1, 1.4, 80, 6, true, BuildBoat},
      Thing{"plane", "a", S::kSky, 0.7, 1.7, 55, 35, true, BuildPlane},
      Thing{"balloon", "a", S::kSky, 1.05, 0.55, 0, 0, true, BuildBalloon},
      Thing{"traffic light", "a", S::kStreet, 1.14, 0.4, 14, 4, false,
            BuildTrafficLight},
      Thing{"arrow sign", "an", S::kStreet, 1.0, 0.95, 0, 2, true,
            BuildArrowSign},
      Thing{"cup", "a", S::kTable, 0.8, 0.95, 10, 24, true, BuildCup},
      Thing{"bottle", "a", S::kTable, 1.05, 0.42, 0, 10, true, BuildBottle},
      Thing{"chair", "a", S::kRoom, 1.02, 0.8, 32, 16, true, BuildChair},
      Thing{"lamp", "a", S::kTable, 1.0, 0.75, 0, 10, true, BuildLamp},
      Thing{"apple", "an", S::kTable, 0.92, 0.8, 0, 8, false, BuildApple},
      Thing{"ball", "a", S::kRoom, 0.9, 0.9, 0, 4, true, BuildBall},
      Thing{"book", "a", S::kTable, 0.92, 0.72, 24, 12, true, BuildBook},
      Thing{"clock", "a", S::kTable, 1.05, 0.95, 10, 6, true, BuildClock},
      Thing{"hand", "a", S::kRoom, 1.1, 0.8, 0, 0, false, BuildHand},
  };
  return kThings;
}

const Thing& FindThing(std::string_view name) {
  for (const Thing& thing : Things()) {
    if (thing.name == name) return thing;
  }
  EYECHART_CHECK(false, "no thing is called {}", name);
}

Color NaturalColor(const Thing& thing, Rng& rng) {
  static constexpr std::array kCoats = {
      Color{176, 120, 68},  Color{214, 170, 110}, Color{112, 78, 54},
      Color{150, 146, 142}, Color{86, 80, 80},    Color{232, 222, 204}};
  static constexpr std::array kLeaves = {Color{58, 132, 56}, Color{92, 150, 62},
                                         Color{44, 108, 66},
                                         Color{120, 150, 54}};
  static constexpr std::array kApples = {
      Color{200, 40, 40}, Color{120, 176, 60}, Color{226, 190, 60}};
  static constexpr std::array kSkins = {
      Color{238, 196, 162}, Color{200, 148, 108}, Color{126, 84, 58}};
  static constexpr std::array kPlumage = {
      Color{240, 236, 224}, Color{244, 212, 80}, Color{150, 120, 90}};
  if (thing.build == BuildTree) return rng.Pick(kLeaves);
  if (thing.build == BuildApple) return rng.Pick(kApples);
  if (thing.build == BuildHand) return rng.Pick(kSkins);
  if (thing.build == BuildDuck) return rng.Pick(kPlumage);
  return rng.Pick(kCoats);
}

std::string WithArticle(const Thing& thing) {
  return fmt::format("{} {}", thing.article, thing.name);
}

}  // namespace eyechart::scenes
