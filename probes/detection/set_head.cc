#include "probes/detection/set_head.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <tuple>

#include "core/error.h"
#include "probes/detection/device_copy.h"

namespace eyechart::detection {
namespace {

SetModelOptions ModelOptions(const SetHeadOptions& options,
                             const FeaturePyramid& pyramid) {
  SetModelOptions model = options.model;
  model.decoder.width = options.pyramid.width;
  model.decoder.levels = static_cast<std::int64_t>(pyramid.strides().size());
  model.seed = options.pyramid.seed;
  model.device = options.pyramid.device;
  model.denoising = options.denoising.queries > 0;
  return model;
}

void RequireBoxes(const BoxTargets& targets,
                  std::size_t picture,
                  std::int64_t classes) {
  const std::int64_t n = targets.classes.size(0);
  EYECHART_CHECK(targets.corners.dim() == 2 && targets.corners.size(0) == n &&
                     targets.corners.size(1) == 4,
                 "{} boxes, {} classes", targets.corners.size(0), n);
  const at::Tensor corners =
      targets.corners.to(at::kCPU, at::kFloat).contiguous();
  const at::Tensor named = targets.classes.to(at::kCPU, at::kLong).contiguous();
  const auto* c = corners.const_data_ptr<float>();
  const auto* k = named.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < n; ++i, c += 4) {
    EYECHART_REQUIRE(k[i] < classes,
                     "picture {} of the batch, box {}: class {}; there are {}",
                     picture, i, k[i], classes);
    // Written so that NaN fails.
    EYECHART_REQUIRE(std::isfinite(c[0] + c[1] + c[2] + c[3]) && c[0] <= c[2] &&
                         c[1] <= c[3],
                     "picture {} of the batch, box {}: corners {}, {}, {}, {} "
                     "should be numbers x1 <= x2, y1 <= y2",
                     picture, i, c[0], c[1], c[2], c[3]);
  }
}

// Corners in pixels to centre and size in parts of the picture.
at::Tensor CentredOf(const at::Tensor& corners, const at::Tensor& size) {
  const at::Tensor low = corners.narrow(1, 0, 2) / size;
  const at::Tensor high = corners.narrow(1, 2, 2) / size;
  return at::cat({(low + high) * 0.5, high - low}, 1);
}

class SetHead final : public DetectionHead {
 public:
  explicit SetHead(const SetHeadOptions& options)
      : options_(options),
        pyramid_(options.pyramid),
        model_(ModelOptions(options, pyramid_)) {}

  bool needs_nms() const override { return false; }

  std::vector<LossTerm> Losses(const std::vector<at::Tensor>& maps,
                               const std::vector<BoxTargets>& targets,
                               std::uint64_t draw) const override {
    const std::vector<SetTargets> wanted = TargetsOf(maps, targets);
    std::int64_t objects = 0;
    for (const SetTargets& picture : wanted) objects += picture.classes.size(0);
    const double count =
        static_cast<double>(std::max<std::int64_t>(objects, 1));
    const std::vector<at::Tensor> levels = pyramid_.Forward(maps);
    std::optional<NoisyQueries> noisy;
    if (options_.denoising.queries > 0 && objects > 0)
      noisy = Noisy(wanted, model_.Queries(levels), draw);
    const SetPredictions said =
        model_.Forward(levels, noisy ? &*noisy : nullptr);
    const auto loss_of = [&](const SetPrediction& prediction) {
      return SetLosses(prediction,
                       MatchQueries(prediction, wanted, options_.costs), count,
                       options_.losses);
    };
    const auto sum_of = [](const SetLoss& loss) {
      return loss.classes + loss.l1 + loss.giou;
    };
    at::Tensor auxiliary = at::zeros({}, said.selection.logits.options());
    for (std::size_t i = 0; i + 1 < said.layers.size(); ++i)
      auxiliary = auxiliary + sum_of(loss_of(said.layers[i]));
    const SetLoss last = loss_of(said.layers.back());
    std::vector<LossTerm> terms = {
        {"class", last.classes},
        {"l1", last.l1},
        {"giou", last.giou},
        {"auxiliary", auxiliary},
        {"selection", sum_of(loss_of(said.selection))}};
    if (options_.denoising.queries == 0) return terms;
    at::Tensor denoising = at::zeros({}, said.selection.logits.options());
    for (const SetPrediction& layer : said.noisy)
      denoising = denoising +
                  sum_of(SetLosses(layer, noisy->matches,
                                   count * static_cast<double>(noisy->groups),
                                   options_.losses));
    terms.push_back({"denoising", denoising});
    return terms;
  }

