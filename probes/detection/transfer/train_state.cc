#include "probes/detection/transfer/train_state.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include <algorithm>

#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "probes/heads/tensor_file.h"

namespace eyechart::detection {
namespace {

namespace fs = std::filesystem;
using probes::TextOf;
using probes::TextTensor;
using probes::ValuesOf;

// A row's values without its terms, which follow.
constexpr std::size_t kFixed = 5;

// A line each.
std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (std::string line : lines) {
    std::replace(line.begin(), line.end(), '\n', ' ');
    text += line + "\n";
  }
  return text;
}

std::vector<std::string> Parted(const std::string& text) {
  std::vector<std::string> names;
  std::size_t begin = 0;
  for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos;
       begin = end + 1)
    names.push_back(text.substr(begin, end - begin));
  return names;
}

// Those whose names begin with `prefix`, without it.
NamedTensors Under(const NamedTensors& tensors, const std::string& prefix) {
  NamedTensors found;
  for (const auto& [name, tensor] : tensors)
    if (name.starts_with(prefix))
      found.emplace_back(name.substr(prefix.size()), tensor);
  return found;
}

void Append(NamedTensors& all,
            const std::string& prefix,
            const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors)
    all.emplace_back(prefix + name, tensor.detach().cpu());
}

}  // namespace

void CopyInto(const NamedTensors& parameters,
              const NamedTensors& values,
              const std::string& source) {
  const at::NoGradGuard no_grad;
  for (const auto& [name, tensor] : parameters) {
    const at::Tensor& found = probes::FindTensor(values, name, source);
    EYECHART_REQUIRE(found.sizes() == tensor.sizes(),
                     "{}: tensor {} has another shape than this run's", source,
                     name);
    at::Tensor(tensor).copy_(found);
  }
}

void SaveTrainState(const fs::path& file,
                    const std::string& identity,
                    const TrainState& state,
                    const NamedTensors& parameters,
                    const HeadOptimizer& optimizer,
                    const MovingAverage* average) {
  NamedTensors tensors = {
      {"identity", TextTensor(Sha256Hex(identity))},
      {"counts", at::tensor({state.step, state.summed, state.best_step,
                             state.looks_since, std::int64_t{state.ended}})},
      {"best", at::tensor({state.best}, at::kDouble)},
      {"seconds", at::tensor({state.seconds}, at::kDouble)},
      {"problems", TextTensor(Joined(state.problems))},
      {"validation_problems", TextTensor(Joined(state.validation_problems))},
      {"terms", TextTensor(Joined(state.terms))},
      {"sums", at::tensor(state.sums, at::kDouble)}};
  std::vector<double> rows;
  for (const TrainLogRow& row : state.log) {
    rows.insert(rows.end(), {static_cast<double>(row.step), row.rate, row.norm,
                             row.validation_ap, row.validation_ap50});
    for (const auto& [name, value] : row.losses) rows.push_back(value);
  }
  tensors.emplace_back("log", at::tensor(rows, at::kDouble));
  std::vector<std::string> kept;
  for (const TrainLogRow& row : state.log) kept.push_back(row.kept);
  tensors.emplace_back("kept", TextTensor(Joined(kept)));
  Append(tensors, "value.", parameters);
  if (!state.ended) {
    Append(tensors, "optimizer.", optimizer.State());
    if (average != nullptr) Append(tensors, "average.", average->State());
    Append(tensors, "best.", state.best_weights);
  }
  CreateFolder(file.parent_path());
  probes::WriteTensors(file, tensors);
}

bool RestoreTrainState(const fs::path& file,
                       const std::string& identity,
                       TrainState& state,
                       const NamedTensors& parameters,
                       HeadOptimizer& optimizer,
                       MovingAverage* average) {
  if (file.empty() || !fs::exists(file)) return false;
  const std::string source = file.string();
  const NamedTensors tensors = probes::ReadTensors(file);
  const auto find = [&](const std::string& name) -> const at::Tensor& {
    return probes::FindTensor(tensors, name, source);
  };
  EYECHART_REQUIRE(TextOf(find("identity")) == Sha256Hex(identity),
                   "{}: the state of a run with other data or settings; "
                   "remove it or write to another folder",
                   source);
  EYECHART_REQUIRE(find("counts").numel() == 5, "{}: {} counts, should be 5",
                   source, find("counts").numel());
  const auto* counts = find("counts").const_data_ptr<std::int64_t>();
  state.step = counts[0];
  state.summed = counts[1];
  state.best_step = counts[2];
  state.looks_since = counts[3];
  state.ended = counts[4] != 0;
  state.best = ValuesOf(find("best")).front();
  state.seconds = ValuesOf(find("seconds")).front();
  state.problems = Parted(TextOf(find("problems")));
  state.validation_problems = Parted(TextOf(find("validation_problems")));
  state.terms = Parted(TextOf(find("terms")));
  state.sums = ValuesOf(find("sums"));
  const std::vector<double> rows = ValuesOf(find("log"));
  const std::size_t width = kFixed + state.terms.size();
  EYECHART_REQUIRE(rows.size() % width == 0, "{}: a log of {} values", source,
                   rows.size());
  for (std::size_t at = 0; at < rows.size(); at += width) {
    TrainLogRow row;
    row.step = static_cast<std::int64_t>(rows[at]);
    row.rate = rows[at + 1];
    row.norm = rows[at + 2];
    row.validation_ap = rows[at + 3];
    row.validation_ap50 = rows[at + 4];
    for (std::size_t i = 0; i < state.terms.size(); ++i)
      row.losses.emplace_back(state.terms[i], rows[at + kFixed + i]);
    state.log.push_back(std::move(row));
  }
  // A state of before there were kept looks has none.
  for (const auto& [name, tensor] : tensors) {
    if (name != "kept") continue;
    const std::vector<std::string> kept = Parted(TextOf(tensor));
    for (std::size_t i = 0; i < std::min(kept.size(), state.log.size()); ++i)
      state.log[i].kept = kept[i];
  }
  CopyInto(parameters, Under(tensors, "value."), source);
  if (state.ended) return true;
  optimizer.Restore(Under(tensors, "optimizer."), source);
  if (average != nullptr) average->Restore(Under(tensors, "average."), source);
  state.best_weights = Under(tensors, "best.");
  return true;
}

}  // namespace eyechart::detection
