// Picture files of every format, decoded in the ways that there are.
#include <opencv2/imgcodecs.hpp>

#include "core/error.h"
#include "data/preprocess.h"
#include "tests/fuzz/target.h"

namespace eyechart::fuzz {

bool Reads(const std::string& input) {
  data::PreprocessOptions options;
  options.size_height = options.crop_height = options.crop_width = 4;
  options.decode.max_pixels = 1 << 16;
  bool read = false;
  for (const bool other : {false, true}) {
    if (other) {
      options.decode.alpha = data::AlphaMode::kWhite;
      options.decode.orient = data::OrientMode::kExif;
      options.decode.mode = data::DecodeMode::kFast;
    }
    try {
      data::DecodeAndPreprocess(input, options);
      read = true;
    } catch (const InputError&) {
    }
  }
  return read;
}

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds;
  for (const int type : {CV_8UC1, CV_8UC3, CV_8UC4, CV_16UC1}) {
    cv::Mat picture(21, 34, type);
    cv::randu(picture, 0, 255);
    for (const char* format : {".jpg", ".png", ".webp", ".bmp", ".tiff"}) {
      const bool has = type == CV_8UC3 || format[1] == 'p' ||
                       format[1] == 't' ||
                       (format[1] == 'j' && type == CV_8UC1);
      if (!has) continue;
      std::vector<unsigned char> bytes;
      cv::imencode(format, picture, bytes);
      seeds.emplace_back(bytes.begin(), bytes.end());
    }
  }
  return seeds;
}

}  // namespace eyechart::fuzz
