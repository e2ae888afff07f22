// zlib and gzip streams, inflated piece by piece.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace eyechart::data {

/// Deflate cannot expand its input by more than this factor: a header that
/// claims more than the file can hold is found out before memory is taken.
inline constexpr std::size_t kMaxInflateRatio = 1032;

/// Inflates `bytes`, which must outlive it.
class Inflater {
 public:
  /// Takes zlib and gzip streams, told apart by their headers.
  explicit Inflater(std::string_view bytes);
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Fills `out` with the next `size` bytes and returns how many there were:
  /// fewer at the end of the stream, of the input, or before damage.
  std::size_t Read(void* out, std::size_t size);

  /// The stream is not one that deflate wrote.
  bool damaged() const { return damaged_; }

 private:
  z_stream stream_{};
  std::string_view rest_;
  bool done_ = false;
  bool damaged_ = false;
};

/// At most `limit` bytes of the stream, as many as can be had.
std::string InflateSome(std::string_view bytes, std::size_t limit);

}  // namespace eyechart::data
