// A model as the user names it, opened and ready to run.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <memory>
#include <string>

#include "data/preprocess.h"
#include "encoders/checkpoint.h"
#include "encoders/device.h"
#include "encoders/image_encoder.h"

namespace eyechart::encoders {

/// An encoder as the user asks for it.
struct ModelSpec {
  std::string model;           // folder, or hub id in the cache
  std::string dtype = "fp32";  // fp32, bf16 or fp16
  std::string device = "cpu";  // cpu, cuda or cuda:N
  std::string tf32 = "off";    // off or on: in CUDA's fp32 products
  std::string pool;  // head, cls, mean or blocks; empty: the family's default
  /// Where `pool` is empty: the pool `blocks` of families that have it.
  bool prefer_blocks = false;
  std::string resolution;  // "N" or "HxW" pixels; empty: the processor's
  data::AlphaMode alpha = data::AlphaMode::kDrop;
  data::OrientMode orient = data::OrientMode::kNone;
  data::DecodeMode decode = data::DecodeMode::kExact;
  bool allow_unused = false;   // unknown keys in the weights are no error
  bool allow_missing = false;  // nor are missing ones: zeros stand for them
  bool describe = false;       // weights are not kept, see EncoderOptions
};

/// A model ready to run: encoder, input settings and what a manifest says of
/// them.
struct LoadedModel {
  Checkpoint checkpoint;
  std::unique_ptr<ImageEncoder> encoder;
  data::PreprocessOptions preprocess;
  std::string weights_sha256;
  std::string dtype;
  c10::Device device = c10::kCPU;
  bool tf32 = false;
  Pool pool = Pool::kHead;
};

/// Opens, builds and checks `spec`. Throws InputError for what it cannot serve:
/// among others a pool that the family lacks, which names those there are, and
/// weights that the device has no room for. Sets the process's TF32 policy.
LoadedModel LoadModel(const ModelSpec& spec);

/// Floating-point operations done to one picture of `size` pixels (2 a
/// multiply-add) where LoadedModel::pool is all that is asked for, as by
/// `encode`, and by `bench` without a detector. Below ImageEncoder::Flops for a
/// ViT of whose last block only the class token is read; NaN where that is.
double PooledFlops(const LoadedModel& model, data::InputSize size);

/// How the encoder of `spec` is built. Throws InputError for a dtype or device
/// that is not known.
EncoderOptions EncoderOptionsOf(const ModelSpec& spec);

/// The settings that pictures are prepared with for `checkpoint`, `spec`'s
/// choices put in. Throws InputError.
data::PreprocessOptions PreprocessOf(const Checkpoint& checkpoint,
                                     const ModelSpec& spec);

/// "N" or "HxW", pixels. Throws InputError for another text.
data::InputSize ParseResolution(const std::string& text);
/// "fp32", "bf16" or "fp16". Throws InputError listing them for another text.
c10::ScalarType ParseEncoderDType(const std::string& name);
/// "drop" or "white". Throws InputError for another text.
data::AlphaMode ParseAlpha(const std::string& name);
/// "none" or "exif". Throws InputError for another text.
data::OrientMode ParseOrient(const std::string& name);
/// "exact" or "fast". Throws InputError for another text.
data::DecodeMode ParseDecode(const std::string& name);

}  // namespace eyechart::encoders