  std::vector<FoundBoxes> Detect(const std::vector<at::Tensor>& maps,
                                 const DetectOptions& options) const override {
    EYECHART_CHECK(options.most > 0, "{} boxes a picture", options.most);
    const at::NoGradGuard frozen;
    const SetPrediction said =
        model_.Forward(pyramid_.Forward(maps)).layers.back();
    const std::int64_t k = said.logits.size(2);
    const std::int64_t most = std::min(options.most, said.logits.size(1));
    const at::Tensor size = SizeOf(maps);
    const at::Tensor pixels =
        OnDevice(at::cat({size, size}), said.boxes.device());
    const at::Tensor corners = CornersOf(said.boxes).clamp_(0, 1) * pixels;
    std::vector<FoundBoxes> found;
    for (std::int64_t i = 0; i < said.logits.size(0); ++i) {
      // Stable: of equal scores the lower query, then the lower class.
      const auto [scores, places] = at::sigmoid(said.logits[i])
                                        .reshape({-1})
                                        .sort(/*stable=*/true, 0,
                                              /*descending=*/true);
      const at::Tensor best = scores.narrow(0, 0, most);
      const std::int64_t kept =
          (best >= options.min_score).sum().item<std::int64_t>();
      const at::Tensor place = places.narrow(0, 0, kept);
      found.push_back({corners[i].index_select(0, place.floor_divide(k)),
                       best.narrow(0, 0, kept), place.remainder(k)});
    }
    return found;
  }

  NamedTensors Parameters() const override {
    NamedTensors all = pyramid_.Parameters();
    all.insert(all.end(), model_.Parameters().begin(),
               model_.Parameters().end());
    return all;
  }

  NamedTensors TrainingParameters() const override {
    return model_.TrainingParameters();
  }

 private:
  NoisyQueries Noisy(const std::vector<SetTargets>& wanted,
                     std::int64_t queries,
                     std::uint64_t draw) const {
    std::int64_t most = 0;
    for (const SetTargets& picture : wanted)
      most = std::max(most, picture.classes.size(0));
    const DenoisingDraws draws =
        DrawDenoising(static_cast<std::int64_t>(wanted.size()),
                      NoisyQueryCount(most, options_.denoising),
                      options_.model.classes, options_.pyramid.seed, draw);
    NoisyQueries made = MakeNoisyQueries(wanted, options_.model.classes,
                                         queries, draws, options_.denoising);
    const at::Device device = options_.pyramid.device;
    made.matches = {OnDevice(made.matches.rows, device),
                    OnDevice(made.matches.boxes, device),
                    OnDevice(made.matches.classes, device)};
    return made;
  }

  // (2) float32 on the CPU: width and height of the pictures in pixels.
  at::Tensor SizeOf(const std::vector<at::Tensor>& maps) const {
    const int stride = options_.pyramid.maps[0].stride;
    return at::tensor({static_cast<float>(maps[0].size(3) * stride),
                       static_cast<float>(maps[0].size(2) * stride)},
                      at::kFloat);
  }

  // On the CPU, where they are matched.
  std::vector<SetTargets> TargetsOf(
      const std::vector<at::Tensor>& maps,
      const std::vector<BoxTargets>& targets) const {
    const at::Tensor size = SizeOf(maps);
    std::vector<SetTargets> wanted;
    for (std::size_t i = 0; i < targets.size(); ++i) {
      RequireBoxes(targets[i], i, options_.model.classes);
      const at::Tensor classes = targets[i].classes.to(at::kCPU, at::kLong);
      const at::Tensor kept = (classes >= 0).nonzero().squeeze(1);
      wanted.push_back(
          {CentredOf(targets[i].corners.to(at::kCPU, at::kFloat), size)
               .index_select(0, kept),
           classes.index_select(0, kept)});
    }
    return wanted;
  }

  SetHeadOptions options_;
  FeaturePyramid pyramid_;
  SetModel model_;
};

}  // namespace

std::unique_ptr<DetectionHead> CreateSetHead(const SetHeadOptions& options) {
  return std::make_unique<SetHead>(options);
}

}  // namespace eyechart::detection
