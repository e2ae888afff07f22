#include "data/scenes/scene.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "data/scenes/models.h"
#include "tests/fixture.h"

namespace eyechart::scenes {
namespace {

SceneOptions Small() {
  SceneOptions options;
  options.render.size = 112;
  return options;
}

TEST(Scene, Repeats) {
  const Scene a = RenderScene(3, 8, Small());
  const Scene b = RenderScene(3, 8, Small());
  EXPECT_EQ(a.image.pixels, b.image.pixels);
  EXPECT_EQ(a.caption, b.caption);
  EXPECT_NE(a.image.pixels, RenderScene(3, 9, Small()).image.pixels);
}

TEST(Scene, BoxesHoldPolygonsAndPixels) {
  int objects = 0;
  for (int index = 0; index < 60; ++index) {
    const Scene scene = RenderScene(3, index, Small());
    EXPECT_GE(scene.objects.size(), 1u);
    for (const SceneObject& object : scene.objects) {
      const data::Box& box = object.outline.box;
      EXPECT_GE(box.left, 0);
      EXPECT_LE(box.right, 112);
      EXPECT_LE(static_cast<double>(object.outline.area),
                (box.right - box.left) * (box.bottom - box.top));
      double left = 1e9;
      double right = -1;
      for (const std::vector<double>& polygon : object.outline.polygons) {
        ASSERT_GE(polygon.size(), 8u);
        for (std::size_t i = 0; i < polygon.size(); i += 2) {
          EXPECT_GE(polygon[i], box.left);
          EXPECT_LE(polygon[i], box.right);
          EXPECT_GE(polygon[i + 1], box.top);
          EXPECT_LE(polygon[i + 1], box.bottom);
          left = std::min(left, polygon[i]);
          right = std::max(right, polygon[i]);
        }
      }
      // Slivers without a polygon may widen the box by little.
      EXPECT_LE(left - box.left, 12);
      EXPECT_LE(box.right - right, 12);
      EXPECT_EQ(Things()[static_cast<std::size_t>(object.category_id - 1)].name,
                object.category);
      ++objects;
    }
  }
  EXPECT_GT(objects, 120);
}

TEST(Scene, CaptionsNameEveryThing) {
  for (int index = 0; index < 60; ++index) {
    SceneOptions options = Small();
    options.caption_detail = index % 2;
    const Scene scene = RenderScene(3, index, options);
    EXPECT_EQ(scene.detailed, index % 2 == 1);
    std::string caption = scene.caption;
    caption[0] = static_cast<char>(caption[0] - 'A' + 'a');
    for (const SceneObject& object : scene.objects) {
      EXPECT_NE(caption.find(object.category), std::string::npos) << caption;
      EXPECT_NE(caption.find(object.color), std::string::npos) << caption;
    }
    for (const char* detail : {"facing", "on the left", "on the right"}) {
      if (scene.detailed) continue;
      EXPECT_EQ(scene.caption.find(detail), std::string::npos);
    }
  }
}

TEST(Scene, QuestionsHaveTheirAnswerAndAreTrue) {
  std::set<std::string> patterns;
  int yes = 0;
  int asked = 0;
  for (int index = 0; index < 200; ++index) {
    const Scene scene = RenderScene(3, index, Small());
    for (const SceneQuestion& q : scene.questions) {
      patterns.insert(q.pattern);
      ASSERT_TRUE(q.options.size() == 2 || q.options.size() == 4);
      const std::set<std::string> different(q.options.begin(), q.options.end());
      EXPECT_EQ(different.size(), q.options.size());
      const std::string& right =
          q.options.at(static_cast<std::size_t>(q.answer - 'a'));
      if (q.pattern != "presence") continue;
      // A thing is there where one of the boxes says so.
      bool there = false;
      for (const SceneObject& object : scene.objects)
        there |= q.question.find(" " + std::string(object.category) + " in ") !=
                 std::string::npos;
      EXPECT_EQ(right, there ? "yes" : "no") << q.question;
      yes += there;
      ++asked;
    }
  }
  EXPECT_EQ(patterns, (std::set<std::string>{"color", "position", "presence",
                                             "quantity"}));
  EXPECT_NEAR(yes, asked / 2.0, asked * 0.18);
}

TEST(Scene, RefusesShares) {
  SceneOptions options;
  options.caption_detail = 1.5;
  EXPECT_NE(testing::InputErrorOf([&] { RenderScene(1, 0, options); }), "");
}

}  // namespace
}  // namespace eyechart::scenes
