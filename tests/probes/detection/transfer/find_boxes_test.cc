#include "probes/detection/transfer/find_boxes.h"

#include <gtest/gtest.h>

#include "probes/detection/detection_heads.h"
#include "tests/probes/detection/transfer/patch_means.h"

namespace eyechart::detection {
namespace {

using eyechart::testing::TempFolder;
using testing::ColouredBoxes;
using testing::FakeModel;

// A list may be of the pictures before they were resized: heads are trained on
// its boxes as parts of the picture, and are judged so.
TEST(FindBoxes, AreInThePixelsThatTheSetSaysAPictureHas) {
  const TempFolder folder;
  data::BoxDataset own = ColouredBoxes(folder.path(), 3, 1);
  data::BoxDataset other = own;
  other.images[1].width *= 2;
  other.images[1].height *= 4;
  other.images[2].width = other.images[2].height = 0;  // it says none
  encoders::LoadedModel model = FakeModel();
  MapSourceOptions options;
  options.canvas = CanvasOf(model.preprocess, false);
  std::unique_ptr<DetectionHead> head;
  std::vector<std::vector<PictureBoxes>> found;
  for (const data::BoxDataset* set : {&own, &other}) {
    const BoxExamples examples(*set);
    MapSource source(model, examples, options);
    HeadOptions shape;
    shape.pyramid.maps = source.levels();
    shape.pyramid.width = 32;
    shape.classes = 2;
    shape.layers = 1;
    if (!head) head = CreateHead("dense", shape);
    FindOptions find;
    find.detect.min_score = 0;
    find.most_kept = 5;
    found.push_back(FindBoxes(*head, source, find, Progress::None()));
    EXPECT_EQ(examples.other_sizes().size(), set == &own ? 0u : 1u);
  }
  ASSERT_EQ(found[1].size(), 3u);
  EXPECT_EQ(found[1][1].width, testing::kSide);  // as decoded
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_EQ(found[1][i].boxes.size(), 5u);
    for (std::size_t b = 0; b < 5; ++b)
      for (std::size_t c = 0; c < 4; ++c)
        EXPECT_DOUBLE_EQ(found[1][i].boxes[b].corners[c],
                         found[0][i].boxes[b].corners[c] * (i != 1  ? 1
                                                            : c % 2 ? 4
                                                                    : 2));
  }
}

}  // namespace
}  // namespace eyechart::detection
