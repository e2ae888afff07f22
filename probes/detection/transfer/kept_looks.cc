#include "probes/detection/transfer/kept_looks.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <limits>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/json.h"
#include "probes/heads/tensor_file.h"

namespace eyechart::detection {
namespace {

namespace fs = std::filesystem;

constexpr const char* kEndedFile = "ended.json";
constexpr double kNoFigure = std::numeric_limits<double>::quiet_NaN();

Json KeptRowToJson(const TrainLogRow& row) {
  // A norm may be infinite or none, which JSON has as null.
  Json json = {{"step", row.step},
               {"rate", row.rate},
               {"norm", row.norm},
               {"losses", Json::array()}};
  for (const auto& [name, value] : row.losses) {
    Json loss = Json::array();
    loss.push_back(name);
    loss.push_back(value);
    json["losses"].push_back(std::move(loss));
  }
  if (!row.kept.empty()) json["kept"] = row.kept;
  return json;
}

// Throws InputError or Json::exception.
TrainLogRow KeptRowFromJson(const Json& json, const std::string& source) {
  TrainLogRow row;
  row.step = JsonGet<std::int64_t>(json, "step", source);
  row.rate = JsonGet<double>(json, "rate", source);
  row.norm = JsonGetMaybe<double>(json, "norm", source).value_or(kNoFigure);
  row.validation_ap = row.validation_ap50 = kNoFigure;
  row.kept = JsonGetOr<std::string>(json, "kept", std::string(), source);
  const Json& losses = json.at("losses");
  for (const Json& loss : losses)
    row.losses.emplace_back(loss.at(0).get<std::string>(),
                            loss.at(1).get<double>());
  return row;
}

// Whether `file` has the hash, and all of `weights` in their shapes.
bool HoldsWeights(const fs::path& file,
                  const std::string& sha256,
                  const NamedTensors& weights) {
  try {
    if (Sha256File(file) != sha256) return false;
    const NamedTensors found = probes::ReadTensors(file);
    for (const auto& [name, tensor] : weights)
      if (probes::FindTensor(found, name, file.string()).sizes() !=
          tensor.sizes())
        return false;
  } catch (const InputError&) {
    return false;
  }
  return true;
}

}  // namespace

KeptLooks::KeptLooks(fs::path folder, const std::string& identity)
    : folder_(std::move(folder)),
      identity_(Sha256Hex(identity)),
      lock_(folder_) {}

fs::path KeptLooks::FileOf(std::int64_t step) const {
  return folder_ / fmt::format("step-{}.safetensors", step);
}

std::string KeptLooks::Keep(std::int64_t step,
                            const NamedTensors& weights) const {
  NamedTensors plain;
  for (const auto& [name, tensor] : weights)
    plain.emplace_back(name, tensor.detach());
  probes::WriteTensors(FileOf(step), plain);
  return Sha256File(FileOf(step));
}

void KeptLooks::End(const EndedTraining& ended) const {
  Json json = {{"schema", 1},
               {"identity", identity_},
               {"seconds", ended.seconds},
               {"problems", ended.problems},
               {"log", Json::array()}};
  for (const TrainLogRow& row : ended.log)
    json["log"].push_back(KeptRowToJson(row));
  WriteFileAtomic(folder_ / kEndedFile, CanonicalJson(json) + "\n");
}

std::optional<EndedTraining> KeptLooks::Ended(
    const NamedTensors& weights) const {
  const fs::path file = folder_ / kEndedFile;
  const std::string source = file.string();
  std::error_code unknown;
  if (!fs::exists(file, unknown)) return std::nullopt;
  EndedTraining ended;
  try {
    const Json json = ReadJsonFile(file);
    if (JsonGet<std::string>(json, "identity", source) != identity_)
      return std::nullopt;
    ended.seconds = JsonGet<double>(json, "seconds", source);
    ended.problems = json.at("problems").get<std::vector<std::string>>();
    const Json& rows = json.at("log");
    for (const Json& row : rows)
      ended.log.push_back(KeptRowFromJson(row, source));
  } catch (const InputError&) {
    return std::nullopt;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
  for (const TrainLogRow& row : ended.log)
    if (!row.kept.empty() && !HoldsWeights(FileOf(row.step), row.kept, weights))
      return std::nullopt;
  return ended;
}

NamedTensors KeptLooks::WeightsOf(std::int64_t step) const {
  return probes::ReadTensors(FileOf(step));
}

}  // namespace eyechart::detection
