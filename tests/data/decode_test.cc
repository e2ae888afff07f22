#include "data/decode.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include "data/signature.h"
#include "tests/fixture.h"

namespace eyechart::data {
namespace {

// Equality with Pillow is tested in tests/oracle; here is what needs no
// reference: lossless formats give back what was written, and nothing that a
// file holds brings the decoder down.

constexpr int kWidth = 37;
constexpr int kHeight = 23;

struct Sample {
  std::string name;
  std::string bytes;
  bool lossless = true;
  int channels = 3;
};

cv::Mat Noise(int channels) {
  cv::Mat mat(kHeight, kWidth, CV_8UC(channels));
  std::uniform_int_distribution<int> byte(0, 255);
  for (int y = 0; y < kHeight; ++y)
    for (int x = 0; x < kWidth * channels; ++x)
      mat.ptr(y)[x] = static_cast<std::uint8_t>(byte(testing::Rng()));
  return mat;
}

std::string Encode(const char* extension,
                   const cv::Mat& mat,
                   const std::vector<int>& parameters = {}) {
  std::vector<std::uint8_t> bytes;
  EXPECT_TRUE(cv::imencode(extension, mat, bytes, parameters));
  return {bytes.begin(), bytes.end()};
}

// The same noise in every format.
std::vector<std::pair<Sample, cv::Mat>> Samples() {
  std::vector<std::pair<Sample, cv::Mat>> samples;
  for (const int channels : {1, 3, 4}) {
    const cv::Mat mat = Noise(channels);
    const auto add = [&](const char* name, bool lossless,
                         const std::vector<int>& parameters = {}) {
      samples.push_back({{fmt::format("{} of {} channels", name, channels),
                          Encode(name, mat, parameters), lossless, channels},
                         mat});
    };
    add(".png", true);
    add(".tif", true);
    add(".bmp", channels != 4);  // an alpha mask that Pillow does not know
    // libwebp is free to change what is transparent.
    add(".webp", channels == 3, {cv::IMWRITE_WEBP_QUALITY, 101});
    if (channels != 4) {
      add(".jpg", false);
      add(".jpg", false, {cv::IMWRITE_JPEG_PROGRESSIVE, 1});
    }
  }
  return samples;
}

std::string DecodeErrorOf(const std::string& bytes,
                          const DecodeOptions& options = {}) {
  try {
    Decode(bytes, options);
  } catch (const DecodeError& error) {
    return error.what();
  }
  return "";
}

TEST(Decode, LosslessFormatsGiveBackWhatWasWritten) {
  for (const auto& [sample, mat] : Samples()) {
    SCOPED_TRACE(sample.name);
    const Image image = Decode(sample.bytes, {}).image;
    ASSERT_EQ(image.width, kWidth);
    ASSERT_EQ(image.height, kHeight);
    if (!sample.lossless) continue;
    int wrong = 0;
    for (int y = 0; y < kHeight; ++y)
      for (int x = 0; x < kWidth; ++x) {
        const std::uint8_t* bgr = mat.ptr(y) + x * sample.channels;
        const std::uint8_t* rgb = &image.pixels[(y * kWidth + x) * 3];
        const bool gray = sample.channels == 1;
        wrong += rgb[0] != bgr[gray ? 0 : 2] || rgb[1] != bgr[gray ? 0 : 1] ||
                 rgb[2] != bgr[0];
      }
    EXPECT_EQ(wrong, 0);
  }
}

// The noise is 37 x 23: a quarter of it is 10 x 6, half is 19 x 12.
TEST(Decode, ReducesAJpegToNoLessThanTwiceTheTarget) {
  const std::string jpeg = Encode(".jpg", Noise(3));
  DecodeOptions fast;
  fast.mode = DecodeMode::kFast;
  const auto decode = [&](int height, int width) {
    return Decode(jpeg, fast, [=](const PictureSize& full) {
      EXPECT_EQ(full.width, kWidth);
      EXPECT_EQ(full.height, kHeight);
      return PictureSize{height, width};
    });
  };
  const Decoded quarter = decode(2, 4);
  EXPECT_EQ(quarter.image.width, 10);
  EXPECT_EQ(quarter.image.height, 6);
  EXPECT_EQ(quarter.full.width, kWidth);
  EXPECT_EQ(quarter.full.height, kHeight);
  EXPECT_EQ(quarter.box.right, 37 / 4.0);
  EXPECT_EQ(quarter.box.bottom, 23 / 4.0);
  EXPECT_EQ(decode(1, 2).image.width, 5);
  EXPECT_EQ(decode(5, 9).image.width, 19);
  EXPECT_EQ(decode(6, 9).image.width, kWidth);
  EXPECT_EQ(decode(5, 10).image.width, kWidth);
  EXPECT_EQ(decode(0, 0).image.width, kWidth);
  // Neither where nobody says what for, nor where it is not asked for.
  EXPECT_EQ(Decode(jpeg, fast).image.width, kWidth);
  const auto tiny = [](const PictureSize&) { return PictureSize{1, 1}; };
  EXPECT_EQ(Decode(jpeg, {}, tiny).image.width, kWidth);
  EXPECT_EQ(Decode(Encode(".png", Noise(3)), fast, tiny).image.width, kWidth);
  fast.max_pixels = kWidth * kHeight - 1;
  EXPECT_THROW(Decode(jpeg, fast, tiny), DecodeError);
}

TEST(Decode, WhiteCompositing) {
  cv::Mat mat(1, 3, CV_8UC4);
  mat.at<cv::Vec4b>(0, 0) = {10, 20, 30, 255};
  mat.at<cv::Vec4b>(0, 1) = {10, 20, 30, 0};
  mat.at<cv::Vec4b>(0, 2) = {0, 100, 255, 51};  // a fifth
  const std::string png = Encode(".png", mat);
  DecodeOptions options;
  EXPECT_EQ(Decode(png, options).image.pixels,
            (std::vector<std::uint8_t>{30, 20, 10, 30, 20, 10, 255, 100, 0}));
  options.alpha = AlphaMode::kWhite;
  EXPECT_EQ(
      Decode(png, options).image.pixels,
      (std::vector<std::uint8_t>{30, 20, 10, 255, 255, 255, 255, 224, 204}));
}

TEST(Decode, SixteenBitGrayIsClippedAndSaysSo) {
  cv::Mat mat(1, 4, CV_16UC1);
  mat.at<std::uint16_t>(0, 0) = 0;
  mat.at<std::uint16_t>(0, 1) = 255;
  mat.at<std::uint16_t>(0, 2) = 256;
  mat.at<std::uint16_t>(0, 3) = 65535;
  for (const char* format : {".png", ".tif"}) {
    const Decoded decoded = Decode(Encode(format, mat), {});
    EXPECT_EQ(decoded.image.pixels,
              (std::vector<std::uint8_t>{0, 0, 0, 255, 255, 255, 255, 255, 255,
                                         255, 255, 255}));
    EXPECT_NE(decoded.note.find("16-bit"), std::string::npos);
  }
  EXPECT_EQ(Decode(Encode(".png", Noise(1)), {}).note, "");
}

TEST(Decode, OtherFilesAreRefusedByName) {
  EXPECT_EQ(DecodeErrorOf(""), "the file is empty");
  for (const std::string bytes : {"x", "GIF89a", "hello there, no picture"})
    EXPECT_NE(DecodeErrorOf(bytes).find("JPEG, PNG, WebP, BMP or TIFF"),
              std::string::npos);
}

TEST(Decode, TruncatedFilesAreErrors) {
  for (const auto& [sample, mat] : Samples()) {
    SCOPED_TRACE(sample.name);
    for (std::size_t part = 0; part < 16; ++part) {
      const std::string cut =
          sample.bytes.substr(0, sample.bytes.size() * part / 16);
      EXPECT_NE(DecodeErrorOf(cut), "") << part << "/16";
    }
    for (std::size_t size = 1; size < 40; ++size)
      EXPECT_NE(DecodeErrorOf(sample.bytes.substr(0, size)), "");
  }
}

TEST(Decode, DamageNeverBringsItDown) {
  std::uniform_int_distribution<int> byte(0, 255);
  int read = 0;
  int refused = 0;
  DecodeOptions options;
  options.max_pixels = 1 << 20;
  options.alpha = AlphaMode::kWhite;
  options.orient = OrientMode::kExif;
  for (const auto& [sample, mat] : Samples()) {
    SCOPED_TRACE(sample.name);
    for (int i = 0; i < 150; ++i) {
      std::string damaged = sample.bytes;
      // Half of the blows to the headers, where the sizes are.
      const std::size_t span = i % 2 == 0 ? std::size_t{64} : damaged.size();
      std::uniform_int_distribution<std::size_t> place(
          0, std::min(span, damaged.size()) - 1);
      for (int blow = 0; blow <= i % 4; ++blow)
        damaged[place(testing::Rng())] =
            static_cast<char>(byte(testing::Rng()));
      try {
        const Image image = Decode(damaged, options).image;
        EXPECT_EQ(image.pixels.size(),
                  std::size_t{3} * image.width * image.height);
        ++read;
      } catch (const DecodeError&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(read, 0);
  EXPECT_GT(refused, 0);
}

// Headers that claim the largest sizes, with next to nothing behind them.
TEST(Decode, BombsAreRefusedFromTheHeader) {
  const auto patched = [](std::string bytes, std::size_t at,
                          const std::string& value) {
    return bytes.replace(at, value.size(), value);
  };
  const cv::Mat mat = Noise(3);
  const std::string png = Encode(".png", mat);
  // The checksum goes wrong with the size; both are reasons to refuse.
  EXPECT_NE(DecodeErrorOf(patched(png, 16, "\x7F\xFF\xFF\xFF\x7F\xFF\xFF\xFF")),
            "");
  const std::string bmp = Encode(".bmp", mat);
  EXPECT_NE(DecodeErrorOf(patched(bmp, 18, "\xFF\xFF\xFF\x7F\xFF\xFF\xFF\x7F")),
            "");
  std::string jpeg = Encode(".jpg", mat);
  const std::size_t frame = jpeg.find("\xFF\xC0");
  ASSERT_NE(frame, std::string::npos);
  const std::string bomb = patched(jpeg, frame + 5, "\xFF\xDC\xFF\xDC");
  EXPECT_NE(DecodeErrorOf(bomb).find("decompression bomb"), std::string::npos);
  // libwebp would take memory for the canvas, here 2^24 x 2^24 pixels.
  const std::string webp = Encode(".webp", mat);
  for (const char flags : {'\0', '\2'}) {
    std::string chunks = webp.substr(12);
    chunks.insert(0, std::string("VP8X\x0A\0\0\0", 8) + flags +
                         std::string("\0\0\0", 3) + std::string(6, '\xFF'));
    std::string canvas = webp.substr(0, 12) + chunks;
    canvas[4] = static_cast<char>((canvas.size() - 8) & 0xFF);
    canvas[5] = static_cast<char>((canvas.size() - 8) >> 8 & 0xFF);
    EXPECT_NE(DecodeErrorOf(canvas).find("WebP"), std::string::npos);
  }
  DecodeOptions small;
  small.max_pixels = kWidth * kHeight - 1;
  for (const char* format : {".png", ".bmp", ".jpg", ".tif", ".webp"})
    EXPECT_NE(DecodeErrorOf(Encode(format, mat), small).find("limit"),
              std::string::npos)
        << format;
  small.max_pixels = kWidth * kHeight;
  for (const char* format : {".png", ".bmp", ".jpg", ".tif", ".webp"})
    EXPECT_EQ(DecodeErrorOf(Encode(format, mat), small), "") << format;
}

TEST(SniffFormat, ShortAndLikelyBytes) {
  EXPECT_EQ(SniffFormat(""), PictureFormat::kUnknown);
  EXPECT_EQ(SniffFormat("\xFF\xD8"), PictureFormat::kUnknown);
  EXPECT_EQ(SniffFormat("\xFF\xD8\xFF"), PictureFormat::kJpeg);
  EXPECT_EQ(SniffFormat("RIFF"), PictureFormat::kUnknown);
  EXPECT_EQ(SniffFormat("RIFF1234WAVE"), PictureFormat::kUnknown);
  EXPECT_EQ(SniffFormat("RIFF1234WEBP"), PictureFormat::kWebp);
  EXPECT_EQ(SniffFormat("BMW is a car"), PictureFormat::kUnknown);
  EXPECT_EQ(SniffFormat(std::string_view("MM\0*", 4)), PictureFormat::kTiff);
}

}  // namespace
}  // namespace eyechart::data
