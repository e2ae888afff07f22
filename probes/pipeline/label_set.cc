#include "probes/pipeline/label_set.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "core/error.h"
#include "core/text.h"

namespace eyechart::probes {
namespace {

std::vector<std::string> SplitLabel(const std::string& label) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin <= label.size()) {
    const std::size_t end =
        std::min(label.find(kLabelSeparator, begin), label.size());
    if (end > begin) parts.push_back(label.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::vector<std::string> NamesOf(TargetKind kind,
                                 const std::vector<std::string>& labels) {
  std::set<std::string> names;
  for (const std::string& label : labels) {
    if (kind == TargetKind::kClasses) {
      names.insert(label);
      continue;
    }
    for (std::string& part : SplitLabel(label)) names.insert(std::move(part));
  }
  std::vector<std::string> sorted(names.begin(), names.end());
  const bool whole =
      std::all_of(sorted.begin(), sorted.end(),
                  [](const std::string& n) { return ParseInt(n).has_value(); });
  if (whole)
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const std::string& a, const std::string& b) {
                       return *ParseInt(a) < *ParseInt(b);
                     });
  return sorted;
}

double NumberOf(const std::string& label, const std::string& source) {
  const std::optional<double> value = ParseDouble(label);
  EYECHART_REQUIRE(value && std::isfinite(*value),
                   "{}: label \"{}\" is no number; --targets numbers needs a "
                   "number for every picture (--label-column names a CSV's "
                   "column of them)",
                   source, label);
  return *value;
}

// Names of `names` that are not in `others`.
std::vector<std::string> Missing(const std::vector<std::string>& names,
                                 const std::vector<std::string>& others) {
  const std::set<std::string> known(others.begin(), others.end());
  std::vector<std::string> missing;
  for (const std::string& name : names)
    if (!known.contains(name)) missing.push_back(name);
  return missing;
}

std::string Some(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 5;
  std::vector<std::string> shown(
      names.begin(), names.begin() + static_cast<std::ptrdiff_t>(
                                         std::min(kShown, names.size())));
  return fmt::format("{}{}", fmt::join(shown, ", "),
                     names.size() > kShown ? ", ..." : "");
}

}  // namespace

TargetKind ParseTargetKind(const std::string& name) {
  for (const TargetKind kind :
       {TargetKind::kClasses, TargetKind::kLabels, TargetKind::kNumbers})
    if (TargetKindName(kind) == name) return kind;
  ThrowInput("--targets {}: should be classes, labels or numbers", name);
}

Targets LabelSet::Of(const std::vector<std::string>& labels,
                     const std::string& source) const {
  const auto n = static_cast<std::int64_t>(labels.size());
  Targets targets;
  targets.kind = kind;
  if (kind == TargetKind::kNumbers) {
    targets.outputs = 1;
    targets.values = at::empty({n, 1}, at::kFloat);
    auto* out = targets.values.mutable_data_ptr<float>();
    for (const std::string& label : labels)
      *out++ = static_cast<float>((NumberOf(label, source) - mean) / deviation);
    return targets;
  }
  std::map<std::string_view, std::int64_t> places;
  for (const std::string& name : names)
    places.emplace(name, static_cast<std::int64_t>(places.size()));
  targets.outputs = trained;
  if (kind == TargetKind::kClasses) {
    targets.values = at::empty({n}, at::kLong);
    auto* out = targets.values.mutable_data_ptr<std::int64_t>();
    for (const std::string& label : labels) {
      const auto place = places.find(label);
      EYECHART_REQUIRE(place != places.end(), "{}: class \"{}\" is not known",
                       source, label);
      *out++ = place->second;
    }
    return targets;
  }
  targets.values = at::zeros({n, trained}, at::kFloat);
  auto* out = targets.values.mutable_data_ptr<float>();
  for (const std::string& label : labels) {
    for (const std::string& part : SplitLabel(label)) {
      const auto place = places.find(part);
      if (place != places.end() && place->second < trained)
        out[place->second] = 1;
    }
    out += trained;
  }
  return targets;
}

LabelSet MakeLabelSet(TargetKind kind,
                      const std::vector<std::string>& train,
                      const std::string& train_source,
                      const std::vector<std::string>& test,
                      const std::string& test_source) {
  LabelSet set;
  set.kind = kind;
  if (kind == TargetKind::kNumbers) {
    set.trained = 1;
    double sum = 0;
    double squares = 0;
    for (const std::string& label : train) sum += NumberOf(label, train_source);
    set.mean = sum / static_cast<double>(train.size());
    for (const std::string& label : train)
      squares += std::pow(NumberOf(label, train_source) - set.mean, 2);
    set.deviation = std::sqrt(squares / static_cast<double>(train.size()));
    EYECHART_REQUIRE(set.deviation > 0,
                     "{}: every label is {}; there is nothing to learn",
                     train_source, train.front());
    return set;
  }
  set.names = NamesOf(kind, train);
  set.trained = static_cast<std::int64_t>(set.names.size());
  const std::size_t least = kind == TargetKind::kClasses ? 2 : 1;
  EYECHART_REQUIRE(
      set.names.size() >= least,
      "{}: the training rows have {}; a probe needs at least {}", train_source,
      set.names.empty() ? "no class" : "one class only, " + set.names.front(),
      least);
  AddUnknownClasses(test, test_source, set);
  return set;
}

void AddUnknownClasses(const std::vector<std::string>& labels,
                       const std::string& source,
                       LabelSet& set) {
  if (set.kind == TargetKind::kNumbers) return;
  const std::vector<std::string> asked = NamesOf(set.kind, labels);
  const std::vector<std::string> unknown = Missing(asked, set.names);
  const std::vector<std::string> unasked = Missing(set.names, asked);
  EYECHART_REQUIRE(unknown.size() < asked.size() || asked.empty(),
                   "{}: none of its classes ({}) is among the trained ones: {}",
                   source, Some(asked), Some(set.names));
  if (!unknown.empty())
    set.warnings.push_back(fmt::format(
        "{}: {} of its classes have no training row, so that their pictures "
        "can only be wrong: {}",
        source, unknown.size(), Some(unknown)));
  if (!unasked.empty())
    set.warnings.push_back(
        fmt::format("{}: {} of the {} trained classes have no test row: {}",
                    source, unasked.size(), set.names.size(), Some(unasked)));
  if (set.kind == TargetKind::kClasses)
    set.names.insert(set.names.end(), unknown.begin(), unknown.end());
}

}  // namespace eyechart::probes
