// The orientation tag: read from EXIF and XMP, applied to pixels.
#include <algorithm>
#include <utility>

#include "data/bytes.h"
#include "data/decode_formats.h"
#include "data/tiff_directory.h"

namespace eyechart::data::internal {
namespace {

constexpr std::uint16_t kOrientationTag = 274;

// tiff:Orientation="6" or <tiff:Orientation>6: Pillow's own search.
int OrientationInXmp(std::string_view xmp) {
  constexpr std::string_view kKey = "tiff:Orientation";
  for (std::size_t at = xmp.find(kKey); at != std::string_view::npos;
       at = xmp.find(kKey, at + 1)) {
    std::string_view rest = xmp.substr(at + kKey.size());
    if (rest.starts_with("=\""))
      rest.remove_prefix(2);
    else if (rest.starts_with(">"))
      rest.remove_prefix(1);
    else
      continue;
    if (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') return rest[0] - '0';
  }
  return 1;
}

// Where an oriented picture's rows and columns come from.
bool FlipsX(int orientation) {
  return orientation == 2 || orientation == 3 || orientation == 7 ||
         orientation == 8;
}
bool FlipsY(int orientation) {
  return orientation == 3 || orientation == 4 || orientation == 6 ||
         orientation == 7;
}

template <typename T>
void Transform(int orientation,
               int width,
               int height,
               std::size_t channels,
               std::vector<T>& samples) {
  const bool swapped = SwapsSides(orientation);
  const bool flip_x = FlipsX(orientation);
  const bool flip_y = FlipsY(orientation);
  const int out_width = swapped ? height : width;
  const int out_height = swapped ? width : height;
  std::vector<T> out(samples.size());
  T* to = out.data();
  for (int y = 0; y < out_height; ++y) {
    for (int x = 0; x < out_width; ++x, to += channels) {
      int from_x = swapped ? y : x;
      int from_y = swapped ? x : y;
      if (flip_x) from_x = width - 1 - from_x;
      if (flip_y) from_y = height - 1 - from_y;
      const std::size_t from =
          static_cast<std::size_t>(from_y) * width + from_x;
      std::copy_n(samples.data() + from * channels, channels, to);
    }
  }
  samples = std::move(out);
}

}  // namespace

int ReadOrientation(std::string_view exif, std::string_view xmp) {
  constexpr std::string_view kPrefix("Exif\0\0", 6);
  for (int i = 0; i < 2; ++i)
    if (exif.starts_with(kPrefix)) exif.remove_prefix(kPrefix.size());
  const TiffDirectory directory(exif);
  if (directory.Has(kOrientationTag)) {
    const std::uint64_t value = directory.Value(kOrientationTag, 1);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return OrientationInXmp(xmp);
}

Box OrientedBox(int orientation, const Box& box, int width, int height) {
  Box out = box;
  if (FlipsX(orientation)) {
    out.left = width - box.right;
    out.right = width - box.left;
  }
  if (FlipsY(orientation)) {
    out.top = height - box.bottom;
    out.bottom = height - box.top;
  }
  if (SwapsSides(orientation)) {
    std::swap(out.left, out.top);
    std::swap(out.right, out.bottom);
  }
  return out;
}

void ApplyOrientation(int orientation, Picture& picture) {
  if (orientation < 2 || orientation > 8) return;
  Image& image = picture.image;
  Transform(orientation, image.width, image.height, 3, image.pixels);
  if (!picture.alpha.empty())
    Transform(orientation, image.width, image.height, 1, picture.alpha);
  if (SwapsSides(orientation)) std::swap(image.width, image.height);
}

}  // namespace eyechart::data::internal
