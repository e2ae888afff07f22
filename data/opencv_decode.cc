#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>

#include "data/decode_formats.h"

namespace eyechart::data::internal {
namespace {

// The library never prints: what OpenCV would log is in our error.
void SilenceOpenCv() {
  static const bool silenced = [] {
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    return true;
  }();
  static_cast<void>(silenced);
}

cv::Mat ImDecode(std::string_view bytes, const char* format) {
  SilenceOpenCv();
  const cv::Mat input(1, static_cast<int>(bytes.size()), CV_8UC1,
                      const_cast<char*>(bytes.data()));
  try {
    return cv::imdecode(input,
                        cv::IMREAD_UNCHANGED | cv::IMREAD_IGNORE_ORIENTATION);
  } catch (const cv::Exception& error) {
    ThrowDecode("damaged {}: {}", format, error.err);
  }
}

}  // namespace

void DecodeWithOpenCv(std::string_view bytes,
                      const char* format,
                      bool alpha,
                      Picture& picture) {
  if (bytes.size() > (std::size_t{1} << 30))
    ThrowDecode("{} of more than 1 GiB", format);
  const cv::Mat decoded = ImDecode(bytes, format);
  if (decoded.empty()) ThrowDecode("damaged {}", format);
  Image& image = picture.image;
  const int channels = decoded.channels();
  if (decoded.depth() != CV_8U ||
      (channels != 1 && channels != 3 && channels != 4) ||
      decoded.cols != image.width || decoded.rows != image.height)
    ThrowDecode("damaged {}: the picture is not what its header says", format);
  if (alpha && channels == 4) picture.alpha.resize(image.pixels.size() / 3);
  std::uint8_t* rgb = image.pixels.data();
  std::uint8_t* a = picture.alpha.data();
  for (int y = 0; y < image.height; ++y) {
    const std::uint8_t* bgr = decoded.ptr<std::uint8_t>(y);
    for (int x = 0; x < image.width; ++x, bgr += channels, rgb += 3) {
      rgb[0] = bgr[channels == 1 ? 0 : 2];
      rgb[1] = bgr[channels == 1 ? 0 : 1];
      rgb[2] = bgr[0];
      if (alpha && channels == 4) *a++ = bgr[3];
    }
  }
}

}  // namespace eyechart::data::internal
