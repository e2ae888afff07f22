#include "suite/suite_spec.h"

#include <algorithm>
#include <functional>
#include <set>
#include <string_view>
#include <utility>

#include "benchmarks/vision/command_words.h"
#include "benchmarks/vision/external_device.h"
#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "probes/detection/transfer/exported_detector.h"
#include "probes/multiple_choice/benchmark_kind.h"
#include "suite/task.h"
#include "suite/toml_table.h"

namespace eyechart::suite {
namespace {

namespace fs = std::filesystem;
using Setting = std::map<std::string, std::string>;

// Asked about before any key is read: a key that is missing may be there by
// another spelling.
constexpr std::string_view kSuiteKeys[] = {"name", "seed", "out"};
constexpr std::string_view kEncoderKeys[] = {
    "name", "command",    "model", "dtype",  "device", "tf32",
    "pool", "resolution", "alpha", "orient", "decode"};
constexpr std::string_view kDatasetKeys[] = {
    "name",   "kind",         "root",  "split",      "annotations",
    "labels", "label_column", "limit", "label_names"};

void RequireName(const std::string& name, const std::string& where) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  EYECHART_REQUIRE(name.find_first_not_of(kAllowed) == std::string::npos,
                   "{}: name \"{}\": names stand in cells and may hold only "
                   "letters, digits, '.', '_' and '-'",
                   where, name);
}

// All points of the grid that the keys' lists span; a key without values is not
// in the points.
std::vector<Setting> Grid(
    const std::vector<std::pair<std::string, std::vector<std::string>>>& axes) {
  std::vector<Setting> points = {{}};
  for (const auto& [key, values] : axes) {
    if (values.empty()) continue;
    std::vector<Setting> next;
    for (const Setting& point : points) {
      for (const std::string& value : values) {
        next.push_back(point);
        next.back()[key] = value;
      }
    }
    points = std::move(next);
  }
  return points;
}

// The point without the keys that stand at their defaults, so that a cell keeps
// its name when a default is written out or a list is made longer.
Setting WithoutDefaults(const Setting& point, const Setting& defaults) {
  Setting setting;
  for (const auto& [key, value] : point) {
    const auto it = defaults.find(key);
    if (it == defaults.end() || it->second != value) setting[key] = value;
  }
  return setting;
}

// A path of the suite file, relative to its folder.
fs::path Resolve(const fs::path& file, const std::string& text) {
  const fs::path path(text);
  return path.is_absolute() ? path : file.parent_path() / path;
}

// An [[encoder]] whose `command` is measured in place of a model; model's own
// keys are none that it knows.
void ReadProgram(TomlTable& table, EncoderSpec encoder, SuiteSpec& suite) {
  EYECHART_REQUIRE(table.Text("model").empty(),
                   "{}: model or command: one of them", table.Where("model"));
  try {
    benchmarks::CommandWords(encoder.command);
  } catch (const InputError& error) {
    ThrowInput("{}: {}", table.Where("command"), error.what());
  }
  // Its cells are of data sets, whose pictures would be nothing to it.
  EYECHART_REQUIRE(benchmarks::TakesPictures(encoder.command),
                   "{}: \"{}\": where is the picture to go? Write {{image}} in "
                   "its place",
                   table.Where("command"), encoder.command);
  std::vector<std::string> devices = table.Texts("device");
  table.RejectUnknownKeys();
  if (devices.empty()) devices.emplace_back("cpu");
  for (const std::string& device : devices) {
    encoder.model.device = device;
    encoder.setting =
        WithoutDefaults({{"device", device}}, {{"device", "cpu"}});
    suite.encoders.push_back(encoder);
  }
}

// What `parse` gives; a value that it refuses is told with the key's place.
template <typename Parse>
auto ParsedKey(const TomlTable& table, const char* key, const Parse& parse) {
  try {
    return parse();
  } catch (const InputError& error) {
    ThrowInput("{}: {}", table.Where(key), error.what());
  }
}

void ReadEncoder(TomlTable& table, SuiteSpec& suite) {
  table.RejectUnknownKeys(kEncoderKeys);
  EncoderSpec encoder;
  encoder.name = table.RequiredText("name");
  RequireName(encoder.name, table.Where("name"));
  encoder.command = table.Text("command");
  if (!encoder.command.empty()) {
    ReadProgram(table, std::move(encoder), suite);
    return;
  }
  std::string model = table.RequiredText("model");
  // A folder beside the suite file stands before a hub id of the same spelling.
  const fs::path beside = Resolve(suite.file, model);
  if (fs::is_directory(beside)) model = beside.string();
  encoder.exported_detector = detection::IsExportedDetector(model);
  const std::vector<Setting> points = Grid({
      {"dtype", table.Texts("dtype")},
      {"device", table.Texts("device")},
      {"tf32", table.Texts("tf32")},
      {"pool", table.Texts("pool")},
      {"resolution", table.Sizes("resolution")},
      {"alpha", table.Texts("alpha")},
      {"orient", table.Texts("orient")},
      {"decode", table.Texts("decode")},
  });
  table.RejectUnknownKeys();
  for (const Setting& point : points) {
    const auto get = [&point](const char* key, const char* fallback) {
      const auto it = point.find(key);
      return it == point.end() ? std::string(fallback) : it->second;
    };
    encoder.model.model = model;
    encoder.model.dtype = get("dtype", "fp32");
    encoder.model.device = get("device", "cpu");
    encoder.model.tf32 = get("tf32", "off");
    EYECHART_REQUIRE(encoder.model.tf32 == "off" || encoder.model.tf32 == "on",
                     "{}: \"{}\" should be off or on", table.Where("tf32"),
                     encoder.model.tf32);
    encoder.model.pool = get("pool", "");
    EYECHART_REQUIRE(
        !encoder.exported_detector || encoder.model.pool.empty(),
        "{}: \"{}\" is an exported detector, which gives boxes and "
        "pools nothing; leave pool out",
        table.Where("pool"), encoder.name);
    encoder.model.resolution = get("resolution", "");
    encoder.model.alpha = ParsedKey(table, "alpha", [&get] {
      return encoders::ParseAlpha(get("alpha", "drop"));
    });
    encoder.model.orient = ParsedKey(table, "orient", [&get] {
      return encoders::ParseOrient(get("orient", "none"));
    });
    encoder.model.decode = ParsedKey(table, "decode", [&get] {
      return encoders::ParseDecode(get("decode", "exact"));
    });
    ParsedKey(table, "dtype", [&encoder] {
      return encoders::ParseEncoderDType(encoder.model.dtype);
    });
    encoder.setting = WithoutDefaults(point, {{"dtype", "fp32"},
                                              {"device", "cpu"},
                                              {"tf32", "off"},
                                              {"alpha", "drop"},
                                              {"orient", "none"},
                                              {"decode", "exact"}});
    suite.encoders.push_back(encoder);
  }
}

// Data sets and benchmarks are told apart by nobody who misspells one.
void RequireDatasetKind(const std::string& name, const std::string& where) {
  std::vector<std::string> names;
  for (const data::DatasetKind& kind : data::DatasetKinds())
    names.emplace_back(kind.name);
  for (const auto& kind : multiple_choice::BenchmarkKinds())
    names.emplace_back(kind.name);
  EYECHART_REQUIRE(std::find(names.begin(), names.end(), name) != names.end(),
                   "{}: kind \"{}\" is not known{}; known are {}", where, name,
                   DidYouMean(name, names), fmt::join(names, ", "));
}

void ReadDataset(TomlTable& table, SuiteSpec& suite) {
  table.RejectUnknownKeys(kDatasetKeys);
  DatasetSpec dataset;
  dataset.name = table.RequiredText("name");
  RequireName(dataset.name, table.Where("name"));
  dataset.options.kind = table.RequiredText("kind");
  const bool benchmark =
      multiple_choice::FindBenchmarkKind(dataset.options.kind) != nullptr;
  if (!benchmark) RequireDatasetKind(dataset.options.kind, table.Where("kind"));
  const fs::path root = Resolve(suite.file, table.RequiredText("root"));
  const std::string split = table.Text("split");
  const std::string annotations = table.Text("annotations");
  const std::string labels = table.Text("labels");
  dataset.options.path = split.empty() ? root : root / split;
  if (dataset.options.kind == "coco") {
    EYECHART_REQUIRE(
        !annotations.empty(),
        "{}: kind \"coco\" needs annotations = \"FILE.json\"; root "
        "is the pictures' folder",
        table.Where());
    dataset.options.root = dataset.options.path;
    dataset.options.path = Resolve(suite.file, annotations);
  }
  // A benchmark's questions may lie apart from its pictures.
  if (benchmark && !annotations.empty()) {
    dataset.options.root = dataset.options.path;
    dataset.options.path = Resolve(suite.file, annotations);
  }
  if (!labels.empty()) dataset.options.labels = Resolve(suite.file, labels);
  dataset.options.label_column = table.Text("label_column");
  EYECHART_REQUIRE(
      dataset.options.label_column.empty() || dataset.options.kind == "csv",
      "{}: label_column goes with kind \"csv\"", table.Where());
  dataset.limit = table.Integer("limit", 0, 0);
  dataset.label_names = table.Texts("label_names");
  table.RejectUnknownKeys();
  suite.datasets.push_back(std::move(dataset));
}

void ReadTask(TomlTable& table, SuiteSpec& suite) {
  TaskSpec task;
  task.file = suite.file;
  task.line = table.line();
  task.kind = table.RequiredText("kind");
  const TaskKind& kind = FindTaskKind(task.kind, table.Where("kind"));
  task.datasets = table.Texts("dataset");
  if (kind.takes_encoders) task.encoders = table.Texts("encoder");
  std::vector<std::pair<std::string, std::vector<std::string>>> axes;
  Setting defaults;
  for (const TaskKey& key : kind.keys) {
    const std::string name(key.name);
    switch (key.type) {
      case TaskKey::Type::kText:
        axes.emplace_back(name, table.Texts(name));
        break;
      case TaskKey::Type::kNumber:
        axes.emplace_back(name, table.Numbers(name));
        break;
      case TaskKey::Type::kBoolean:
        axes.emplace_back(name, table.Booleans(name));
        break;
    }
    if (!key.fallback.empty()) defaults[name] = key.fallback;
  }
  // Before what is missing: it may be there by another spelling.
  table.RejectUnknownKeys();
  for (std::size_t i = 0; i < axes.size(); ++i)
    EYECHART_REQUIRE(!axes[i].second.empty() || !kind.keys[i].required,
                     "{}: key \"{}\" is missing: {}", table.Where(),
                     axes[i].first, kind.keys[i].what);
  for (const Setting& point : Grid(axes)) {
    task.keys = point;
    task.keys.insert(defaults.begin(), defaults.end());
    task.setting = WithoutDefaults(point, defaults);
    suite.tasks.push_back(task);
  }
}

// Runs `read` on each table of the array of tables called `name`.
void ReadTables(const toml::table& root,
                const char* name,
                SuiteSpec& suite,
                const std::function<void(TomlTable&, SuiteSpec&)>& read) {
  const toml::node* node = root.get(name);
  if (node == nullptr) return;
  const std::string file = suite.file.string();
  EYECHART_REQUIRE(node->is_array_of_tables(),
                   "{}:{}: \"{}\" should be written as [[{}]]", file,
                   node->source().begin.line, name, name);
  for (const toml::node& element : *node->as_array()) {
    TomlTable table(*element.as_table(), file, fmt::format("[[{}]]", name));
    read(table, suite);
  }
}

template <typename Specs>
void RequireDistinctTables(const toml::table& root,
                           const char* name,
                           const Specs& specs,
                           const std::string& file) {
  // A grid repeats its table's name; more names than tables cannot be, fewer
  // mean that one stands twice.
  const toml::array* tables = root.get_as<toml::array>(name);
  std::set<std::string> names;
  for (const auto& spec : specs) names.insert(spec.name);
  EYECHART_REQUIRE(tables == nullptr || names.size() == tables->size(),
                   "{}: two [[{}]] tables have the same name", file, name);
}

}  // namespace

