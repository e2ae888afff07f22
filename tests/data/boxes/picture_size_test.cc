#include "data/boxes/picture_size.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "data/bytes.h"
#include "tests/data/boxes/box_fixture.h"

namespace eyechart::data {
namespace {

using namespace std::string_view_literals;

std::string Told(std::string_view bytes) {
  const auto size = PictureSizeOf(bytes);
  return size ? fmt::format("{} x {}", size->width, size->height) : "none";
}

// Bytes as the formats' specifications lay them out.
constexpr auto kPng =
    "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x01\x02\0\0\0\x03\x08\x02"sv;
constexpr auto kJpeg =
    "\xff\xd8\xff\xe0\0\x06JFIF\xff\xff\xfe\0\x04\xff\xc0"
    "\xff\xc4\0\x03\0\xff\xc2\0\x11\x08\x01\x2c\x02\x58\x03"sv;
constexpr auto kWebpX =
    "RIFF\x99\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\x01\0\x63\0\0"sv;
constexpr auto kWebp =
    "RIFF\x99\0\0\0WEBPVP8 \x63\0\0\0\0\0\0\x9d\x01\x2a\x40\x41\x10\0"sv;
// 14 bits of width - 1 = 4, 14 of height - 1 = 2.
constexpr auto kWebpL = "RIFF\x99\0\0\0WEBPVP8L\x63\0\0\0\x2f\x04\x80\0\0"sv;
constexpr auto kTiff =
    "II*\0\x08\0\0\0\x03\0"
    "\0\x01\x03\0\x01\0\0\0\x11\0\0\0"
    "\x01\x01\x04\0\x01\0\0\0\x07\0\0\0"
    "\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"sv;

TEST(PictureSize, ReadsHeaders) {
  EXPECT_EQ(Told(kPng), "258 x 3");
  EXPECT_EQ(Told(kJpeg), "600 x 300");  // the bytes in the comment are no frame
  EXPECT_EQ(Told(kWebpX), "512 x 100");
  EXPECT_EQ(Told(kWebp), "320 x 16");  // the upper two bits are a scale
  EXPECT_EQ(Told(kWebpL), "5 x 3");
  EXPECT_EQ(Told(Header(7, 9)), "7 x 9");
  EXPECT_EQ(Told(Header(7, static_cast<std::uint32_t>(-9))), "7 x 9");
  EXPECT_EQ(Told("BM\0\0\0\0\0\0\0\0\x1a\0\0\0\x0c\0\0\0\x05\0\x06\0"
                 "\x01\0\x18\0"sv),
            "5 x 6");
  EXPECT_EQ(Told(kTiff), "7 x 17");  // turned
}

TEST(PictureSize, OfPartsIsNoneOrTheSame) {
  for (const std::string_view whole :
       {kPng, kJpeg, kWebpX, kWebp, kWebpL, kTiff}) {
    for (std::size_t n = 0; n < whole.size(); ++n) {
      // In memory of its own, so that a reader beyond it is seen.
      const std::string part(whole.substr(0, n));
      const std::string told = Told(part);
      EXPECT_TRUE(told == "none" || told == Told(whole) || whole == kTiff)
          << told << " of " << n << " bytes";
    }
  }
}

TEST(PictureSize, RefusesSidesThatNoPictureHas) {
  EXPECT_EQ(Told(Header(0, 9)), "none");
  EXPECT_EQ(Told(Header(9, 0)), "none");
  EXPECT_EQ(Told(Header(0x80000000u, 9)), "none");
  EXPECT_EQ(Told(Header(9, 0x80000000u)), "none");
  EXPECT_EQ(Told("GIF89a........................."), "none");
  EXPECT_EQ(Told(""), "none");
}

TEST(PictureSize, OfAFile) {
  const testing::TempFolder folder;
  testing::WriteText(folder / "a", std::string(kPng));
  EXPECT_EQ(ReadPictureSize(folder / "a")->width, 258);
  testing::WriteText(folder / "b", "");
  EXPECT_FALSE(ReadPictureSize(folder / "b"));
  EXPECT_FALSE(ReadPictureSize(folder / "none"));
  EXPECT_FALSE(ReadPictureSize(folder.path()));
}

}  // namespace
}  // namespace eyechart::data
