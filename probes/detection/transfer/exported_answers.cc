#include "probes/detection/transfer/exported_answers.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/logical_and.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/sort.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "core/error.h"
#include "core/text.h"

namespace eyechart::detection {
namespace {

// float16 programs round their scores.
constexpr double kMostScore = 1.001;

const std::vector<std::string> kAnswerKeys = {
    "boxes",       "format", "normalized", "layout",     "scores",   "labels",
    "first_label", "logits", "activation", "background", "needs_nms"};

void RequireKnownKeys(const Json& object,
                      const std::vector<std::string>& known,
                      const std::string& source) {
  for (const auto& [key, value] : object.items())
    EYECHART_REQUIRE(std::find(known.begin(), known.end(), key) != known.end(),
                     "{}: key \"{}\" is not known{}; known are {}", source, key,
                     DidYouMean(key, known), fmt::join(known, ", "));
}

// The place of the text under `key` among `choices`.
std::size_t ChoiceOf(const Json& object,
                     const char* key,
                     const std::vector<std::string>& choices,
                     std::optional<std::size_t> fallback,
                     const std::string& source) {
  if (!object.contains(key) && fallback) return *fallback;
  const auto text = JsonGet<std::string>(object, key, source);
  const auto found = std::find(choices.begin(), choices.end(), text);
  EYECHART_REQUIRE(found != choices.end(),
                   "{}: \"{}\" is \"{}\"; it should be {}", source, key, text,
                   fmt::join(choices, " or "));
  return static_cast<std::size_t>(found - choices.begin());
}

// An index, a key, or {"output": either, "from": first value, "to": behind the
// last}.
AnswerPlace PlaceOf(const Json& object,
                    const char* key,
                    const std::string& source) {
  EYECHART_REQUIRE(object.contains(key),
                   "{}: key \"{}\" is missing; it should be an output's index "
                   "or key",
                   source, key);
  const Json& value = object.at(key);
  AnswerPlace place{key, value};
  if (value.is_object()) {
    const std::string own = fmt::format("{}: \"{}\"", source, key);
    RequireKnownKeys(value, {"output", "from", "to"}, own);
    EYECHART_REQUIRE(value.contains("output"), "{}: key \"output\" is missing",
                     own);
    place.output = value.at("output");
    place.from = JsonGetOr<std::int64_t>(value, "from", 0, own);
    place.to = JsonGetOr<std::int64_t>(value, "to", -1, own);
    EYECHART_REQUIRE(
        place.from >= 0 && (place.to == -1 || place.to > place.from),
        "{}: \"from\" is {} and \"to\" {}; they should be the first of a box's "
        "values and the one behind the last",
        own, place.from, place.to);
  }
  EYECHART_REQUIRE(place.output.is_string() ||
                       (place.output.is_number_integer() && place.output >= 0),
                   "{}: \"{}\" is {}; it should be an output's index or key",
                   source, key, value.dump());
  return place;
}

// The result that `place` names, its values cut out: (B, N, values) with
// `values`, else (B, N).
at::Tensor Pick(const AnswerLayout& layout,
                const AnswerPlace& place,
                bool values,
                const encoders::ProgramResults& results,
                std::int64_t pictures) {
  const std::string& source = layout.source;
  std::size_t index = results.tensors.size();
  if (place.output.is_number_integer())
    index = place.output.get<std::size_t>();
  else if (const auto found =
               std::find(results.names.begin(), results.names.end(),
                         place.output.get<std::string>());
           found != results.names.end())
    index = static_cast<std::size_t>(found - results.names.begin());
  EYECHART_REQUIRE(index < results.tensors.size(),
                   "{}: \"detector.{}\" is {}; the program gives {} tensors{}",
                   source, place.key, place.output.dump(),
                   results.tensors.size(),
                   results.names.empty()
                       ? ", by index from 0"
                       : fmt::format(": {}", fmt::join(results.names, ", ")));
  const at::Tensor& whole = results.tensors[index];
  const bool cut = place.to >= 0 || place.from > 0;
  // What it is cut out of has values in any case.
  const std::int64_t rank = values || cut ? 3 : 2;
  at::Tensor tensor = whole;
  if (tensor.dim() == rank - 1 && pictures == 1) tensor = tensor.unsqueeze(0);
  EYECHART_REQUIRE(
      tensor.dim() == rank && tensor.size(0) == pictures,
      "{}: \"detector.{}\" is {}, whose shape is {} for {} pictures; it should "
      "be ({}, {})",
      source, place.key, place.output.dump(), c10::str(whole.sizes()), pictures,
      pictures,
      rank == 2        ? "boxes"
      : layout.columns ? "values, boxes"
                       : "boxes, values");
  if (rank == 3 && layout.columns) tensor = tensor.transpose(1, 2);
  if (cut) {
    const std::int64_t to = place.to < 0 ? tensor.size(2) : place.to;
    EYECHART_REQUIRE(to <= tensor.size(2) && place.from < to &&
                         (values || to - place.from == 1),
                     "{}: \"detector.{}\" goes from {} to {}; a box has {} "
                     "values there{}",
                     source, place.key, place.from, to, tensor.size(2),
                     values ? "" : ", of which it should be one");
    tensor = tensor.narrow(2, place.from, to - place.from);
    if (!values) tensor = tensor.squeeze(2);
  }
  return tensor.to(at::kCPU, at::kFloat);
}

class ExportedHead : public DetectionHead {
 public:
  ExportedHead(AnswerLayout layout, const Canvas& canvas)
      : layout_(std::move(layout)), canvas_(canvas) {}

