#include "data/scenes/encode.h"

// clang-format off
#include <cstdio>  // jpeglib.h needs it before itself

#include <jpeglib.h>
// clang-format on

#include <csetjmp>
#include <cstdlib>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "data/decode.h"

namespace eyechart::scenes {
namespace {

struct ErrorManager {
  jpeg_error_mgr base;
  std::jmp_buf jump;
};

// libjpeg must not see C++ exceptions.
[[noreturn]] void OnError(j_common_ptr common) {
  std::longjmp(reinterpret_cast<ErrorManager*>(common->err)->jump, 1);
}
void OnMessage(j_common_ptr) {}

// Owns nothing that a longjmp could leak; false where libjpeg gives up.
bool Compress(const data::Image& image,
              int quality,
              unsigned char** bytes,
              unsigned long* size) {
  jpeg_compress_struct jpeg;
  ErrorManager errors;
  jpeg.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = OnError;
  errors.base.output_message = OnMessage;
  if (setjmp(errors.jump) != 0) {
    jpeg_destroy_compress(&jpeg);
    return false;
  }
  jpeg_create_compress(&jpeg);
  jpeg_mem_dest(&jpeg, bytes, size);
  jpeg.image_width = static_cast<JDIMENSION>(image.width);
  jpeg.image_height = static_cast<JDIMENSION>(image.height);
  jpeg.input_components = 3;
  jpeg.in_color_space = JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, quality, TRUE);
  jpeg.dct_method = JDCT_ISLOW;
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < jpeg.image_height) {
    // libjpeg reads the row; its interface is older than const.
    JSAMPROW row = const_cast<JSAMPROW>(
        &image.pixels[static_cast<std::size_t>(jpeg.next_scanline) *
                      image.width * 3]);
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  return true;
}

}  // namespace

std::string EncodeJpeg(const data::Image& image, int quality) {
  EYECHART_REQUIRE(quality >= 1 && quality <= 100,
                   "JPEG quality {}: should be 1 to 100", quality);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  const bool whole = Compress(image, quality, &bytes, &size);
  std::string result(whole ? reinterpret_cast<char*>(bytes) : "",
                     whole ? size : 0);
  std::free(bytes);
  EYECHART_CHECK(whole, "libjpeg refused {} x {} pixels", image.width,
                 image.height);
  return result;
}

std::string EncodePng(const data::Image& image) {
  const cv::Mat rgb(image.height, image.width, CV_8UC3,
                    const_cast<std::uint8_t*>(image.pixels.data()));
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  std::vector<std::uint8_t> bytes;
  const bool whole =
      cv::imencode(".png", bgr, bytes, {cv::IMWRITE_PNG_COMPRESSION, 3});
  EYECHART_CHECK(whole, "libpng refused {} x {} pixels", image.width,
                 image.height);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

data::Image ThroughJpeg(const data::Image& image, int quality) {
  return data::Decode(EncodeJpeg(image, quality), {}).image;
}

}  // namespace eyechart::scenes
