#include "mining/unit_rows.h"

#include <faiss/impl/ScalarQuantizer.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/error.h"
#include "mining/kernels.h"

namespace eyechart::mining {
namespace {

class StoredRows : public UnitRows {
 public:
  explicit StoredRows(const FeatureRows& rows) : rows_(rows) {}
  void Load(std::span<const std::int32_t> which, float* out) const override {
    for (std::size_t k = 0; k < which.size(); ++k)
      rows_.ReadUnit(which[k],
                     out + static_cast<std::int64_t>(k) * rows_.dim());
  }
  double error() const override { return 0; }

 private:
  const FeatureRows& rows_;
};

// With a' = a + x and b' = b + y, |a'b' - ab| <= |x| + |y| + |x||y| for rows of
// length 1: the greatest |x| of all rows gives a bound for all pairs.
class CodedRows : public UnitRows {
 public:
  CodedRows(const FeatureRows& rows, faiss::ScalarQuantizer::QuantizerType type)
      : dim_(rows.dim()), coder_(static_cast<std::size_t>(rows.dim()), type) {
    const std::int64_t n = rows.count();
    Train(rows);
    codes_.resize(static_cast<std::size_t>(n) * coder_.code_size);
    std::vector<float> unit(static_cast<std::size_t>(kBlock * dim_));
    std::vector<float> back(unit.size());
    double greatest = 0;
    for (std::int64_t begin = 0; begin < n; begin += kBlock) {
      const std::int64_t count = std::min(kBlock, n - begin);
      rows.ReadNormalised(begin, count, unit.data());
      std::uint8_t* codes = Code(begin);
      coder_.compute_codes(unit.data(), codes, static_cast<std::size_t>(count));
      coder_.decode(codes, back.data(), static_cast<std::size_t>(count));
      for (std::int64_t i = 0; i < count * dim_; ++i) back[i] -= unit[i];
      for (std::int64_t i = 0; i < count; ++i) {
        const float* x = back.data() + i * dim_;
        greatest = std::max(greatest, DotExact(x, x, dim_));
      }
    }
    // What subtracting in float32 may have lost of |x|.
    const double x = std::sqrt(greatest) * (1 + 0x1p-20) + 0x1p-20;
    error_ = 2 * x + x * x;
  }

  void Load(std::span<const std::int32_t> which, float* out) const override {
    for (std::size_t k = 0; k < which.size(); ++k)
      coder_.decode(Code(which[k]), out + static_cast<std::int64_t>(k) * dim_,
                    1);
  }
  double error() const override { return error_; }

 private:
  static constexpr std::int64_t kBlock = 1024;
  static constexpr std::int64_t kTrainingRows = 65536;

  // The ranges of int8 come from rows spread over all of them; what lies
  // outside of them is clipped, and counts in the error.
  void Train(const FeatureRows& rows) {
    const std::int64_t n = rows.count();
    const std::int64_t count =
        std::min({n, kTrainingRows, (std::int64_t{64} << 20) / (4 * dim_) + 1});
    std::vector<float> sample(static_cast<std::size_t>(count * dim_));
    for (std::int64_t i = 0; i < count; ++i)
      rows.ReadUnit(i * n / count, sample.data() + i * dim_);
    coder_.train(static_cast<std::size_t>(count), sample.data());
  }

  std::uint8_t* Code(std::int64_t row) {
    return codes_.data() + static_cast<std::size_t>(row) * coder_.code_size;
  }
  const std::uint8_t* Code(std::int64_t row) const {
    return codes_.data() + static_cast<std::size_t>(row) * coder_.code_size;
  }

  std::int64_t dim_;
  faiss::ScalarQuantizer coder_;
  std::vector<std::uint8_t> codes_;
  double error_ = 0;
};

}  // namespace

std::unique_ptr<UnitRows> UnitRows::Create(const FeatureRows& rows,
                                           const std::string& quantizer) {
  RequireKnown(quantizer);
  if (quantizer == "none") return std::make_unique<StoredRows>(rows);
  return std::make_unique<CodedRows>(
      rows, quantizer == "fp16" ? faiss::ScalarQuantizer::QT_fp16
                                : faiss::ScalarQuantizer::QT_8bit);
}

void UnitRows::RequireKnown(const std::string& quantizer) {
  EYECHART_REQUIRE(
      quantizer == "none" || quantizer == "fp16" || quantizer == "int8",
      "--quantizer {}: there are none, fp16 and int8", quantizer);
}

}  // namespace eyechart::mining
