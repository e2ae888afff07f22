#include "data/resize.h"

#include <gtest/gtest.h>

#include <random>
#include <thread>
#include <vector>

#include "data/resize_kernels.h"
#include "tests/fixture.h"

namespace eyechart::data {
namespace {

constexpr Filter kFilters[] = {Filter::kNearest,  Filter::kLanczos,
                               Filter::kBilinear, Filter::kBicubic,
                               Filter::kBox,      Filter::kHamming};

Image Noise(int width, int height) {
  Image image{width, height, {}};
  image.pixels.resize(static_cast<std::size_t>(width) * height * 3);
  std::uniform_int_distribution<int> byte(0, 255);
  for (std::uint8_t& v : image.pixels)
    v = static_cast<std::uint8_t>(byte(testing::Rng()));
  return image;
}

Image Flat(int width, int height, std::uint8_t value) {
  Image image{width, height, {}};
  image.pixels.assign(static_cast<std::size_t>(width) * height * 3, value);
  return image;
}

TEST(Resize, SameSizeIsACopy) {
  const Image image = Noise(7, 5);
  for (const Filter filter : kFilters)
    EXPECT_EQ(Resize(image, 7, 5, filter).pixels, image.pixels);
}

TEST(Resize, FlatStaysFlat) {
  for (const Filter filter : kFilters) {
    for (const auto& [w, h] :
         {std::pair{1, 1}, {2, 31}, {64, 3}, {100, 100}, {17, 12}}) {
      for (const int value : {0, 1, 128, 255}) {
        const auto v = static_cast<std::uint8_t>(value);
        const Image out = Resize(Flat(17, 12, v), w, h, filter);
        EXPECT_EQ(out.width, w);
        EXPECT_EQ(out.height, h);
        EXPECT_EQ(out.pixels, Flat(w, h, v).pixels)
            << FilterName(filter) << " to " << w << "x" << h;
      }
    }
  }
}

// Halving with the box filter is the mean of two pixels, halves rounded up.
TEST(Resize, BoxHalvesByMeans) {
  const Image image{4, 1, {0, 10, 255, 3, 20, 255, 7, 0, 1, 8, 255, 2}};
  EXPECT_EQ(Resize(image, 2, 1, Filter::kBox).pixels,
            (std::vector<std::uint8_t>{2, 15, 255, 8, 128, 2}));
}

TEST(Resize, NearestTakesCenters) {
  const Image image{4, 1, {0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3}};
  EXPECT_EQ(Resize(image, 2, 1, Filter::kNearest).pixels,
            (std::vector<std::uint8_t>{1, 1, 1, 3, 3, 3}));
  EXPECT_EQ(Resize(image, 1, 1, Filter::kNearest).pixels,
            (std::vector<std::uint8_t>{2, 2, 2}));
}

// A box along whole pixels, halved, is the same pixels cut out and halved: the
// box filter looks no further.
TEST(Resize, BoxOfWholePixelsIsACut) {
  const Image image = Noise(12, 10);
  Image cut{6, 4, {}};
  for (int y = 0; y < 4; ++y)
    for (int x = 0; x < 6; ++x)
      for (int c = 0; c < 3; ++c)
        cut.pixels.push_back(image.pixels[static_cast<std::size_t>(
            ((y + 3) * 12 + x + 4) * 3 + c)]);
  for (const Filter filter : {Filter::kBox, Filter::kNearest})
    EXPECT_EQ(Resize(image, {4, 3, 10, 7}, 3, 2, filter).pixels,
              Resize(cut, 3, 2, filter).pixels)
        << FilterName(filter);
}

TEST(Resize, MirroredInMirroredOut) {
  const auto mirror = [](const Image& image) {
    Image out = image;
    for (int y = 0; y < image.height; ++y)
      for (int x = 0; x < image.width; ++x)
        for (int c = 0; c < 3; ++c)
          out.pixels[(y * image.width + x) * 3 + c] =
              image.pixels[(y * image.width + image.width - 1 - x) * 3 + c];
    return out;
  };
  const Image image = Noise(40, 9);
  for (const Filter filter : {Filter::kBilinear, Filter::kBicubic})
    EXPECT_EQ(Resize(mirror(image), 20, 9, filter).pixels,
              mirror(Resize(image, 20, 9, filter)).pixels);
}

TEST(Resize, ThreadsAgree) {
  const Image image = Noise(301, 207);
  const Image expected = Resize(image, 96, 64, Filter::kBicubic);
  std::vector<Image> out(4);
  std::vector<std::thread> threads;
  for (Image& result : out)
    threads.emplace_back([&image, &result] {
      result = Resize(image, 96, 64, Filter::kBicubic);
    });
  for (std::thread& thread : threads) thread.join();
  for (const Image& result : out) EXPECT_EQ(result.pixels, expected.pixels);
}

// Random weights, also such as no filter has, on every shape of tail.
TEST(ResizeKernels, WideEqualsPlain) {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx2")) GTEST_SKIP() << "no AVX2 here";
  std::uniform_int_distribution<int> weight(-(1 << 20), 1 << 21);
  for (const int size : {1, 2, 5, 11, 16, 17, 33, 50}) {
    const Image image = Noise(size, size);
    for (const int out_size : {1, 3, 16, 40}) {
      internal::AxisWeights axis;
      axis.taps = std::min(3, size);
      for (int i = 0; i < out_size; ++i) {
        axis.count.push_back(1 + i % axis.taps);
        axis.first.push_back((i * 7) % (size - axis.count.back() + 1));
        for (int t = 0; t < axis.taps; ++t)
          axis.weights.push_back(weight(testing::Rng()));
      }
      std::vector<std::uint8_t> plain(static_cast<std::size_t>(size) *
                                      out_size * 3);
      std::vector<std::uint8_t> wide(plain.size());
      internal::ResizeRowsPlain(image.pixels.data(), size, size, axis,
                                plain.data());
      internal::ResizeRowsAvx2(image.pixels.data(), size, size, axis,
                               wide.data());
      EXPECT_EQ(plain, wide) << "rows of " << size << " to " << out_size;
      const std::size_t row_bytes = static_cast<std::size_t>(size) * 3;
      internal::ResizeColumnsPlain(image.pixels.data(), row_bytes, axis,
                                   plain.data());
      internal::ResizeColumnsAvx2(image.pixels.data(), row_bytes, axis,
                                  wide.data());
      EXPECT_EQ(plain, wide) << "columns of " << size << " to " << out_size;
    }
  }
#else
  GTEST_SKIP() << "plain kernels only here";
#endif
}

TEST(Resize, BadSizesAreOurMistake) {
  EXPECT_THROW(Resize(Flat(2, 2, 0), 0, 2, Filter::kBox), std::logic_error);
  EXPECT_THROW(Resize(Image{}, 2, 2, Filter::kBox), std::logic_error);
}

TEST(Resize, FilterNames) {
  EXPECT_EQ(FilterName(Filter::kNearest), "nearest");
  EXPECT_EQ(FilterName(Filter::kBicubic), "bicubic");
  EXPECT_EQ(FilterName(Filter::kHamming), "hamming");
}

}  // namespace
}  // namespace eyechart::data
