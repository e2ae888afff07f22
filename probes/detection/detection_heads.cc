#include "probes/detection/detection_heads.h"

#include <array>
#include <string_view>

#include "core/error.h"
#include "probes/detection/dense_head.h"
#include "probes/detection/set_head.h"

namespace eyechart::detection {
namespace {

std::unique_ptr<DetectionHead> MakeDense(const HeadOptions& options) {
  DenseHeadOptions dense;
  dense.pyramid = options.pyramid;
  dense.classes = options.classes;
  if (options.layers > 0) dense.tower = options.layers;
  return CreateDenseHead(dense);
}

std::unique_ptr<DetectionHead> MakeSet(const HeadOptions& options) {
  SetHeadOptions set;
  set.pyramid = options.pyramid;
  set.model.classes = options.classes;
  set.denoising.queries = options.denoising;
  if (options.layers > 0) set.model.layers = options.layers;
  return CreateSetHead(set);
}

struct Kind {
  std::string_view name;
  std::unique_ptr<DetectionHead> (*create)(const HeadOptions& options);
};

constexpr std::array kKinds = {
    Kind{"dense", MakeDense},
    Kind{"set", MakeSet},
};

}  // namespace

std::unique_ptr<DetectionHead> CreateHead(const std::string& kind,
                                          const HeadOptions& options) {
  std::string known;
  for (const Kind& one : kKinds) {
    if (one.name == kind) return one.create(options);
    known += (known.empty() ? "" : ", ") + std::string(one.name);
  }
  ThrowInput("detection head \"{}\": there are {}", kind, known);
}

std::vector<std::string> HeadKinds() {
  std::vector<std::string> names;
  for (const Kind& one : kKinds) names.emplace_back(one.name);
  return names;
}

}  // namespace eyechart::detection
