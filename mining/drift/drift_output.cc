#include <fmt/format.h>

#include <cmath>

#include "core/text.h"
#include "mining/drift/drift_ladder.h"

namespace eyechart::mining {
namespace {

Json Finite(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json ItemToJson(const std::optional<DifferentItem>& item) {
  if (!item) return nullptr;
  return {{"id", item->id},
          {"index", item->index},
          {"first", Finite(item->first)},
          {"second", Finite(item->second)}};
}

Json TensorToJson(const std::optional<TensorDifferences>& tensor) {
  if (!tensor) return nullptr;
  return {{"different_items", tensor->different_items},
          {"max_abs", Finite(tensor->max_abs)},
          {"reference_max_abs", tensor->reference_max_abs},
          {"relative", Finite(tensor->Relative())},
          {"first_different", ItemToJson(tensor->first_different)},
          {"most_different", ItemToJson(tensor->most_different)}};
}

Json CosinesToJson(const std::optional<CosineSummary>& cosines) {
  if (!cosines) return nullptr;
  return {{"items", cosines->items},
          {"min", Finite(cosines->min)},
          {"median", Finite(cosines->median)},
          {"least_id", cosines->least_id}};
}

Json NeighboursToJson(const std::optional<SharedNeighbours>& shared) {
  if (!shared) return nullptr;
  const auto share = [&](std::int64_t count) {
    return shared->asked > 0 ? Json(static_cast<double>(count) /
                                    static_cast<double>(shared->asked))
                             : Json(nullptr);
  };
  return {{"pictures", shared->pictures},
          {"asked", shared->asked},
          {"k", shared->k},
          {"same_top1", share(shared->same_top1)},
          {"same_set", share(shared->same_set)},
          {"first_different", shared->first_different}};
}

Json MetricToJson(const std::optional<MetricShift>& shift) {
  if (!shift) return nullptr;
  return {{"metric", "k-NN accuracy, leave-one-out"},
          {"n", shift->n()},
          {"first", shift->first()},
          {"second", shift->second()},
          {"only_first", shift->only_first},
          {"only_second", shift->only_second},
          {"difference", shift->second() - shift->first()},
          {"ci",
           {{"low", shift->ci.low},
            {"high", shift->ci.high},
            {"level", shift->ci.level},
            {"method", shift->ci.method}}},
          {"p", shift->p},
          {"test", "mcnemar exact"}};
}

std::string TensorText(const char* name,
                       const std::optional<TensorDifferences>& tensor,
                       std::int64_t compared) {
  if (!tensor) return "";
  std::string text = fmt::format(
      "{:<10} {} of {} pictures differ; largest difference {:.3g}, {:.3g} of "
      "the largest value",
      name, tensor->different_items, compared, tensor->max_abs,
      tensor->Relative());
  if (tensor->first_different)
    text +=
        fmt::format("; first \"{}\", most \"{}\"", tensor->first_different->id,
                    tensor->most_different->id);
  return text + "\n";
}

}  // namespace

Json DriftToJson(const DriftReport& report) {
  Json rungs = Json::array();
  for (const RungResult& rung : report.rungs)
    rungs.push_back({{"rung", RungName(rung.rung)},
                     {"holds", rung.holds ? Json(*rung.holds) : Json(nullptr)},
                     {"reason", rung.reason}});
  Json manifests = Json::object();
  for (const auto& [key, values] : report.manifests)
    manifests[key] = {{"first", values.first}, {"second", values.second}};
  return {{"rung", RungName(report.rung)},
          {"rungs", rungs},
          {"items", report.items},
          {"compared", report.compared},
          {"readable_in_one", report.readable_in_one},
          {"pooled", TensorToJson(report.rows.pooled)},
          {"tokens", TensorToJson(report.rows.tokens)},
          {"cosines", CosinesToJson(report.rows.cosines)},
          {"neighbours", NeighboursToJson(report.neighbours)},
          {"metric", MetricToJson(report.metric)},
          {"manifests", manifests}};
}

std::string DriftToText(const DriftReport& report) {
  std::string text;
  for (const RungResult& rung : report.rungs)
    text += fmt::format("{:<17} {}{}\n", RungName(rung.rung),
                        !rung.holds   ? "not measured"
                        : *rung.holds ? "holds"
                                      : "no",
                        rung.reason.empty() ? "" : ": " + rung.reason);
  text += TensorText("pooled", report.rows.pooled, report.compared);
  text += TensorText("tokens", report.rows.tokens, report.compared);
  if (const auto& cosines = report.rows.cosines; cosines && cosines->items > 0)
    text +=
        fmt::format("{:<10} least {:.8f} of \"{}\", median {:.8f}\n", "cosines",
                    cosines->min, cosines->least_id, cosines->median);
  if (const auto& shared = report.neighbours; shared && shared->asked > 0)
    text += fmt::format(
        "{:<10} of {} pictures among {}: the same nearest for {}, the same {} "
        "for {}\n",
        "neighbours", shared->asked, shared->pictures, shared->same_top1,
        shared->k, shared->same_set);
  if (const auto& shift = report.metric)
    text += fmt::format(
        "{:<10} k-NN accuracy {:.4f}, {:.4f}: {:+.4f} [{:+.4f}, {:+.4f}], p "
        "{:.2g} (n {}, {} right in the first alone, {} in the second)\n",
        "metric", shift->first(), shift->second(),
        shift->second() - shift->first(), shift->ci.low, shift->ci.high,
        shift->p, shift->n(), shift->only_first, shift->only_second);
  for (const auto& [key, values] : report.manifests)
    text += fmt::format("{:<10} {}: \"{}\", \"{}\"\n", "manifests", key,
                        values.first, values.second);
  text += fmt::format("highest rung that holds: {}\n", RungName(report.rung));
  return text;
}

}  // namespace eyechart::mining
