// The records inside the page: columns of distinct values, so that ten thousand
// records with their hashes stay far below 5 MB; and the script that draws
// them.
#include <algorithm>
#include <array>
#include <set>
#include <unordered_map>
#include <utility>

#include "reports/display.h"
#include "reports/html_parts.h"

namespace eyechart::reports {
namespace {

// Fields that a record's details show and the table never does: too long, or
// said by others ("cell" by its parts, "unit" beside the value).
constexpr std::array<std::string_view, 12> kDetailsOnly = {"schema",
                                                           "cell",
                                                           "unit",
                                                           "direction",
                                                           "message",
                                                           "seconds",
                                                           "environment",
                                                           "run",
                                                           "started",
                                                           "weights_sha256",
                                                           "preprocess_sha256",
                                                           "dataset_sha256"};

class Column {
 public:
  explicit Column(std::string name) : name_(std::move(name)) {}

  void Add(const Json& value) {
    const auto [place, is_new] =
        places_.emplace(CanonicalJson(value), values_.size());
    if (is_new) values_.push_back(value);
    index_.push_back(place->second);
  }

  Json ToJson() const {
    Json json = {{"name", name_}, {"values", values_}, {"shown", Shown()}};
    if (values_.size() > 1 && values_.size() < index_.size())
      json["index"] = index_;
    return json;
  }

 private:
  bool Shown() const {
    if (name_ == "metric" || name_ == "value") return true;
    return values_.size() > 1 &&
           std::ranges::find(kDetailsOnly, name_) == kDetailsOnly.end();
  }

  std::string name_;
  Json values_ = Json::array();
  std::unordered_map<std::string, std::size_t> places_;
  std::vector<std::size_t> index_;
};

// JSON that cannot end the element it stands in, nor open a comment there.
std::string ForScriptElement(const std::string& json) {
  std::string safe;
  safe.reserve(json.size());
  for (const char c : json) {
    if (c == '<')
      safe += "\\u003c";
    else if (c == '>')
      safe += "\\u003e";
    else
      safe += c;
  }
  return safe;
}

}  // namespace

std::string RecordData(std::span<const RunFolder> runs,
                       const std::vector<std::string>& labels) {
  std::set<std::string> keys;  // of all settings: one column each
  for (const RunFolder& run : runs)
    for (const Record& record : run.records)
      for (const auto& setting : record.setting) keys.insert(setting.first);

  // The folder's label first: two runs may carry the same `run`.
  std::vector<Column> columns = {Column("folder")};
  for (const RecordField& field : RecordFields()) {
    if (field.name != "setting")
      columns.emplace_back(std::string(field.name));
    else
      for (const std::string& key : keys)
        columns.emplace_back("setting " + key);
  }
  std::size_t rows = 0;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    for (const Record& record : runs[run].records) {
      ++rows;
      std::size_t column = 0;
      columns[column++].Add(labels[run]);
      for (const RecordField& field : RecordFields()) {
        if (field.name != "setting") {
          columns[column++].Add(field.to_json(record));
          continue;
        }
        for (const std::string& key : keys) {
          const auto found = record.setting.find(key);
          columns[column++].Add(found == record.setting.end()
                                    ? Json(nullptr)
                                    : Json(found->second));
        }
      }
    }
  }
  Json data = {{"rows", rows}, {"columns", Json::array()}};
  for (const Column& column : columns)
    data["columns"].push_back(column.ToJson());
  data["shares"] = NumberStyle(runs).shares();
  return ForScriptElement(CanonicalJson(data));
}

