#include "data/picture_ops.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "core/error.h"

namespace eyechart::data {
namespace {

using Table = std::array<std::uint8_t, 256>;

std::uint8_t ClipPixel(int value) {
  return static_cast<std::uint8_t>(std::clamp(value, 0, 255));
}

std::uint8_t ClipPixel(float value) {
  if (value <= 0.0f) return 0;
  return value >= 255.0f ? 255 : static_cast<std::uint8_t>(value);
}

Table TableOf(auto value) {
  Table table{};
  for (int v = 0; v < 256; ++v)
    table[static_cast<std::size_t>(v)] = ClipPixel(value(v));
  return table;
}

Image Map(const Image& image, const std::array<Table, 3>& tables) {
  Image out = image;
  for (std::size_t i = 0; i < out.pixels.size(); ++i)
    out.pixels[i] = tables[i % 3][out.pixels[i]];
  return out;
}

Image Map(const Image& image, const Table& table) {
  return Map(image, {table, table, table});
}

using Histogram = std::array<std::int64_t, 256>;

std::array<Histogram, 3> HistogramsOf(const Image& image) {
  std::array<Histogram, 3> histograms{};
  for (std::size_t i = 0; i < image.pixels.size(); ++i)
    ++histograms[i % 3][image.pixels[i]];
  return histograms;
}

Table Identity() {
  return TableOf([](int v) { return v; });
}

Table StretchTable(const Histogram& histogram) {
  int low = 0;
  int high = 255;
  while (low < 255 && histogram[static_cast<std::size_t>(low)] == 0) ++low;
  while (high > 0 && histogram[static_cast<std::size_t>(high)] == 0) --high;
  if (high <= low) return Identity();
  const double scale = 255.0 / (high - low);
  const double offset = -low * scale;
  return TableOf([=](int v) { return static_cast<int>(v * scale + offset); });
}

Table EqualizeTable(const Histogram& histogram) {
  std::int64_t total = 0;
  std::int64_t last = 0;  // the count of the largest value there is
  int values = 0;
  for (const std::int64_t count : histogram) {
    if (count == 0) continue;
    total += count;
    last = count;
    ++values;
  }
  const std::int64_t step = (total - last) / 255;
  if (values <= 1 || step == 0) return Identity();
  std::int64_t below = step / 2;
  return TableOf([&](int v) {
    const auto value =
        static_cast<int>(std::min<std::int64_t>(below / step, 255));
    below += histogram[static_cast<std::size_t>(v)];
    return value;
  });
}

// `from` at factor 0, `to` at 1, in single precision and cut off, not rounded.
Image Blend(const Image& from, const Image& to, double factor) {
  EYECHART_CHECK(std::isfinite(factor), "a blend by {}", factor);
  const auto alpha = static_cast<float>(factor);
  Image out = to;
  for (std::size_t i = 0; i < out.pixels.size(); ++i) {
    const int start = from.pixels[i];
    out.pixels[i] = ClipPixel(static_cast<float>(start) +
                              alpha * static_cast<float>(to.pixels[i] - start));
  }
  return out;
}

Image Flat(const Image& like, std::uint8_t value) {
  Image out{like.width, like.height, {}};
  out.pixels.assign(like.pixels.size(), value);
  return out;
}

// ITU-R 601 luma in 16 bits of fraction: Pillow's convert("L").
std::uint8_t Luma(const std::uint8_t* rgb) {
  return static_cast<std::uint8_t>(
      (rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16);
}

Image Gray(const Image& image) {
  Image out = image;
  for (std::size_t i = 0; i + 2 < out.pixels.size(); i += 3)
    std::fill_n(out.pixels.data() + i, 3, Luma(out.pixels.data() + i));
  return out;
}

// ImageFilter.SMOOTH: a 3 x 3 mean with the middle five times, in single
// precision and row by row from below. The border stays, and so does a picture
// that has no inside.
Image Smooth(const Image& image) {
  Image out = image;
  const std::size_t stride = static_cast<std::size_t>(image.width) * 3;
  constexpr float kSide = 1.0f / 13.0f;
  constexpr float kMiddle = 5.0f / 13.0f;
  const auto row = [](const std::uint8_t* at, float middle) {
    return static_cast<float>(at[-3]) * kSide +
           static_cast<float>(at[0]) * middle +
           static_cast<float>(at[3]) * kSide;
  };
  for (int y = 1; y + 1 < image.height; ++y) {
    for (std::size_t x = 3; x + 3 < stride; ++x) {
      const std::size_t i = static_cast<std::size_t>(y) * stride + x;
      const std::uint8_t* at = image.pixels.data() + i;
      float sum = 0.5f;
      sum += row(at + stride, kSide);
      sum += row(at, kMiddle);
      sum += row(at - stride, kSide);
      out.pixels[i] = ClipPixel(sum);
    }
  }
  return out;
}

struct Hsv {
  std::uint8_t hue = 0;
  std::uint8_t saturation = 0;
  std::uint8_t value = 0;
};

// Hue and saturation out of 255, cut off. Where single and double precision
// meet is Pillow's: it shows.
Hsv ToHsv(const std::uint8_t* rgb) {
  const std::uint8_t least = std::min({rgb[0], rgb[1], rgb[2]});
  const std::uint8_t most = std::max({rgb[0], rgb[1], rgb[2]});
  if (least == most) return {0, 0, most};
  const auto range = static_cast<float>(most - least);
  const auto away = [&](int c) {
    return static_cast<float>(most - rgb[c]) / range;
  };
  float sextant = 0;
  if (rgb[0] == most)
    sextant = away(2) - away(1);
  else if (rgb[1] == most)
    sextant = static_cast<float>(2.0 + away(0) - away(2));
  else
    sextant = static_cast<float>(4.0 + away(1) - away(0));
  const auto hue = static_cast<float>(std::fmod(sextant / 6.0 + 1.0, 1.0));
  const float saturation = range / static_cast<float>(most);
  return {ClipPixel(static_cast<int>(hue * 255.0)),
          ClipPixel(static_cast<int>(saturation * 255.0)), most};
}

void FromHsv(const Hsv& hsv, std::uint8_t* rgb) {
  const auto value = static_cast<double>(hsv.value);
  const double sextants = hsv.hue * 6.0 / 255.0;
  const double whole = std::floor(sextants);
  const auto part = static_cast<float>(sextants - whole);
  const auto saturation = static_cast<float>(hsv.saturation / 255.0);
  const auto rounded = [value](double share) {
    return ClipPixel(static_cast<int>(std::round(value * share)));
  };
  const std::uint8_t v = hsv.value;
  const std::uint8_t low = rounded(1.0 - saturation);
  const std::uint8_t falling = rounded(1.0 - saturation * part);
  const std::uint8_t rising = rounded(1.0 - saturation * (1.0 - part));
  const std::array<std::array<std::uint8_t, 3>, 6> colors = {{
      {v, rising, low},
      {falling, v, low},
      {low, v, rising},
      {low, falling, v},
      {rising, low, v},
      {v, low, falling},
  }};
  std::copy_n(colors[static_cast<std::size_t>(whole) % 6].data(), 3, rgb);
}

}  // namespace

Image Crop(const Image& image, int left, int top, int width, int height) {
  EYECHART_CHECK(left >= 0 && top >= 0 && width > 0 && height > 0 &&
                     width <= image.width - left &&
                     height <= image.height - top,
                 "crop of {}x{} at {},{} of {}x{}", width, height, left, top,
                 image.width, image.height);
  const std::size_t row_bytes = static_cast<std::size_t>(width) * 3;
  Image out{width, height, {}};
  out.pixels.resize(row_bytes * static_cast<std::size_t>(height));
  for (int y = 0; y < height; ++y) {
    const std::size_t from =
        (static_cast<std::size_t>(top + y) * image.width + left) * 3;
    std::copy_n(image.pixels.data() + from, row_bytes,
                out.pixels.data() + static_cast<std::size_t>(y) * row_bytes);
  }
  return out;
}

Image FlipHorizontally(const Image& image) {
  Image out = image;
  for (int y = 0; y < image.height; ++y) {
    const std::size_t row = static_cast<std::size_t>(y) * image.width;
    for (int x = 0; x < image.width; ++x)
      std::copy_n(image.pixels.data() + (row + x) * 3, 3,
                  out.pixels.data() + (row + image.width - 1 - x) * 3);
  }
  return out;
}

Image AutoContrast(const Image& image) {
  const std::array<Histogram, 3> histograms = HistogramsOf(image);
  return Map(image, {StretchTable(histograms[0]), StretchTable(histograms[1]),
                     StretchTable(histograms[2])});
}

Image Equalize(const Image& image) {
  const std::array<Histogram, 3> histograms = HistogramsOf(image);
  return Map(image, {EqualizeTable(histograms[0]), EqualizeTable(histograms[1]),
                     EqualizeTable(histograms[2])});
}

Image Invert(const Image& image) {
  return Map(image, TableOf([](int v) { return 255 - v; }));
}

Image Posterize(const Image& image, int bits) {
  EYECHART_CHECK(bits >= 0 && bits <= 8, "posterize to {} bits", bits);
  const int mask = 0xff & ~((1 << (8 - bits)) - 1);
  return Map(image, TableOf([mask](int v) { return v & mask; }));
}

Image Solarize(const Image& image, int threshold) {
  EYECHART_CHECK(threshold >= 0 && threshold <= 256, "solarize from {}",
                 threshold);
  return Map(image, TableOf([threshold](int v) {
               return v < threshold ? v : 255 - v;
             }));
}

Image SolarizeAdd(const Image& image, int addend) {
  EYECHART_CHECK(addend >= 0 && addend <= 255, "solarize by adding {}", addend);
  return Map(image,
             TableOf([addend](int v) { return v < 128 ? v + addend : v; }));
}

Image AdjustBrightness(const Image& image, double factor) {
  return Blend(Flat(image, 0), image, factor);
}

Image AdjustContrast(const Image& image, double factor) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i + 2 < image.pixels.size(); i += 3)
    sum += Luma(image.pixels.data() + i);
  const std::size_t count = std::max<std::size_t>(1, image.pixels.size() / 3);
  const double mean = static_cast<double>(sum) / static_cast<double>(count);
  return Blend(Flat(image, static_cast<std::uint8_t>(mean + 0.5)), image,
               factor);
}

Image AdjustSaturation(const Image& image, double factor) {
  return Blend(Gray(image), image, factor);
}

Image AdjustSharpness(const Image& image, double factor) {
  return Blend(Smooth(image), image, factor);
}

Image ShiftHue(const Image& image, double turn) {
  EYECHART_CHECK(turn >= -0.5 && turn <= 0.5, "hue turned by {}", turn);
  const int steps = static_cast<int>(turn * 255);
  Image out = image;
  for (std::size_t i = 0; i + 2 < out.pixels.size(); i += 3) {
    Hsv hsv = ToHsv(out.pixels.data() + i);
    hsv.hue = static_cast<std::uint8_t>(hsv.hue + steps);
    FromHsv(hsv, out.pixels.data() + i);
  }
  return out;
}

}  // namespace eyechart::data
