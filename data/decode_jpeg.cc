// JPEG through libjpeg itself rather than OpenCV: a source that never invents
// data is the only way to tell a truncated file, its warnings stay silent, and
// four components come as they are.
// clang-format off
#include <cstdio>  // jpeglib.h needs it before itself

#include <jpeglib.h>
// clang-format on

#include <algorithm>
#include <csetjmp>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "data/bytes.h"
#include "data/decode_formats.h"

namespace eyechart::data::internal {
namespace {

struct ErrorManager {
  jpeg_error_mgr base;
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
};

// What libjpeg calls. It must not see C++ exceptions, so errors leave through
// longjmp, over frames that hold nothing to destroy.
[[noreturn]] void OnError(j_common_ptr common) {
  auto* errors = reinterpret_cast<ErrorManager*>(common->err);
  common->err->format_message(common, errors->message);
  std::longjmp(errors->jump, 1);
}
void OnMessage(j_common_ptr) {}
void OnSource(j_decompress_ptr) {}
// No more bytes: suspend. Pillow's source does the same, so the same files
// count as truncated.
boolean OnEmpty(j_decompress_ptr) { return FALSE; }
void OnSkip(j_decompress_ptr jpeg, long count) {
  if (count <= 0) return;
  const std::size_t skipped =
      std::min(static_cast<std::size_t>(count), jpeg->src->bytes_in_buffer);
  jpeg->src->next_input_byte += skipped;
  jpeg->src->bytes_in_buffer -= skipped;
}

class Decompressor {
 public:
  explicit Decompressor(std::string_view bytes) {
    jpeg_.err = jpeg_std_error(&errors_.base);
    errors_.base.error_exit = OnError;
    errors_.base.output_message = OnMessage;
    errors_.message[0] = '\0';
    Guarded([this] { jpeg_create_decompress(&jpeg_); });
    source_.init_source = OnSource;
    source_.fill_input_buffer = OnEmpty;
    source_.skip_input_data = OnSkip;
    source_.resync_to_restart = jpeg_resync_to_restart;
    source_.term_source = OnSource;
    jpeg_.src = &source_;
    SetSource(bytes);
  }
  ~Decompressor() { jpeg_destroy_decompress(&jpeg_); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  void SetSource(std::string_view bytes) {
    source_.next_input_byte = reinterpret_cast<const JOCTET*>(bytes.data());
    source_.bytes_in_buffer = bytes.size();
  }

  jpeg_decompress_struct& operator*() { return jpeg_; }
  jpeg_decompress_struct* operator->() { return &jpeg_; }

  // Runs `step`, which must own nothing, and turns libjpeg's errors into ours.
  template <typename Step>
  void Guarded(Step step) {
    if (setjmp(errors_.jump) != 0)
      ThrowDecode("damaged JPEG: {}", errors_.message);
    step();
  }

 private:
  jpeg_decompress_struct jpeg_{};
  ErrorManager errors_{};
  jpeg_source_mgr source_{};
};

// The EXIF and XMP segments, found by walking the markers up to the scan.
int OrientationOf(std::string_view bytes) {
  using namespace std::string_view_literals;
  constexpr auto kExif = "Exif\0\0"sv;
  constexpr auto kXmp = "http://ns.adobe.com/xap/1.0/\0"sv;
  std::string exif;
  std::string_view xmp;
  std::size_t at = 2;
  while (at + 4 <= bytes.size()) {
    if (ByteAt(bytes, at) != 0xFF) {
      ++at;
      continue;
    }
    const int marker = ByteAt(bytes, at + 1);
    if (marker == 0xFF) {  // padding
      ++at;
      continue;
    }
    const bool bare =
        marker == 0x00 || marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8);
    if (bare) {
      at += 2;
      continue;
    }
    if (marker == 0xDA || marker == 0xD9) break;
    const std::size_t length = ReadBig16(bytes, at + 2);
    if (length < 2) break;
    const std::string_view data = Slice(bytes, at + 4, length - 2);
    if (marker == 0xE1 && data.starts_with(kExif))
      exif += data.substr(exif.empty() ? 0 : kExif.size());
    else if (marker == 0xE1 && data.starts_with(kXmp))
      xmp = data.substr(kXmp.size());
    at += 2 + length;
  }
  return ReadOrientation(exif, xmp);
}

// Which part of its size is enough for the target: the largest denominator
// that leaves no side below twice the target. `swapped`: the picture is turned
// afterwards.
int Denominator(const PictureSize& full, bool swapped, const TargetRule& rule) {
  constexpr int kGap = 2;
  PictureSize target =
      rule(swapped ? PictureSize{full.width, full.height} : full);
  if (swapped) std::swap(target.width, target.height);
  if (target.width < 1 || target.height < 1) return 1;
  const std::int64_t scale = std::min(full.width / target.width / kGap,
                                      full.height / target.height / kGap);
  for (const int denominator : {8, 4, 2})
    if (scale >= denominator) return denominator;
  return 1;
}

}  // namespace

Picture DecodeJpeg(std::string_view bytes, const DecodeRequest& request) {
  Decompressor jpeg(bytes);
  int header = JPEG_SUSPENDED;
  jpeg.Guarded([&] { header = jpeg_read_header(&*jpeg, TRUE); });
  if (header != JPEG_HEADER_OK) ThrowDecode("truncated JPEG");
  const int components = jpeg->num_components;
  if (components != 1 && components != 3 && components != 4)
    ThrowDecode("JPEG of {} components; 1, 3 and 4 are known", components);

  Picture picture;
  if (request.orientation) picture.orientation = OrientationOf(bytes);
  jpeg->out_color_space = components == 1   ? JCS_GRAYSCALE
                          : components == 3 ? JCS_RGB
                                            : JCS_CMYK;
  RequireSize(jpeg->image_width, jpeg->image_height, request);
  if (request.target) {
    picture.full = {jpeg->image_height, jpeg->image_width};
    const bool swapped = request.orientation && SwapsSides(picture.orientation);
    picture.denominator = Denominator(picture.full, swapped, request.target);
    jpeg->scale_num = 1;
    jpeg->scale_denom = static_cast<unsigned>(picture.denominator);
    jpeg.Guarded([&] { jpeg_calc_output_dimensions(&*jpeg); });
    picture.image = NewImage(jpeg->output_width, jpeg->output_height, request);
  } else {
    picture.image = NewImage(jpeg->image_width, jpeg->image_height, request);
  }
  bool more = false;
  jpeg.Guarded([&] { more = jpeg_start_decompress(&*jpeg); });
  if (!more) ThrowDecode("truncated JPEG");
  const std::size_t width = jpeg->output_width;
  std::vector<std::uint8_t> line(components == 3 ? 0 : width * components);
  std::uint8_t* out = picture.image.pixels.data();
  for (JDIMENSION y = 0; y < jpeg->output_height; ++y, out += width * 3) {
    JSAMPROW row = components == 3 ? out : line.data();
    JDIMENSION rows = 0;
    jpeg.Guarded([&] { rows = jpeg_read_scanlines(&*jpeg, &row, 1); });
    if (rows == 0)
      ThrowDecode("truncated JPEG: {} of {} rows are there", y,
                  jpeg->output_height);
    if (components == 1) {
      for (std::size_t x = 0; x < width; ++x)
        out[3 * x] = out[3 * x + 1] = out[3 * x + 2] = line[x];
    } else if (components == 4) {
      // Adobe's files hold the inks inverted; Pillow takes all for Adobe's.
      for (std::uint8_t& ink : line) ink = static_cast<std::uint8_t>(255 - ink);
      for (std::size_t x = 0; x < width; ++x)
        CmykToRgb(line.data() + 4 * x, out + 3 * x);
    }
  }
  return picture;
}

void DecodeJpegBlock(std::string_view tables,
                     std::string_view bytes,
                     bool ycc,
                     std::size_t width,
                     std::size_t components,
                     std::vector<std::uint8_t>& out) {
  Decompressor jpeg(tables);
  int header = JPEG_HEADER_TABLES_ONLY;
  if (!tables.empty())
    jpeg.Guarded([&] { header = jpeg_read_header(&*jpeg, FALSE); });
  if (header != JPEG_HEADER_TABLES_ONLY)
    ThrowDecode("damaged TIFF: its JPEG tables are not tables");
  jpeg.SetSource(bytes);
  jpeg.Guarded([&] { header = jpeg_read_header(&*jpeg, TRUE); });
  if (header != JPEG_HEADER_OK) ThrowDecode("truncated TIFF");
  const std::size_t row_bytes = width * components;
  const std::size_t rows = out.size() / row_bytes;
  if (jpeg->image_width != width || jpeg->image_height < rows ||
      static_cast<std::size_t>(jpeg->num_components) != components)
    ThrowDecode("damaged TIFF: a JPEG block of {} x {} x {}", jpeg->image_width,
                jpeg->image_height, jpeg->num_components);
  // The file says what the samples are; the block has no markers for it.
  jpeg->jpeg_color_space = ycc ? JCS_YCbCr : JCS_UNKNOWN;
  jpeg->out_color_space = ycc ? JCS_RGB : JCS_UNKNOWN;
  bool more = false;
  jpeg.Guarded([&] { more = jpeg_start_decompress(&*jpeg); });
  if (!more) ThrowDecode("truncated TIFF");
  for (std::size_t y = 0; y < rows; ++y) {
    JSAMPROW row = out.data() + y * row_bytes;
    JDIMENSION done = 0;
    jpeg.Guarded([&] { done = jpeg_read_scanlines(&*jpeg, &row, 1); });
    if (done == 0) ThrowDecode("truncated TIFF");
  }
}

}  // namespace eyechart::data::internal
