#include <algorithm>
#include <array>

#include "core/error.h"
#include "probes/heads/nearest_neighbours.h"
#include "probes/pipeline/probe.h"

namespace eyechart::probes {
namespace {

constexpr std::size_t kProtocols = 6;
constexpr char kDeviceKey[] = "probe_device";

const std::array<Protocol, kProtocols>& Table() {
  static const std::array<Protocol, kProtocols> table = {
      kKnnProtocol,       kLinearProtocol,  kLogisticProtocol,
      kAttentiveProtocol, kMixtureProtocol, kZeroShotProtocol,
  };
  return table;
}

}  // namespace

std::span<const Protocol> Protocols() { return Table(); }

const Protocol& FindProtocol(const ProbeOptions& options) {
  std::vector<std::string_view> kinds;
  std::vector<std::string_view> names;
  for (const Protocol& protocol : Protocols()) {
    if (std::find(kinds.begin(), kinds.end(), protocol.kind) == kinds.end())
      kinds.push_back(protocol.kind);
    if (protocol.kind != options.kind) continue;
    names.push_back(protocol.name);
    if (options.protocol.empty() || options.protocol == protocol.name)
      return protocol;
  }
  EYECHART_REQUIRE(!names.empty(), "probe \"{}\": should be one of {}",
                   options.kind, fmt::join(kinds, ", "));
  ThrowInput("--protocol {}: of {} there is {}", options.protocol, options.kind,
             fmt::join(names, ", "));
}

void RequireKnown(const ProbeOptions& options) {
  const Protocol& protocol = FindProtocol(options);
  EYECHART_REQUIRE(options.select == "validation" || options.select == "test",
                   "--select {}: should be validation or test", options.select);
  EYECHART_REQUIRE(options.validation >= 0 && options.validation < 1,
                   "--validation {}: a share of the training rows, at least 0 "
                   "and below 1",
                   options.validation);
  EYECHART_REQUIRE(options.runs > 0 && options.runs <= 1000,
                   "--runs {}: should be 1 to 1000", options.runs);
  EYECHART_REQUIRE(!options.k.empty(), "--k: should be one number or several");
  for (const std::int64_t k : options.k)
    RequireKnown(NearestOptions{k, options.temperature, options.engine});
  EYECHART_REQUIRE(options.batch >= 0 && options.steps >= 0 &&
                       options.epochs >= 0 && options.warmup_epochs >= 0 &&
                       options.looks > 0 && options.adapter >= 0,
                   "--train-batch, --steps, --epochs, --warmup-epochs, --looks "
                   "and --adapter should be positive");
  EYECHART_REQUIRE(options.steps == 0 || options.epochs == 0,
                   "--steps and --epochs say the same; give one");
  for (const double alpha : options.alphas)
    EYECHART_REQUIRE(alpha >= 0 && alpha <= 1,
                     "--mix-alpha {}: a share, 0 to 1", alpha);
  EYECHART_REQUIRE(options.targets == TargetKind::kClasses || protocol.labels,
                   "--targets {}: protocol {} knows classes only",
                   TargetKindName(options.targets), protocol.name);
}

std::string ProbeDevice(const Fitted& fitted) {
  return fitted.setting.value(kDeviceKey, "cpu");
}

void NoteDevice(const ProbeOptions& options, Fitted& fitted) {
  if (options.device.is_cpu()) return;
  fitted.setting[kDeviceKey] =
      c10::DeviceTypeName(options.device.type(), /*lower_case=*/true);
}

std::size_t SelectPoint(const std::vector<GridPoint>& grid,
                        const ProbeOptions& options) {
  EYECHART_CHECK(!grid.empty(), "no grid");
  std::size_t best = 0;
  const auto score = [&](const GridPoint& point) {
    return options.select == "test" ? point.test : point.validation;
  };
  for (std::size_t i = 1; i < grid.size(); ++i) {
    EYECHART_CHECK(score(grid[i]).has_value(), "point {} has no score", i);
    if (*score(grid[i]) > *score(grid[best])) best = i;
  }
  return best;
}

}  // namespace eyechart::probes
