// Layers of the set head, on rows of channels.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "probes/detection/layers.h"

namespace eyechart::detection {

/// y = x W^T + b, on (..., in).
struct LinearLayer {
  at::Tensor weight;  // (out, in)
  at::Tensor bias;    // (out), or undefined

  at::Tensor operator()(const at::Tensor& x) const;
};

/// Layer norm over the channels, epsilon 1e-5.
struct NormLayer {
  at::Tensor weight;
  at::Tensor bias;

  at::Tensor operator()(const at::Tensor& x) const;
};

/// Linear layers with ReLU between.
struct Mlp {
  std::vector<LinearLayer> layers;

  at::Tensor operator()(at::Tensor x) const;
};

/// "NAME.weight", normal with variance 2 / (in + out) (Glorot and Bengio 2010),
/// and "NAME.bias", which starts as `bias` everywhere.
LinearLayer MakeLinear(ParameterMaker& maker,
                       const std::string& name,
                       std::int64_t inputs,
                       std::int64_t outputs,
                       double bias = 0);

/// The same, all zero: what it is added to passes unchanged at first.
LinearLayer MakeZeroLinear(ParameterMaker& maker,
                           const std::string& name,
                           std::int64_t inputs,
                           std::int64_t outputs);

NormLayer MakeNorm(ParameterMaker& maker,
                   const std::string& name,
                   std::int64_t width);

/// "NAME.0", "NAME.1", ... through `widths`; with `zero_last` the last starts
/// as zeros.
Mlp MakeMlp(ParameterMaker& maker,
            const std::string& name,
            const std::vector<std::int64_t>& widths,
            bool zero_last = false);

/// log(x / (1 - x)) of x cut to 0 ... 1, numerator and denominator to at least
/// 1e-5, as transformers' decoders have it.
at::Tensor InverseSigmoid(const at::Tensor& x);

}  // namespace eyechart::detection