  bool needs_nms() const override { return layout_.needs_nms; }

  std::vector<LossTerm> Losses(const std::vector<at::Tensor>&,
                               const std::vector<BoxTargets>&,
                               std::uint64_t) const override {
    ThrowInput("{}: an exported detector cannot be trained here",
               layout_.source);
  }

  std::vector<FoundBoxes> Detect(const std::vector<at::Tensor>& answers,
                                 const DetectOptions& options) const override {
    std::vector<FoundBoxes> found;
    for (std::int64_t i = 0; i < answers.front().size(0); ++i)
      found.push_back(
          layout_.logits
              ? OfClasses(answers[0][i], answers[1][i], options)
              : OfLabels(answers[0][i], answers[1][i], answers[2][i], options));
    return found;
  }

  NamedTensors Parameters() const override { return {}; }

 private:
  // (n, 4) as corners in pixels of the canvas.
  at::Tensor Corners(const at::Tensor& boxes) const {
    std::array<at::Tensor, 4> side;
    for (std::int64_t i = 0; i < 4; ++i)
      side[static_cast<std::size_t>(i)] = boxes.select(1, i);
    if (layout_.centres) {
      const auto [x, y, w, h] = side;
      side = {x - w / 2, y - h / 2, x + w / 2, y + h / 2};
    }
    if (layout_.normalized)
      for (std::size_t i = 0; i < 4; ++i)
        side[i] = side[i] * (i % 2 == 0 ? canvas_.width : canvas_.height);
    return at::stack(side, 1).contiguous();
  }

  // Of candidates whose scores are enough, the best, best first.
  FoundBoxes Best(const at::Tensor& boxes,  // (N, 4)
                  const at::Tensor& box,    // (n) places in `boxes`
                  const at::Tensor& scores,
                  const at::Tensor& classes,
                  const DetectOptions& options) const {
    const auto [sorted, order] =
        at::sort(scores, /*stable=*/true, /*dim=*/0, /*descending=*/true);
    const std::int64_t n = std::min(options.most, scores.numel());
    if (n > 0) {
      const double top = sorted[0].item<double>();
      EYECHART_REQUIRE(top <= kMostScore,
                       "{}: \"detector.{}\" gave a score of {:g}; it should be "
                       "0 to 1 (of logits, say with \"activation\" how scores "
                       "are made of them)",
                       layout_.source, layout_.logits ? "logits" : "scores",
                       top);
    }
    const at::Tensor kept = order.narrow(0, 0, n);
    FoundBoxes found{Corners(boxes.index_select(0, box.index_select(0, kept))),
                     sorted.narrow(0, 0, n).contiguous(),
                     classes.index_select(0, kept)};
    const at::Tensor& c = found.corners;
    const at::Tensor good = at::logical_and(
        c.isfinite().all(1), at::logical_and(c.select(1, 2) >= c.select(1, 0),
                                             c.select(1, 3) >= c.select(1, 1)));
    if (good.all().item<bool>()) return found;
    const at::Tensor rows = good.nonzero().view(-1);
    return {c.index_select(0, rows), found.scores.index_select(0, rows),
            found.classes.index_select(0, rows)};
  }

  FoundBoxes OfLabels(const at::Tensor& boxes,
                      const at::Tensor& scores,
                      const at::Tensor& labels,
                      const DetectOptions& options) const {
    const at::Tensor classes =
        labels.round().to(at::kLong) - layout_.first_label;
    const at::Tensor rows =
        at::logical_and(scores >= options.min_score, classes >= 0)
            .nonzero()
            .view(-1);
    const at::Tensor kept = classes.index_select(0, rows);
    if (kept.numel() > 0) {
      const auto highest = kept.max().item<std::int64_t>();
      EYECHART_REQUIRE(
          highest < layout_.classes,
          "{}: \"detector.labels\" gave {}; \"categories\" names {}: labels "
          "should be {} to {} (\"first_label\" is {})",
          layout_.source, highest + layout_.first_label, layout_.classes,
          layout_.first_label, layout_.first_label + layout_.classes - 1,
          layout_.first_label);
    }
    return Best(boxes, rows, scores.index_select(0, rows), kept, options);
  }

  FoundBoxes OfClasses(const at::Tensor& boxes,
                       const at::Tensor& logits,
                       const DetectOptions& options) const {
    at::Tensor scores = logits;
    if (layout_.rule == ScoreRule::kSoftmax) scores = at::softmax(logits, 1);
    scores = scores.narrow(1, layout_.before, layout_.classes);
    if (layout_.rule == ScoreRule::kSigmoid) scores = at::sigmoid(scores);
    if (layout_.rule == ScoreRule::kSoftmax) {
      const auto [best, label] = scores.max(1);
      const at::Tensor rows = (best >= options.min_score).nonzero().view(-1);
      return Best(boxes, rows, best.index_select(0, rows),
                  label.index_select(0, rows), options);
    }
    const at::Tensor places = (scores >= options.min_score).nonzero();
    const at::Tensor box = places.select(1, 0), label = places.select(1, 1);
    return Best(
        boxes, box.contiguous(),
        scores.reshape(-1).index_select(0, box * layout_.classes + label),
        label.contiguous(), options);
  }

