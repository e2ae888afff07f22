#include "probes/detection/deformable_kernel.h"

#include <ATen/Parallel.h>

#include <cmath>
#include <cstring>

// The build aims at any x86-64; the loops are compiled a second time for AVX2
// and the processor is asked once which of the two to take.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define EYECHART_CLONES __attribute__((target_clones("default", "avx2,fma")))
#else
#define EYECHART_CLONES
#endif
#define EYECHART_INLINE inline __attribute__((always_inline))

namespace eyechart::detection {
namespace {

using Float8 = float __attribute__((vector_size(32)));
constexpr std::int64_t kLanes = 8;

// The four cells around a point: bilinear shares, 0 outside the map, where
// `row` is any cell inside it.
struct CornerWeights {
  float share[4];
  float inside[4];      // 1, or 0 outside
  std::int64_t row[4];  // cells from the level's first
  float right;          // part of a cell from the left pair, and
  float down;           // from the upper one
};

// Whether the point (x, y), in parts of the map, is within a cell of it.
EYECHART_INLINE bool FindCorners(const LevelSize& level,
                                 float x,
                                 float y,
                                 CornerWeights& corners) {
  const auto width = static_cast<float>(level.width);
  const auto height = static_cast<float>(level.height);
  const float px = x * width - 0.5f;
  const float py = y * height - 0.5f;
  // Written so that NaN is outside.
  if (!(px > -1 && px < width && py > -1 && py < height)) return false;
  const float left = std::floor(px);
  const float top = std::floor(py);
  corners.right = px - left;
  corners.down = py - top;
  const auto column = static_cast<std::int64_t>(left);
  const auto line = static_cast<std::int64_t>(top);
  for (int k = 0; k < 4; ++k) {
    const std::int64_t cx = column + (k & 1);
    const std::int64_t cy = line + (k >> 1);
    const bool inside =
        cx >= 0 && cx < level.width && cy >= 0 && cy < level.height;
    corners.inside[k] = inside ? 1.f : 0.f;
    corners.row[k] = inside ? cy * level.width + cx : 0;
    corners.share[k] = corners.inside[k] *
                       ((k & 1) != 0 ? corners.right : 1 - corners.right) *
                       ((k >> 1) != 0 ? corners.down : 1 - corners.down);
  }
  return true;
}

// By reference, as values that wide are passed differently with AVX.
EYECHART_INLINE void Load(const float* from, Float8& lanes) {
  std::memcpy(&lanes, from, sizeof(lanes));
}

EYECHART_INLINE void Store(const Float8& lanes, float* to) {
  std::memcpy(to, &lanes, sizeof(lanes));
}

EYECHART_INLINE float Sum(const Float8& lanes) {
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
         ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

// out += sum over corners of share[k] value[k], `width` values.
EYECHART_INLINE void AddWeighted(const float* const value[4],
                                 const float share[4],
                                 std::int64_t width,
                                 float* out) {
  std::int64_t d = 0;
  for (; d + kLanes <= width; d += kLanes) {
    Float8 sum;
    Load(out + d, sum);
    for (int k = 0; k < 4; ++k) {
      Float8 lanes;
      Load(value[k] + d, lanes);
      sum += share[k] * lanes;
    }
    Store(sum, out + d);
  }
  for (; d < width; ++d)
    for (int k = 0; k < 4; ++k) out[d] += share[k] * value[k][d];
}

// dots[k] = slope . value[k], and value_slope[k] += share[k] slope.
EYECHART_INLINE void AddSlopes(const float* const value[4],
                               float* const value_slope[4],
                               const float* slope,
                               const float share[4],
                               std::int64_t width,
                               float dots[4]) {
  Float8 sums[4] = {};
  std::int64_t d = 0;
  for (; d + kLanes <= width; d += kLanes) {
    Float8 one;
    Load(slope + d, one);
    for (int k = 0; k < 4; ++k) {
      Float8 lanes;
      Load(value[k] + d, lanes);
      sums[k] += one * lanes;
      // Corners outside share a cell with others: read after each write.
      Load(value_slope[k] + d, lanes);
      lanes += share[k] * one;
      Store(lanes, value_slope[k] + d);
    }
  }
  for (int k = 0; k < 4; ++k) dots[k] = Sum(sums[k]);
  for (; d < width; ++d)
    for (int k = 0; k < 4; ++k) {
      dots[k] += slope[d] * value[k][d];
      value_slope[k][d] += share[k] * slope[d];
    }
}

// Places in the arrays of one head of one picture.
struct Slice {
  const float* values;
  const float* locations;
  const float* weights;
  std::int64_t samples;  // of a query and head: L P
};

EYECHART_INLINE Slice SliceOf(const DeformableSizes& sizes,
                              const float* values,
                              const float* locations,
                              const float* weights,
                              std::int64_t picture,
                              std::int64_t head) {
  const auto samples =
      static_cast<std::int64_t>(sizes.levels.size()) * sizes.points;
  const std::int64_t first =
      (picture * sizes.queries * sizes.heads + head) * samples;
  return {values + picture * sizes.picture_stride + head * sizes.width,
          locations + 2 * first, weights + first, samples};
}

EYECHART_CLONES void SampleHead(const DeformableSizes& sizes,
                                const Slice& in,
                                float* out) {
  const std::int64_t step = sizes.heads * in.samples;
  CornerWeights corners;
  for (std::int64_t q = 0; q < sizes.queries; ++q) {
    float* to = out + q * sizes.heads * sizes.width;
    std::memset(to, 0, static_cast<std::size_t>(sizes.width) * sizeof(float));
    const float* place = in.locations + 2 * q * step;
    const float* weight = in.weights + q * step;
    const float* base = in.values;
    for (const LevelSize& level : sizes.levels) {
      for (std::int64_t p = 0; p < sizes.points; ++p, place += 2, ++weight) {
        if (!FindCorners(level, place[0], place[1], corners)) continue;
        const float* value[4];
        float share[4];
        for (int k = 0; k < 4; ++k) {
          value[k] = base + corners.row[k] * sizes.token_stride;
          share[k] = *weight * corners.share[k];
        }
        AddWeighted(value, share, sizes.width, to);
      }
      base += level.height * level.width * sizes.token_stride;
    }
  }
}

EYECHART_CLONES void SlopeHead(const DeformableSizes& sizes,
                               const Slice& in,
                               const float* slope,
                               float* values_slope,
                               float* locations_slope,
                               float* weights_slope) {
  const std::int64_t step = sizes.heads * in.samples;
  const std::int64_t stride = sizes.heads * sizes.width;
  CornerWeights corners;
  for (std::int64_t q = 0; q < sizes.queries; ++q) {
    const float* from = slope + q * stride;
    std::int64_t at = q * step;
    const float* base = in.values;
    float* base_slope = values_slope;
    for (const LevelSize& level : sizes.levels) {
      for (std::int64_t p = 0; p < sizes.points; ++p, ++at) {
        float* place_slope = locations_slope + 2 * at;
        const float* place = in.locations + 2 * at;
        if (!FindCorners(level, place[0], place[1], corners)) {
          weights_slope[at] = place_slope[0] = place_slope[1] = 0;
          continue;
        }
        const float* value[4];
        float* value_slope[4];
        float share[4];
        const float weight = in.weights[at];
        for (int k = 0; k < 4; ++k) {
          value[k] = base + corners.row[k] * sizes.token_stride;
          value_slope[k] = base_slope + corners.row[k] * stride;
          share[k] = weight * corners.share[k];
        }
        float dots[4];
        AddSlopes(value, value_slope, from, share, sizes.width, dots);
        for (int k = 0; k < 4; ++k) dots[k] *= corners.inside[k];
        weights_slope[at] =
            corners.share[0] * dots[0] + corners.share[1] * dots[1] +
            corners.share[2] * dots[2] + corners.share[3] * dots[3];
        place_slope[0] = weight * static_cast<float>(level.width) *
                         ((1 - corners.down) * (dots[1] - dots[0]) +
                          corners.down * (dots[3] - dots[2]));
        place_slope[1] = weight * static_cast<float>(level.height) *
                         ((1 - corners.right) * (dots[2] - dots[0]) +
                          corners.right * (dots[3] - dots[1]));
      }
      base += level.height * level.width * sizes.token_stride;
      base_slope += level.height * level.width * stride;
    }
  }
}

// A picture's head at a time: no two write the same values.
template <typename F>
void ForHeads(const DeformableSizes& sizes, const F& f) {
  at::parallel_for(0, sizes.pictures * sizes.heads, 1,
                   [&](std::int64_t begin, std::int64_t end) {
                     for (std::int64_t i = begin; i < end; ++i)
                       f(i / sizes.heads, i % sizes.heads);
                   });
}

}  // namespace

void SampleValues(const DeformableSizes& sizes,
                  const float* values,
                  const float* locations,
                  const float* weights,
                  float* out) {
  ForHeads(sizes, [&](std::int64_t picture, std::int64_t head) {
    SampleHead(
        sizes, SliceOf(sizes, values, locations, weights, picture, head),
        out + (picture * sizes.queries * sizes.heads + head) * sizes.width);
  });
}

void SampleSlopes(const DeformableSizes& sizes,
                  const float* values,
                  const float* locations,
                  const float* weights,
                  const float* slope,
                  float* values_slope,
                  float* locations_slope,
                  float* weights_slope) {
  ForHeads(sizes, [&](std::int64_t picture, std::int64_t head) {
    const Slice in = SliceOf(sizes, values, locations, weights, picture, head);
    const std::int64_t first = in.weights - weights;
    SlopeHead(
        sizes, in,
        slope + (picture * sizes.queries * sizes.heads + head) * sizes.width,
        values_slope +
            (picture * sizes.tokens * sizes.heads + head) * sizes.width,
        locations_slope + 2 * first, weights_slope + first);
  });
}

}  // namespace eyechart::detection