std::string_view RecordScript() {
  return R"js(
const holder = document.getElementById("records-view");
if (!holder) return;
const data = JSON.parse(document.getElementById("records-data").textContent);
const column = {};
for (const one of data.columns) column[one.name] = one;
const at = (name, row) => {
  const one = column[name];
  if (one.index) return one.values[one.index[row]];
  return one.values[one.values.length === 1 ? 0 : row];
};
const shares = new Set(data.shares);
const number = (metric, value) => {
  if (shares.has(metric)) {
    for (let digits = 4; digits <= 15; ++digits) {
      const part = (value * 100).toPrecision(digits);
      if (value === 0 || value === 1) return value * 100 + "%";
      if (value > 1 || +part !== 100) return part + "%";
    }
  }
  const size = Math.abs(value);
  if (size < 1e15 && (Number.isInteger(value) || size >= 999.95))
    return value.toFixed(0).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  return value.toPrecision(4);
};
const text = {
  value: (row) => {
    const value = at("value", row);
    if (value === null) {
      const status = at("status", row);
      return status === "ok" ? "no value" : status;
    }
    const unit = at("unit", row);
    return number(at("metric", row), value) +
        (unit === "1" ? "" : unit === "1e-9" ? " per 10\u2079" : " " + unit);
  },
  ci: (row) => {
    const ci = at("ci", row);
    const metric = at("metric", row);
    return ci === null ? "" : "[" + number(metric, ci.low) + ", " +
        number(metric, ci.high) + "]";
  },
  n: (row) => number("", at("n", row)),
  seconds: (row) => number("", at("seconds", row)),
};
const show = (name, row) =>
  text[name] ? text[name](row) : String(at(name, row) ?? "");
// The settings that vary stand in one column: their number has no bound.
const varying = data.columns.filter((one) =>
    one.shown && one.name.startsWith("setting ")).map((one) => one.name);
const settings = (row) => varying.filter((name) => at(name, row) !== null)
    .map((name) => title(name) + " " + at(name, row)).join(", ");
text.settings = settings;
const titles = {ci: "interval", folder: "run"};
const title = (name) => titles[name] || name.replace(/^setting /, "");
const wide = new Set(["settings"]);
const numeric = new Set(["value", "ci", "n", "seconds"]);
const order_of = (name, row) => {
  if (name === "settings") return settings(row);
  const value = at(name, row);
  if (name === "ci") return value === null ? null : value.low;
  return value;
};

const shown = data.columns.filter((one) =>
    one.shown && !varying.includes(one.name)).map((one) => one.name);
if (varying.length > 0) shown.splice(shown.indexOf("metric"), 0, "settings");
const words = Array.from({length: data.rows}, (_, row) =>
  ["folder", "cell", "metric", "status", "message"]
      .map((name) => at(name, row)).join(" ").toLowerCase());

const tools = make("div", undefined, {class: "tools", role: "search"});
const labelled = (caption, input, grow) => {
  const label = make("label", caption, grow ? {class: "grow"} : {});
  label.append(input);
  tools.append(label);
  return input;
};
const query = labelled("Filter", make("input", undefined,
    {type: "search", placeholder: "words of cell, metric or message"}), true);
const choice = (caption, name) => {
  const select = labelled(caption, make("select"));
  select.append(make("option", "all", {value: ""}));
  for (const value of [...new Set(column[name].values)].sort())
    select.append(make("option", value || "none", {value: "=" + value}));
  select.addEventListener("change", () => refresh());
  return select;
};
const metric = choice("Metric", "metric");
const state_of = choice("Status", "status");
const count = make("p", "", {class: "hint", role: "status"});

const table = make("table", undefined, {id: "records"});
table.append(make("caption", "Every record; a heading sorts, + opens all " +
    "fields of a record"));
const head = make("tr");
const corner = make("td", undefined, {class: "open"});
head.append(corner);
const state = {name: "", descending: false, rows: [], limit: 100};
for (const name of shown) {
  const cell = make("th", undefined,
      {scope: "col", class: numeric.has(name) ? "num" : ""});
  cell.textContent = title(name);
  head.append(cell);
  sorts(cell, (is_descending) => {
    state.descending = is_descending;
    state.name = name;
    refresh();
  });
}
const top = make("thead");
top.append(head);
const body = make("tbody");
table.append(top, body);

const details = (row) => {
  const line = make("tr", undefined, {class: "more", id: "record-" + row});
  const cell = make("td", undefined, {colspan: shown.length + 1});
  const list = make("dl", undefined, {class: "facts"});
  for (const one of data.columns) {
    const value = at(one.name, row);
    if (value === null || value === "") continue;
    list.append(make("dt", one.name), make("dd",
        typeof value === "object" ? JSON.stringify(value) : String(value),
        /sha256|environment/.test(one.name) ? {class: "code"} : {}));
  }
  cell.append(list);
  line.append(cell);
  return line;
};
const line = (row) => {
  const element = make("tr");
  const open = make("td", undefined, {class: "open"});
  const button = make("button", "+", {type: "button",
      "aria-expanded": "false", "aria-label": "All fields of " +
      at("metric", row) + " of " + at("cell", row)});
  button.addEventListener("click", () => {
    const is_open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!is_open));
    button.textContent = is_open ? "+" : "\u2212";
    if (is_open) element.nextSibling.remove();
    else element.after(details(row));
  });
  open.append(button);
  element.append(open);
  for (const name of shown)
    element.append(make("td", show(name, row), {class:
        (numeric.has(name) ? "num" : wide.has(name) ? "clip wide" : "clip") +
        (name === "status" ? " status-" + at("status", row) : "")}));
  return element;
};
const more = make("button", "", {type: "button"});
more.addEventListener("click", () => { state.limit += 400; paint(); });
const paint = () => {
  const from = body.querySelectorAll("tr:not(.more)").length;
  const part = document.createDocumentFragment();
  for (const row of state.rows.slice(from, state.limit)) part.append(line(row));
  body.append(part);
  const left = state.rows.length - Math.min(state.limit, state.rows.length);
  more.hidden = left === 0;
  more.textContent = "Show more (" + number("", left) + " left)";
  count.textContent = number("", state.rows.length) + " of " +
      number("", data.rows) + " records" +
      (left === 0 ? "" : ", the first " + number("", state.limit) + " below");
};
const compare = (name) => (a, b) =>
  before(order_of(name, a), order_of(name, b), state.descending) || a - b;
const refresh = () => {
  const asked = query.value.toLowerCase().split(/\s+/).filter(Boolean);
  state.rows = [];
  for (let row = 0; row < data.rows; ++row) {
    if (metric.value && "=" + at("metric", row) !== metric.value) continue;
    if (state_of.value && "=" + at("status", row) !== state_of.value) continue;
    if (asked.every((word) => words[row].includes(word))) state.rows.push(row);
  }
  if (state.name) state.rows.sort(compare(state.name));
  state.limit = 100;
  body.replaceChildren();
  paint();
};
query.addEventListener("input", refresh);
const frame = make("div", undefined, {class: "scroll"});
frame.append(table);
holder.replaceChildren(tools, count, frame, more);
refresh();
)js";
}

}  // namespace eyechart::reports
