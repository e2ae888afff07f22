#include "probes/multiple_choice/mmvp_errata.h"

#include <array>

namespace eyechart::multiple_choice {
namespace {

struct Correction {
  long long id;
  char answer;
};

constexpr std::array kCorrections = {
    Correction{99, 'b'},   // the elephant's tusks are short
    Correction{100, 'a'},  // and here long
    Correction{279, 'b'},  // the person sits
    Correction{280, 'a'},  // and here stands
};

}  // namespace

std::optional<int> MmvpCorrection(long long id) {
  for (const Correction& correction : kCorrections)
    if (correction.id == id) return correction.answer - 'a';
  return std::nullopt;
}

}  // namespace eyechart::multiple_choice
