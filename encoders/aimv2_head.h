// AIMv2's attention-pool head: one learned query over all patches.
#pragma once

#include <memory>
#include <string>

#include "encoders/aimv2_layers.h"
#include "encoders/pool_head.h"
#include "encoders/weights.h"

namespace eyechart::encoders {

/// Reads the head `prefix` ("head." as a rule), of the tower's width and heads.
/// Its query is the token `cls_token` itself, without a projection. Source:
/// transformers' Aimv2AttentionPoolingHead.
std::unique_ptr<PoolHead> LoadAimv2Head(WeightStore& weights,
                                        const std::string& prefix,
                                        const Aimv2Tower& tower,
                                        const Placement& placement);

}  // namespace eyechart::encoders
