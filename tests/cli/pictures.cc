#include "tests/cli/pictures.h"

#include <fmt/format.h>

#include <random>
#include <stdexcept>

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

namespace eyechart::testing {

void WritePicture(const std::filesystem::path& path, unsigned seed) {
  std::mt19937 rng(seed);
  const auto below = [&rng](unsigned n) { return static_cast<int>(rng() % n); };
  cv::Mat picture(48 + below(40), 48 + below(40), CV_8UC3,
                  cv::Scalar(below(256), below(256), below(256)));
  for (int i = 0; i < 4; ++i) {
    const cv::Point corner(below(40), below(40));
    cv::rectangle(picture, corner,
                  corner + cv::Point(8 + below(30), 8 + below(30)),
                  cv::Scalar(below(256), below(256), below(256)), cv::FILLED);
  }
  std::filesystem::create_directories(path.parent_path());
  if (!cv::imwrite(path.string(), picture))
    throw std::runtime_error("cannot write " + path.string());
}

void WritePictures(const std::filesystem::path& folder, int count) {
  for (int i = 0; i < count; ++i)
    WritePicture(folder / fmt::format("{:03d}.jpg", i),
                 static_cast<unsigned>(i));
}

}  // namespace eyechart::testing
