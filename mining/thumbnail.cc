#include "mining/thumbnail.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "core/text.h"
#include "data/resize.h"

namespace eyechart::mining {
namespace {

constexpr int kSmallSide = 64;  // pictures up to here are enlarged
constexpr int kJpegQuality = 85;

data::Image Enlarge(const data::Image& image, int factor) {
  data::Image large{image.width * factor, image.height * factor, {}};
  large.pixels.reserve(image.pixels.size() * factor * factor);
  for (int y = 0; y < large.height; ++y) {
    for (int x = 0; x < large.width; ++x) {
      const auto at =
          static_cast<std::size_t>(3 * (y / factor * image.width + x / factor));
      large.pixels.insert(large.pixels.end(), image.pixels.begin() + at,
                          image.pixels.begin() + at + 3);
    }
  }
  return large;
}

data::Image Shrink(const data::Image& image, int side) {
  const double scale =
      static_cast<double>(side) / std::max(image.width, image.height);
  if (scale >= 1) return image;
  const auto scaled = [&](int length) {
    return std::max(1, static_cast<int>(std::lround(length * scale)));
  };
  return data::Resize(image, scaled(image.width), scaled(image.height),
                      data::Filter::kBicubic);
}

std::string Encode(data::Image& image, const char* extension) {
  const cv::Mat rgb(image.height, image.width, CV_8UC3, image.pixels.data());
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  std::vector<unsigned char> bytes;
  const std::vector<int> jpeg = {cv::IMWRITE_JPEG_QUALITY, kJpegQuality};
  const bool is_jpeg = std::string_view(extension) == ".jpg";
  if (!cv::imencode(extension, bgr, bytes, is_jpeg ? jpeg : std::vector<int>()))
    return "";
  return Base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace

Thumbnail MakeThumbnail(std::string_view bytes,
                        int side,
                        const data::DecodeOptions& decode) {
  Thumbnail thumbnail;
  try {
    data::Image image = data::Decode(bytes, decode).image;
    const int longest = std::max(image.width, image.height);
    const bool small = longest <= kSmallSide;
    image = small ? Enlarge(image, std::max(1, side / longest))
                  : Shrink(image, side);
    const std::string data = Encode(image, small ? ".png" : ".jpg");
    if (data.empty()) {
      thumbnail.error = "no thumbnail could be made";
      return thumbnail;
    }
    thumbnail.src =
        (small ? "data:image/png;base64," : "data:image/jpeg;base64,") + data;
    thumbnail.width = image.width;
    thumbnail.height = image.height;
  } catch (const InputError& error) {
    thumbnail.error = error.what();
  } catch (const cv::Exception& error) {
    thumbnail.error = error.what();
  }
  return thumbnail;
}

}  // namespace eyechart::mining