std::string SettingText(const Setting& setting) {
  if (setting.empty()) return "default";
  std::vector<std::string> parts;
  for (const auto& [key, value] : setting) parts.push_back(key + "=" + value);
  return fmt::format("{}", fmt::join(parts, ","));
}

SuiteSpec ReadSuite(const fs::path& file) {
  SuiteSpec suite;
  suite.file = file;
  suite.text = ReadFile(file, 16 << 20);
  toml::table root;
  try {
    root = toml::parse(suite.text, file.string());
  } catch (const toml::parse_error& error) {
    ThrowInput("{}:{}: not valid TOML: {}", file.string(),
               error.source().begin.line, error.description());
  }
  const std::vector<std::string> known = {"suite", "encoder", "dataset",
                                          "task"};
  for (const auto& [key, node] : root) {
    const std::string name(key.str());
    EYECHART_REQUIRE(std::find(known.begin(), known.end(), name) != known.end(),
                     "{}:{}: unknown table \"{}\"{}; known are {}",
                     file.string(), node.source().begin.line, name,
                     DidYouMean(name, known), fmt::join(known, ", "));
  }
  const toml::table* head = root.get_as<toml::table>("suite");
  EYECHART_REQUIRE(head != nullptr, "{}: no [suite] table", file.string());
  TomlTable table(*head, file.string(), "[suite]");
  table.RejectUnknownKeys(kSuiteKeys);
  suite.name = table.RequiredText("name");
  RequireName(suite.name, table.Where("name"));
  suite.seed = table.Integer("seed", 0, 0);
  suite.out = table.Text("out");
  table.RejectUnknownKeys();
  ReadTables(root, "encoder", suite, ReadEncoder);
  ReadTables(root, "dataset", suite, ReadDataset);
  ReadTables(root, "task", suite, ReadTask);
  RequireDistinctTables(root, "encoder", suite.encoders, file.string());
  RequireDistinctTables(root, "dataset", suite.datasets, file.string());
  EYECHART_REQUIRE(!suite.tasks.empty(), "{}: no [[task]] table: nothing to do",
                   file.string());
  return suite;
}

}  // namespace eyechart::suite
