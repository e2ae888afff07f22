#include "encoders/pixel_loader.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "core/hash.h"
#include "tests/encoders/fake_pictures.h"

namespace eyechart::encoders {
namespace {

using testing::FakePictures;
using testing::PlainBmp;

data::PreprocessOptions Raw() {
  data::PreprocessOptions options;
  options.resize = data::ResizeMode::kNone;
  options.center_crop = false;
  options.rescale = false;
  options.normalize = false;
  return options;
}

TEST(PixelLoader, GivesPicturesInOrderWhateverTheWorkers) {
  FakePictures pictures;
  for (int i = 0; i < 100; ++i)
    pictures.Add(PlainBmp(3 + i % 5, 4, static_cast<unsigned char>(i)));
  for (const int workers : {1, 4}) {
    for (const std::int64_t capacity : {1, 7, 1000}) {
      PixelLoader loader(pictures, Raw(), std::vector<bool>(100, true),
                         {workers, capacity});
      for (int i = 0; i < 100; ++i) {
        const LoadedPicture picture = loader.Next();
        ASSERT_EQ(picture.status, "ok");
        EXPECT_EQ(picture.pixels.width, 3 + i % 5);
        EXPECT_EQ(picture.pixels.values.at(0), static_cast<float>(i));
      }
    }
  }
}

TEST(PixelLoader, TellsWhyAPictureCannotBeRead) {
  FakePictures pictures;
  pictures.Add("not a picture");
  pictures.Add("gone");
  PixelLoader loader(pictures, Raw(), {true, true}, {2, 4});
  const LoadedPicture text = loader.Next();
  EXPECT_NE(text.status, "ok");
  EXPECT_EQ(text.sha256, Sha256Hex("not a picture"));
  const LoadedPicture gone = loader.Next();
  EXPECT_EQ(gone.status, "cannot be opened");
  EXPECT_EQ(gone.sha256, "");
}

TEST(PixelLoader, OnlyHashesWhereItNeedNotDecode) {
  FakePictures pictures;
  pictures.Add(PlainBmp(2, 2, 1));
  PixelLoader loader(pictures, Raw(), {false}, {1, 1});
  const LoadedPicture picture = loader.Next();
  EXPECT_TRUE(picture.pixels.values.empty());
  EXPECT_EQ(picture.sha256.size(), 64u);
}

TEST(PixelLoader, PassesADefectOn) {
  FakePictures pictures;
  pictures.Add("defect");
  PixelLoader loader(pictures, Raw(), {true}, {1, 1});
  EXPECT_THROW(loader.Next(), std::logic_error);
}

TEST(PixelLoader, EndsEarlyWithoutBeingDrained) {
  FakePictures pictures;
  for (int i = 0; i < 50; ++i) pictures.Add(PlainBmp(2, 2, 1));
  PixelLoader loader(pictures, Raw(), std::vector<bool>(50, true), {3, 4});
  loader.Next();
}

}  // namespace
}  // namespace eyechart::encoders
