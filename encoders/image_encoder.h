// The seam every vision encoder stands behind.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/preprocess.h"
#include "encoders/checkpoint.h"
#include "encoders/placement.h"

namespace eyechart::encoders {

/// kBlocks is what DINOv2's linear protocol reads: the class tokens of the last
/// blocks side by side, and the mean patch of the last one; see
/// EncoderInfo::block_parts.
enum class Pool { kHead, kCls, kMean, kBlocks };

/// "head", "cls", "mean" or "blocks".
std::string_view PoolName(Pool pool);
/// Throws InputError listing the names for another text.
Pool ParsePool(std::string_view name);

/// How an encoder is built from a checkpoint.
struct EncoderOptions {
  /// Of weights and activations; see Placement for what a CPU without units
  /// for half precision computes in.
  c10::ScalarType dtype = c10::kFloat;
  c10::Device device = c10::kCPU;
  /// Tests of half precision ask for it wherever the processor has it.
  HalfUse half = HalfUse::kWhereItPays;
  /// Unknown keys in the weights are an error unless this is set (inspect sets
  /// it, and lists them).
  bool allow_unused = false;
  /// Missing keys are an error unless this is set; then zeros stand for them
  /// (inspect sets it, and lists them).
  bool allow_missing = false;
  /// Weights are read and checked, one after the other, and not kept: what is
  /// built tells info(), TokenCount and Flops, and can do nothing else. Of
  /// exported models, whose programs tell by running, nothing changes.
  bool describe = false;
};

/// Where a model built with `options` computes; see MakePlacement for errors.
Placement PlacementOf(const EncoderOptions& options);

/// What one forward pass should give; what is not asked for is not computed.
struct EncodeRequest {
  std::optional<Pool> pool;  // none: no pooled features
  bool tokens = false;
  bool feature_map = false;
  bool pyramid = false;  // the stages' maps, where info() says there are some
  /// Of a ViT: the tokens that enter the first of so many last blocks, which
  /// TrainableBlocks goes on from; 0: none.
  std::int64_t before_last = 0;
};

struct Features {
  at::Tensor pooled;       // (B, D) float32, not normalised
  at::Tensor tokens;       // (B, T, C) in the dtype computed in
  at::Tensor feature_map;  // (B, C, h, w)
  /// Of a hierarchical family, the output of each stage as (B, Ci, hi, wi),
  /// finest first; the last is the feature map. Empty for others.
  std::vector<at::Tensor> pyramid;
  at::Tensor hidden;  // (B, T, C), of EncodeRequest::before_last
};

/// One stage's map in Features::pyramid.
struct PyramidLevel {
  std::int64_t width = 0;  // channels, Ci
  int stride = 0;          // pixels from one cell to the next
};

/// What `eyechart inspect` prints and the runner needs to know.
struct EncoderInfo {
  std::string family;           // the checkpoint's model_type
  std::int64_t parameters = 0;  // of the image side
  int image_height = 0;         // the size the position table was made for
  int image_width = 0;
  int patch_size = 0;
  std::map<Pool, std::int64_t> pools;  // those there are, with their width
  Pool default_pool = Pool::kMean;
  /// What the pool kBlocks holds side by side, each of token_width: "block-4"
  /// ... "block-1", the last blocks' class tokens, the last block's last, and
  /// "mean", its mean patch; all after the final norm. Where the family has no
  /// class token a block's mean patch stands for it, without "mean". Empty: no
  /// such pool. Source: Oquab et al. 2023, dinov2/eval/linear.py.
  std::vector<std::string> block_parts;
  std::int64_t token_width = 0;
  std::vector<PyramidLevel> pyramid;  // finest first; empty: no stages
  bool has_text = false;
  std::string layout;  // whose names the weights have; empty: Hugging Face's
  std::vector<std::string> unused_keys;   // unknown to the family
  std::vector<std::string> missing_keys;  // empty unless allowed

  /// Width of `pool`; 0 where there is no such pool.
  std::int64_t PoolWidth(Pool pool) const;
};

/// A frozen vision encoder; features as design §3.2. Thread-compatible: one
/// forward pass at a time.
class ImageEncoder {
 public:
  virtual ~ImageEncoder() = default;
  virtual const EncoderInfo& info() const = 0;
  /// `pixels` is (B, 3, H, W) float32 on the CPU or the encoder's device.
  /// Throws InputError for an H x W that the family cannot take.
  virtual Features Encode(const at::Tensor& pixels,
                          const EncodeRequest& request) = 0;
  /// Tokens of one H x W picture, class token and registers included.
  virtual std::int64_t TokenCount(int height, int width) const = 0;
  /// Floating-point operations of one H x W picture (2 a multiply-add).
  virtual double Flops(int height, int width) const = 0;

  /// Builds the family that `checkpoint` names. Throws InputError: unknown
  /// family (lists the known), missing or misshapen tensors, unknown keys.
  static std::unique_ptr<ImageEncoder> Create(const Checkpoint& checkpoint,
                                              const EncoderOptions& options);
};

}  // namespace eyechart::encoders
