// Style and script of the HTML page, as they stand in it.
#include "reports/html_parts.h"

namespace eyechart::reports {

std::string_view PageStyle() {
  return R"css(
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1b2230;
--soft:#5a6578;--line:#dde2ea;--accent:#2457c5;--near:#2457c5;--far:#b3541e;
--good:#1b7f4b;--bad:#b3261e;--stripe:#f1f4f8;--track:#e6eaf1;
--mono:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
@media (prefers-color-scheme:dark){:root{--bg:#12151b;--card:#1a1f28;
--ink:#e6eaf2;--soft:#9aa6b8;--line:#2e3643;--accent:#8fb4ff;--near:#7fa8ff;
--far:#f0a16b;--good:#5cc98f;--bad:#ff8a80;--stripe:#1f2530;--track:#2b3341}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,
-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
.skip{position:absolute;left:-999px}
.skip:focus{left:1rem;top:1rem;background:var(--card);padding:.5rem 1rem;
z-index:2}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px;
border-radius:3px}
header,main,footer{max-width:78rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:2.5rem}
h1{font-size:1.9rem;line-height:1.2;letter-spacing:-.015em;margin:0 0 .3rem}
h2{font-size:1.25rem;margin:0 0 .8rem;letter-spacing:-.01em}
h3{font-size:1rem;margin:1.4rem 0 .5rem;overflow-wrap:anywhere}
p{margin:.4rem 0 .8rem}a{color:var(--accent)}
.sub,.hint,footer{color:var(--soft)}.hint{font-size:.88rem}
.lead{max-width:46rem}
nav ul{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;list-style:none;padding:0;
margin:1rem 0 0;font-size:.95rem}
section{background:var(--card);border:1px solid var(--line);
border-radius:12px;padding:1.4rem 1.5rem;margin:1.2rem 0}
.verdict{border-left:5px solid var(--good);padding:.15rem 0 .15rem .9rem;
margin:0 0 1rem;font-size:1.05rem}
.verdict.bad{border-color:var(--bad)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));
gap:.8rem;margin:0;padding:0}
.cards div{border:1px solid var(--line);border-radius:10px;padding:.7rem .9rem}
.cards dt{color:var(--soft);font-size:.85rem}
.cards dd{margin:0;font-size:1.45rem;font-weight:600;
font-variant-numeric:tabular-nums}
.cards .bad dd,.status-error{color:var(--bad)}
.scroll{overflow-x:auto;margin:.4rem 0 1rem}
table{border-collapse:collapse;width:100%;font-size:.92rem}
caption{text-align:left;color:var(--soft);font-size:.88rem;
padding-bottom:.4rem}
th,td{text-align:left;padding:.45rem .7rem;border-bottom:1px solid var(--line);
vertical-align:top}
thead th{border-bottom:2px solid var(--line);color:var(--soft);
font-weight:600;white-space:nowrap}
tbody th{font-weight:600}
.num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td small{color:var(--soft);display:block;font-size:.8rem}
.unit{font-weight:400}
.missing{color:var(--soft)}
.failed{border-left:4px solid var(--bad);padding:.1rem 0 .1rem .9rem;
margin:.7rem 0;overflow-wrap:anywhere}
.failed p{margin:.15rem 0;white-space:pre-wrap}
details{border:1px solid var(--line);border-radius:8px;margin:.5rem 0;
padding:.45rem .8rem}
summary{cursor:pointer;overflow-wrap:anywhere}
.facts{display:grid;grid-template-columns:minmax(8rem,max-content) 1fr;
gap:.25rem 1.2rem;margin:.6rem 0;font-size:.9rem}
.facts dt{color:var(--soft)}
.facts dd{margin:0;overflow-wrap:anywhere;white-space:pre-wrap}
.facts dd.code,code,pre{font-family:var(--mono);font-size:.85em}
pre{background:var(--stripe);border:1px solid var(--line);border-radius:8px;
padding:.7rem .9rem;margin:.4rem 0;white-space:pre-wrap;overflow-wrap:anywhere}
button{font:inherit;color:inherit;background:var(--stripe);cursor:pointer;
border:1px solid var(--line);border-radius:7px;padding:.3rem .75rem}
button:hover{border-color:var(--accent)}
input,select{font:inherit;color:inherit;background:var(--bg);
border:1px solid var(--line);border-radius:7px;padding:.35rem .6rem}
.tools{display:flex;flex-wrap:wrap;gap:.6rem 1rem;align-items:end;
margin-bottom:.8rem}
.tools label{display:grid;font-size:.82rem;color:var(--soft);gap:.15rem}
.tools label *{color:var(--ink);font-size:.95rem}
.tools .grow{flex:1 1 14rem}
#records thead th{padding:0;position:sticky;top:0;background:var(--card)}
#records thead button{border:0;background:none;border-radius:0;width:100%;
text-align:inherit;font-weight:600;padding:.45rem .7rem;white-space:nowrap;
color:var(--soft)}
#records thead th[aria-sort] button{color:var(--ink)}
#records tbody>tr:nth-child(even of :not(.more)){background:var(--stripe)}
#records td.open{width:1%;padding-right:0}
#records td.open button{padding:0 .5rem;line-height:1.4}
.clip{max-width:24rem;overflow-wrap:break-word}
#records .wide{min-width:15rem}
.pairs{list-style:none;padding:0;margin:.8rem 0;display:grid;gap:1rem;
grid-template-columns:repeat(auto-fill,minmax(19rem,1fr))}
.pair{border:1px solid var(--line);border-radius:12px;padding:.9rem;
background:var(--bg);break-inside:avoid}
.rank{display:flex;justify-content:space-between;margin:0 0 .6rem;
font-size:.88rem;color:var(--soft);font-variant-numeric:tabular-nums}
.rank span:first-child{font-weight:600;color:var(--ink)}
.pics{display:grid;grid-template-columns:1fr 1fr;gap:.7rem}
figure{margin:0;min-width:0}
.pics img,.nopic{width:100%;aspect-ratio:1;object-fit:contain;display:block;
background:var(--track);border-radius:8px}
.pics img.tiny{image-rendering:pixelated}
.nopic{display:grid;place-items:center;color:var(--soft);font-size:.8rem}
figcaption{font-size:.8rem;line-height:1.35;margin-top:.35rem;
overflow-wrap:anywhere}
figcaption b{display:block}.id{color:var(--soft)}
.worst summary{cursor:pointer;padding:.3rem 0}
.boxes{list-style:none;padding:0;margin:.6rem 0;display:grid;gap:1rem;
grid-template-columns:repeat(auto-fill,minmax(15rem,1fr))}
.found{break-inside:avoid}.found svg{width:100%;height:auto;display:block;
border-radius:8px;background:var(--track)}.found small{display:block}
.found rect{fill:none;stroke-width:2;vector-effect:non-scaling-stroke}
.box-truth{stroke:#fff;stroke-width:1}.box-hit{stroke:#2f7bf0}
.box-miss{stroke:#f59e0b;stroke-dasharray:5 3}.box-alarm{stroke:#e5342b}
.pair dl{margin:.8rem 0 0;font-size:.85rem}
.cos{display:grid;grid-template-columns:minmax(0,38%) 1fr;gap:.6rem;
align-items:center;margin:.25rem 0}
.cos dt{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.cos dd{margin:0;display:grid;grid-template-columns:1fr auto;gap:.6rem;
align-items:center}
.bar{position:relative;height:.7rem;border-radius:4px;background:var(--track);
overflow:hidden}
.bar::before{content:"";position:absolute;inset:0 auto 0 0;width:var(--v);
background:var(--near)}
.far .bar::before{background:var(--far)}
.bar::after{content:"";position:absolute;top:0;bottom:0;
left:calc(var(--t) - 1px);width:2px;background:var(--ink);opacity:.75}
footer{padding-bottom:3rem;font-size:.88rem}
@media (max-width:40rem){section{padding:1rem;border-radius:0;
margin:1rem -1.25rem;border-width:1px 0}.facts{grid-template-columns:1fr}
.facts dd{margin-bottom:.4rem}}
@media print{body{background:#fff;font-size:12px}nav,.tools,button,.skip{
display:none!important}section{border:0;padding:0;margin:1.5rem 0}
.scroll{overflow:visible}tr{break-inside:avoid}
.bar,.bar::before,.bar::after{print-color-adjust:exact;
-webkit-print-color-adjust:exact}}
)css";
}

std::string_view PageScript() {
  return R"js(
"use strict";
(() => {
const make = (tag, text, attributes) => {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  for (const name in attributes || {})
    element.setAttribute(name, attributes[name]);
  return element;
};

for (const image of document.querySelectorAll(".pics img")) {
  const mark = () => {
    if (image.naturalWidth <= 64) image.classList.add("tiny");
  };
  if (image.complete) mark(); else image.addEventListener("load", mark);
}

for (const block of document.querySelectorAll("pre.command")) {
  const button = make("button", "Copy the command", {type: "button"});
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(block.textContent);
      button.textContent = "Copied";
    } catch (error) {
      getSelection().selectAllChildren(block);
      button.textContent = "Selected: copy it with your keyboard";
    }
  });
  block.after(button);
}

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
const status = choice("Status", "status");
const count = make("p", "", {class: "hint", "aria-live": "polite"});

const table = make("table", undefined, {id: "records"});
table.append(make("caption", "Every record; a heading sorts, + opens all " +
    "fields of a record"));
const head = make("tr");
const corner = make("td");
head.append(corner);
const state = {name: "", descending: false, rows: [], limit: 100};
const headings = {};
for (const name of shown) {
  const cell = make("th", undefined,
      {scope: "col", class: numeric.has(name) ? "num" : ""});
  const button = make("button", title(name), {type: "button"});
  button.addEventListener("click", () => {
    state.descending = state.name === name && !state.descending;
    state.name = name;
    refresh();
  });
  cell.append(button);
  head.append(cell);
  headings[name] = cell;
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
        (numeric.has(name) ? "num" : wide.has(name) ? "clip wide" : "clip") + (name === "status" ?
        " status-" + at("status", row) : "")}));
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
      number("", data.rows) + " records";
};
const compare = (name) => (a, b) => {
  const x = order_of(name, a), y = order_of(name, b);
  if (x === y) return a - b;
  if (x === null) return 1;  // what has no value stands last either way
  if (y === null) return -1;
  const order = typeof x === "number" ? x - y : String(x).localeCompare(y);
  return state.descending ? -order : order;
};
const refresh = () => {
  const asked = query.value.toLowerCase().split(/\s+/).filter(Boolean);
  state.rows = [];
  for (let row = 0; row < data.rows; ++row) {
    if (metric.value && "=" + at("metric", row) !== metric.value) continue;
    if (status.value && "=" + at("status", row) !== status.value) continue;
    if (asked.every((word) => words[row].includes(word))) state.rows.push(row);
  }
  if (state.name) state.rows.sort(compare(state.name));
  for (const name of shown) {
    if (name === state.name)
      headings[name].setAttribute("aria-sort",
          state.descending ? "descending" : "ascending");
    else headings[name].removeAttribute("aria-sort");
    headings[name].firstChild.textContent = title(name) +
        (name !== state.name ? "" : state.descending ? " \u2193" : " \u2191");
  }
  state.limit = 100;
  body.replaceChildren();
  paint();
};
query.addEventListener("input", refresh);
const frame = make("div", undefined, {class: "scroll"});
frame.append(table);
holder.replaceChildren(tools, count, frame, more);
refresh();
})();
)js";
}

}  // namespace eyechart::reports
