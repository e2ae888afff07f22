#include "benchmarks/load/machine.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "core/text.h"

namespace eyechart::benchmarks {
namespace {

const std::string kCpuFolder = "sys/devices/system/cpu";

// "32K", "1M" or plain bytes.
std::int64_t Bytes(std::string text) {
  std::int64_t unit = 1;
  if (!text.empty()) {
    const char last = text.back();
    if (last == 'K' || last == 'k') unit = std::int64_t{1} << 10;
    if (last == 'M') unit = std::int64_t{1} << 20;
    if (last == 'G') unit = std::int64_t{1} << 30;
    if (unit > 1) text.pop_back();
  }
  const std::int64_t number = ParseInt(text).value_or(0);
  return number < 0 || number > (std::int64_t{1} << 40) ? 0 : number * unit;
}

// "MemTotal: 8 kB", with other words before it in a node's file.
std::int64_t KilobyteValue(const std::optional<std::string>& value) {
  const std::vector<std::string> fields = Fields(value.value_or(""));
  return fields.empty() ? 0 : Bytes(fields.front() + "K");
}

std::vector<std::string> InstructionSets(const SystemFiles& files) {
  constexpr std::array<std::string_view, 15> kKnown = {
      "sse4_2",      "avx",      "avx2",     "fma",         "f16c",
      "avx512f",     "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16",
      "avx512_fp16", "avx_vnni", "amx_tile", "amx_int8",    "amx_bf16"};
  std::string flags = files.Value("proc/cpuinfo", "flags").value_or("");
  const std::vector<std::string> named = Fields(flags);
  const std::set<std::string> present(named.begin(), named.end());
  std::vector<std::string> found;
  for (const std::string_view name : kKnown)
    if (present.contains(std::string(name))) found.emplace_back(name);
  return found;
}

std::vector<CpuCache> ReadCaches(const SystemFiles& files) {
  std::vector<CpuCache> caches;
  const std::string folder = kCpuFolder + "/cpu0/cache";
  for (const std::string& name : files.Numbered(folder, "index")) {
    const std::string at = folder + "/" + name;
    CpuCache cache;
    cache.level = files.Number(at + "/level").value_or(0);
    cache.type = files.Text(at + "/type").value_or("");
    cache.bytes = Bytes(files.Text(at + "/size").value_or(""));
    cache.shared_by =
        CountOfList(files.Text(at + "/shared_cpu_list").value_or(""));
    caches.push_back(cache);
  }
  return caches;
}

std::vector<NumaNode> ReadNodes(const SystemFiles& files) {
  std::vector<NumaNode> nodes;
  const std::string folder = "sys/devices/system/node";
  for (const std::string& name : files.Numbered(folder, "node")) {
    const std::string at = folder + "/" + name;
    NumaNode node;
    node.cpus = CountOfList(files.Text(at + "/cpulist").value_or(""));
    // Lines are "Node 0 MemTotal: 8 kB".
    node.memory_bytes = KilobyteValue(
        files.Value(at + "/meminfo", "Node " + name.substr(4) + " MemTotal"));
    nodes.push_back(node);
  }
  return nodes;
}

void ReadFrequency(const SystemFiles& files, Machine& machine) {
  std::set<std::string> governors;
  for (const std::string& cpu : files.Numbered(kCpuFolder, "cpu")) {
    const std::string at = kCpuFolder + "/" + cpu + "/cpufreq";
    const auto governor = files.Text(at + "/scaling_governor");
    if (governor.has_value() && !governor->empty()) governors.insert(*governor);
    const auto top = files.Number(at + "/cpuinfo_max_freq");  // kHz
    if (top.has_value())
      machine.max_mhz = std::max(machine.max_mhz.value_or(0),
                                 static_cast<double>(*top) / 1e3);
    if (machine.frequency_driver.empty())
      machine.frequency_driver =
          files.Text(at + "/scaling_driver").value_or("");
  }
  machine.governors.assign(governors.begin(), governors.end());
  if (const auto boost = files.Number(kCpuFolder + "/cpufreq/boost"))
    machine.boost = *boost != 0;
  else if (const auto no_turbo =
               files.Number(kCpuFolder + "/intel_pstate/no_turbo"))
    machine.boost = *no_turbo == 0;
}

// Limits of a group and of those above it hold together: the least one counts.
void ReadLimits(const SystemFiles& files, Machine& machine) {
  const auto least = [](auto& limit, auto value) {
    if (!limit.has_value() || value < *limit) limit = value;
  };
  for (const std::string& path :
       files.CgroupFiles("cpu", "cpu.max", "cpu.cfs_quota_us")) {
    const std::vector<std::string> fields =
        Fields(files.Text(path).value_or(""));
    if (fields.empty()) continue;
    std::string period = fields.size() > 1 ? fields[1] : "100000";
    if (fields.size() == 1)  // version 1 has the period in a file beside it
      period =
          files.Text(path.substr(0, path.rfind('/')) + "/cpu.cfs_period_us")
              .value_or(period);
    const auto quota = ParseInt(fields[0]);  // "max" and -1: no limit
    const auto of = ParseInt(period);
    if (quota.value_or(-1) > 0 && of.value_or(0) > 0)
      least(machine.cpu_quota,
            static_cast<double>(*quota) / static_cast<double>(*of));
  }
  for (const std::string& path :
       files.CgroupFiles("memory", "memory.max", "memory.limit_in_bytes")) {
    const auto bytes = files.Number(path);
    // Version 1 writes the largest number of pages for "no limit".
    if (bytes.value_or(0) > 0 && *bytes < (std::int64_t{1} << 60))
      least(machine.memory_limit_bytes, *bytes);
  }
}

Json OptionalBool(const std::optional<bool>& value) {
  return value.has_value() ? Json(*value) : Json();
}

}  // namespace

Machine ReadMachine(const SystemFiles& files) {
  Machine machine;
  machine.cpu = files.Value("proc/cpuinfo", "model name").value_or("");
  machine.isa = InstructionSets(files);
  machine.threads =
      CountOfList(files.Text(kCpuFolder + "/online").value_or(""));
  if (machine.threads == 0)
    machine.threads = static_cast<std::int64_t>(
        files.Values("proc/cpuinfo", "processor").size());
  machine.usable_threads = CountOfList(
      files.Value("proc/self/status", "Cpus_allowed_list").value_or(""));
  if (machine.usable_threads == 0) machine.usable_threads = machine.threads;
  if (const auto smt = files.Number(kCpuFolder + "/smt/active"))
    machine.smt = *smt != 0;
  ReadFrequency(files, machine);
  machine.caches = ReadCaches(files);
  machine.nodes = ReadNodes(files);
  machine.memory_bytes = KilobyteValue(files.Value("proc/meminfo", "MemTotal"));
  ReadLimits(files, machine);
  // "always [madvise] never": the one in brackets holds.
  const std::string pages =
      files.Text("sys/kernel/mm/transparent_hugepage/enabled").value_or("");
  const std::size_t open = pages.find('['), close = pages.find(']');
  if (open != std::string::npos && close != std::string::npos && open < close)
    machine.huge_pages = pages.substr(open + 1, close - open - 1);
  return machine;
}

std::vector<Finding> JudgeMachine(const Machine& machine) {
  std::vector<Finding> findings;
  for (const std::string& governor : machine.governors)
    if (governor != "performance")
      findings.push_back(
          {false,
           fmt::format("the frequency governor is \"{}\": clocks follow the "
                       "load",
                       governor),
           "set it to \"performance\""});
  if (machine.cpu_quota.has_value() &&
      *machine.cpu_quota < static_cast<double>(machine.usable_threads))
    findings.push_back(
        {false,
         fmt::format(
             "the container has {:g} CPUs' worth of time on {} threads: "
             "it is stopped when that is used up",
             *machine.cpu_quota, machine.usable_threads),
         "use no more threads than that"});
  return findings;
}

Json MachineJson(const Machine& machine) {
  Json caches = Json::array(), nodes = Json::array();
  for (const CpuCache& cache : machine.caches)
    caches.push_back({{"level", cache.level},
                      {"type", cache.type},
                      {"bytes", cache.bytes},
                      {"shared_by", cache.shared_by}});
  for (const NumaNode& node : machine.nodes)
    nodes.push_back({{"cpus", node.cpus}, {"memory_bytes", node.memory_bytes}});
  Json json = {{"cpu", machine.cpu},
               {"isa", machine.isa},
               {"threads", machine.threads},
               {"usable_threads", machine.usable_threads},
               {"smt", OptionalBool(machine.smt)},
               {"governors", machine.governors},
               {"frequency_driver", machine.frequency_driver},
               {"boost", OptionalBool(machine.boost)},
               {"caches", caches},
               {"numa_nodes", nodes},
               {"memory_bytes", machine.memory_bytes},
               {"huge_pages", machine.huge_pages}};
  json["max_mhz"] =
      machine.max_mhz.has_value() ? Json(*machine.max_mhz) : Json();
  json["cpu_quota"] =
      machine.cpu_quota.has_value() ? Json(*machine.cpu_quota) : Json();
  json["memory_limit_bytes"] = machine.memory_limit_bytes.has_value()
                                   ? Json(*machine.memory_limit_bytes)
                                   : Json();
  return json;
}

}  // namespace eyechart::benchmarks