  const AnswerLayout layout_;
  const Canvas canvas_;
};

}  // namespace

AnswerLayout ReadAnswerLayout(const Json& detector,
                              std::int64_t classes,
                              const std::string& source) {
  EYECHART_REQUIRE(detector.is_object(),
                   "{}: \"detector\" is {}; it should be an object", source,
                   detector.dump());
  const std::string own = source + ": \"detector\"";
  RequireKnownKeys(detector, kAnswerKeys, own);
  AnswerLayout layout;
  layout.source = source;
  layout.classes = classes;
  layout.boxes = PlaceOf(detector, "boxes", own);
  layout.centres =
      ChoiceOf(detector, "format", {"xyxy", "cxcywh"}, std::nullopt, own) == 1;
  layout.normalized = JsonGet<bool>(detector, "normalized", own);
  layout.columns =
      ChoiceOf(detector, "layout", {"rows", "columns"}, 0, own) == 1;
  layout.needs_nms = JsonGet<bool>(detector, "needs_nms", own);
  const bool labelled =
      detector.contains("scores") || detector.contains("labels");
  EYECHART_REQUIRE(labelled != detector.contains("logits"),
                   "{}: {}; it should name scores and labels, or logits", own,
                   labelled ? "\"logits\" stands beside \"scores\""
                            : "\"scores\" is missing");
  if (labelled) {
    for (const char* key : {"activation", "background"})
      EYECHART_REQUIRE(!detector.contains(key),
                       "{}: \"{}\" is of \"logits\"; \"scores\" are taken as "
                       "they are",
                       own, key);
    layout.scores = PlaceOf(detector, "scores", own);
    layout.labels = PlaceOf(detector, "labels", own);
    layout.first_label =
        JsonGetOr<std::int64_t>(detector, "first_label", 0, own);
    return layout;
  }
  EYECHART_REQUIRE(!detector.contains("first_label"),
                   "{}: \"first_label\" is of \"labels\"; the columns of "
                   "\"logits\" are the categories in their order",
                   own);
  layout.logits = PlaceOf(detector, "logits", own);
  constexpr std::array kRules = {ScoreRule::kSigmoid, ScoreRule::kSoftmax,
                                 ScoreRule::kProbability};
  layout.rule =
      kRules[ChoiceOf(detector, "activation", {"sigmoid", "softmax", "none"},
                      std::nullopt, own)];
  const std::size_t background =
      ChoiceOf(detector, "background", {"none", "first", "last"}, 0, own);
  layout.before = background == 1 ? 1 : 0;
  layout.after = background == 2 ? 1 : 0;
  return layout;
}

std::vector<at::Tensor> PickAnswers(const AnswerLayout& layout,
                                    const encoders::ProgramResults& results,
                                    std::int64_t pictures) {
  std::vector<at::Tensor> answers = {
      Pick(layout, layout.boxes, true, results, pictures)};
  EYECHART_REQUIRE(answers[0].size(2) == 4,
                   "{}: \"detector.boxes\" is {}, which has {} values a box; "
                   "it should have 4{}",
                   layout.source, layout.boxes.output.dump(),
                   answers[0].size(2),
                   answers[0].size(1) == 4
                       ? " (\"layout\" says which extent is the boxes')"
                       : ", cut out with \"from\" and \"to\" where there are "
                         "more");
  if (layout.logits) {
    answers.push_back(Pick(layout, *layout.logits, true, results, pictures));
    const std::int64_t columns = answers[1].size(2);
    EYECHART_REQUIRE(columns == layout.before + layout.classes + layout.after,
                     "{}: \"detector.logits\" has {} values a box and "
                     "\"categories\" {} names; there should be as many, and "
                     "one more with \"background\" first or last",
                     layout.source, columns, layout.classes);
  } else {
    answers.push_back(Pick(layout, *layout.scores, false, results, pictures));
    answers.push_back(Pick(layout, *layout.labels, false, results, pictures));
  }
  const std::int64_t boxes = answers[0].size(1);
  for (std::size_t i = 1; i < answers.size(); ++i)
    EYECHART_REQUIRE(
        answers[i].size(1) == boxes,
        "{}: \"detector.{}\" is of {} boxes, \"detector.boxes\" of {}; they "
        "should be of the same",
        layout.source,
        layout.logits ? "logits"
        : i == 1      ? "scores"
                      : "labels",
        answers[i].size(1), boxes);
  return answers;
}

std::unique_ptr<DetectionHead> MakeExportedHead(const AnswerLayout& layout,
                                                const Canvas& canvas) {
  return std::make_unique<ExportedHead>(layout, canvas);
}

}  // namespace eyechart::detection
