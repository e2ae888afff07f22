#include "data/resize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <ostream>
#include <random>
#include <string>
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

#if defined(__x86_64__)

// One way of doing both passes, and whether it runs here.
struct Kernels {
  const char* name;
  bool here;
  decltype(&internal::ResizeRows) rows;
  decltype(&internal::ResizeColumns) columns;
};

void PrintTo(const Kernels& kernels, std::ostream* out) {
  *out << kernels.name;
}

std::vector<Kernels> WideKernels() {
  return {{"Avx2", __builtin_cpu_supports("avx2") != 0,
           internal::ResizeRowsAvx2, internal::ResizeColumnsAvx2},
          {"Avx512",
           __builtin_cpu_supports("avx512f") != 0 &&
               __builtin_cpu_supports("avx512bw") != 0,
           internal::ResizeRowsAvx512, internal::ResizeColumnsAvx512}};
}

class ResizeKernels : public ::testing::TestWithParam<Kernels> {
 protected:
  void SetUp() override {
    if (!GetParam().here) GTEST_SKIP() << "no " << GetParam().name << " here";
  }
};

// Random places of up to `taps` of `size` inputs, weighted by draws of
// `weight(inputs of this output)`.
template <typename Weight>
internal::AxisWeights RandomAxis(int size,
                                 int out_size,
                                 int taps,
                                 Weight weight) {
  internal::AxisWeights axis;
  axis.taps = std::min(taps, size);
  for (int out = 0; out < out_size; ++out) {
    const int count =
        std::uniform_int_distribution<int>(1, axis.taps)(testing::Rng());
    axis.count.push_back(count);
    axis.first.push_back(
        std::uniform_int_distribution<int>(0, size - count)(testing::Rng()));
    for (int t = 0; t < axis.taps; ++t)
      axis.weights.push_back(t < count ? weight(count) : 0);
  }
  return axis;
}

// The image's rows to `across` and its columns to `down`, by both.
void ExpectEqualsPlain(const Kernels& kernels,
                       const Image& image,
                       const internal::AxisWeights& across,
                       const internal::AxisWeights& down) {
  std::vector<std::uint8_t> plain(across.first.size() * image.height * 3);
  std::vector<std::uint8_t> wide(plain.size());
  internal::ResizeRowsPlain(image.pixels.data(), image.width, image.height,
                            across, plain.data());
  kernels.rows(image.pixels.data(), image.width, image.height, across,
               wide.data());
  EXPECT_EQ(plain, wide) << image.height << " rows of " << image.width << " to "
                         << across.first.size();
  const std::size_t row_bytes = static_cast<std::size_t>(image.width) * 3;
  plain.assign(down.first.size() * row_bytes, 0);
  wide.assign(plain.size(), 0);
  internal::ResizeColumnsPlain(image.pixels.data(), row_bytes, down,
                               plain.data());
  kernels.columns(image.pixels.data(), row_bytes, down, wide.data());
  EXPECT_EQ(plain, wide) << image.width << " columns of " << image.height
                         << " to " << down.first.size();
}

// Every width, so every shape of tail; weights also such as no filter has.
TEST_P(ResizeKernels, EqualPlainAtEveryWidth) {
  std::uniform_int_distribution<int> weight(-(1 << 20), 1 << 21);
  const auto any = [&](int) { return weight(testing::Rng()); };
  for (int width = 1; width <= 200; ++width) {
    const int height = 1 + width * 7 % 37;
    ExpectEqualsPlain(GetParam(), Noise(width, height),
                      RandomAxis(width, 1 + width * 11 % 67, 3, any),
                      RandomAxis(height, 1 + width * 5 % 41, 3, any));
  }
}

// Weights at which a digit of 16 bits turns over, and the largest of which the
// sum over the brightest samples still fits 32 bits.
TEST_P(ResizeKernels, EqualPlainAtExtremeWeights) {
  const auto draw = [](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(testing::Rng());
  };
  constexpr int kLargest =
      (std::numeric_limits<std::int32_t>::max() - (1 << 21)) / 255;
  const auto largest = [&](int count) {
    return kLargest / count * (draw(0, 1) == 0 ? 1 : -1);
  };
  const auto digits = [&](int count) {
    const int near = (1 << 15) * draw(-3, 3) + draw(-1, 1);
    return std::clamp(near, -kLargest / count, kLargest / count);
  };
  for (int trial = 0; trial < 40; ++trial) {
    const int width = draw(1, 150);
    const int height = draw(1, 40);
    Image image = Noise(width, height);
    for (std::uint8_t& v : image.pixels)
      if (v < 128) v = 255;
    const int taps = draw(1, 80);
    ExpectEqualsPlain(GetParam(), image, RandomAxis(width, 50, taps, largest),
                      RandomAxis(height, 50, taps, largest));
    ExpectEqualsPlain(GetParam(), image, RandomAxis(width, 50, taps, digits),
                      RandomAxis(height, 50, taps, digits));
  }
}

INSTANTIATE_TEST_SUITE_P(All,
                         ResizeKernels,
                         ::testing::ValuesIn(WideKernels()),
                         [](const auto& test) {
                           return std::string(test.param.name);
                         });

#else

TEST(ResizeKernels, EqualPlain) { GTEST_SKIP() << "plain kernels only here"; }

#endif

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
