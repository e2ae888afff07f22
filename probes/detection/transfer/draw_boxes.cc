#include "probes/detection/transfer/draw_boxes.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace eyechart::detection {
namespace {

// Okabe and Ito's colours, which most colour-blind people tell apart; RGB.
constexpr std::array<std::array<int, 3>, 7> kColours = {{{230, 159, 0},
                                                         {86, 180, 233},
                                                         {0, 158, 115},
                                                         {240, 228, 66},
                                                         {213, 94, 0},
                                                         {204, 121, 167},
                                                         {0, 114, 178}}};
constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;

cv::Scalar ColourOf(int number) {
  const auto& rgb =
      kColours[static_cast<std::size_t>(number) % kColours.size()];
  return {static_cast<double>(rgb[0]), static_cast<double>(rgb[1]),
          static_cast<double>(rgb[2])};
}

// OpenCV's font has ASCII alone.
std::string Ascii(const std::string& text) {
  std::string made;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0) == 0x80) continue;
    made += static_cast<unsigned char>(c) < 0x80 ? c : '?';
  }
  return made;
}

}  // namespace

void DrawBoxes(data::Image& image, const std::vector<DrawnBox>& boxes) {
  cv::Mat canvas(image.height, image.width, CV_8UC3, image.pixels.data());
  const int side = std::max(image.width, image.height);
  const int line = std::max(1, side / 320);
  const double scale = std::max(0.35, side / 1400.0);
  const cv::Scalar dark(20, 20, 20);
  for (auto box = boxes.rbegin(); box != boxes.rend(); ++box) {
    const auto at = [](double value) {
      return static_cast<int>(std::lround(value));
    };
    const Corners& c = box->corners;
    const cv::Point first(at(c[0]), at(c[1]));
    // The corner is the edge behind the last pixel.
    const cv::Point last(std::max(first.x, at(c[2]) - 1),
                         std::max(first.y, at(c[3]) - 1));
    const int width = box->thin ? std::max(1, line / 2) : line;
    cv::rectangle(canvas, first, last, dark, width + 2);
    cv::rectangle(canvas, first, last, ColourOf(box->colour), width);
    if (box->label.empty()) continue;
    int below = 0;
    const std::string text = Ascii(box->label);
    const cv::Size size = cv::getTextSize(text, kFont, scale, 1, &below);
    const int high = size.height + below + 2;
    const int top =
        std::clamp(first.y - high, 0, std::max(0, image.height - high));
    const int left =
        std::clamp(first.x, 0, std::max(0, image.width - size.width - 4));
    cv::rectangle(canvas, {left, top}, {left + size.width + 4, top + high},
                  ColourOf(box->colour), cv::FILLED);
    cv::putText(canvas, text, {left + 2, top + size.height + 1}, kFont, scale,
                dark, 1, cv::LINE_AA);
  }
}

}  // namespace eyechart::detection
