#include "mining/pair_id.h"

#include <algorithm>

#include "core/hash.h"

namespace eyechart::mining {

std::string PairId(const std::string& id_a, const std::string& id_b) {
  const auto& [first, second] = std::minmax(id_a, id_b);
  return Sha256Hex(first + "\n" + second).substr(0, 8);
}

}  // namespace eyechart::mining
