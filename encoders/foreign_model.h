// What a foreign release says of itself, in Hugging Face's terms.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/json.h"

namespace eyechart::encoders {

/// The tensors of a checkpoint by name, without their data.
using TensorShapes = std::map<std::string, std::vector<std::int64_t>>;

/// A configuration as config.json and preprocessor_config.json would hold it.
struct ForeignModel {
  Json config;
  Json preprocessor;
  std::string text_problem = {};        // as Checkpoint's
  std::vector<std::string> notes = {};  // what was taken for granted
};

/// The shape of tensor `name`, which has `rank` extents. Throws InputError
/// naming `source` where it is missing or has others.
const std::vector<std::int64_t>& ShapeOfRank(const TensorShapes& shapes,
                                             const std::string& name,
                                             std::size_t rank,
                                             const std::string& source);

/// How many n there are with a tensor `prefix`n`suffix`, counted from 0.
std::int64_t CountLayers(const TensorShapes& shapes,
                         const std::string& prefix,
                         const std::string& suffix);

/// The side of a square of `count` patches. Throws InputError naming `source`
/// and tensor `name` where there is no such square.
std::int64_t SideOfSquare(std::int64_t count,
                          const std::string& name,
                          const std::string& source);

}  // namespace eyechart::encoders
