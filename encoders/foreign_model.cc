#include "encoders/foreign_model.h"

#include <fmt/ranges.h>

#include <cmath>

#include "core/error.h"

namespace eyechart::encoders {

const std::vector<std::int64_t>& ShapeOfRank(const TensorShapes& shapes,
                                             const std::string& name,
                                             std::size_t rank,
                                             const std::string& source) {
  const auto it = shapes.find(name);
  EYECHART_REQUIRE(it != shapes.end(), "{}: tensor {} is missing", source,
                   name);
  EYECHART_REQUIRE(it->second.size() == rank,
                   "{}: tensor {} has shape [{}]; it should have {} extents",
                   source, name, fmt::join(it->second, ", "), rank);
  return it->second;
}

std::int64_t CountLayers(const TensorShapes& shapes,
                         const std::string& prefix,
                         const std::string& suffix) {
  std::int64_t count = 0;
  while (shapes.contains(fmt::format("{}{}{}", prefix, count, suffix))) ++count;
  return count;
}

std::int64_t SideOfSquare(std::int64_t count,
                          const std::string& name,
                          const std::string& source) {
  const auto side = std::llround(std::sqrt(static_cast<double>(count)));
  EYECHART_REQUIRE(count > 0 && side * side == count,
                   "{}: tensor {} has {} patches, which are no square", source,
                   name, count);
  return side;
}

}  // namespace eyechart::encoders
