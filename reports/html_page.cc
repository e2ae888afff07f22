// Style and script of the HTML page, as they stand in it.
#include "reports/html_parts.h"

namespace eyechart::reports {

std::string_view PageStyle() {
  return R"css(
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1b2230;
--soft:#5a6578;--line:#dde2ea;--accent:#2457c5;--near:#2457c5;--far:#b3541e;
--good:#1b7f4b;--bad:#b3261e;--stripe:#f1f4f8;--track:#e6eaf1;
--mono:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
@media screen and (prefers-color-scheme:dark){:root{--bg:#12151b;--card:#1a1f28;
--ink:#e6eaf2;--soft:#9aa6b8;--line:#2e3643;--accent:#8fb4ff;--near:#7fa8ff;
--far:#f0a16b;--good:#5cc98f;--bad:#ff8a80;--stripe:#1f2530;--track:#2b3341}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,
-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
.skip{position:absolute;left:-999px}
.unseen{position:absolute;width:1px;height:1px;margin:0;overflow:hidden;
clip-path:inset(50%);white-space:nowrap}
.skip:focus{left:1rem;top:1rem;background:var(--card);padding:.5rem 1rem;
z-index:2}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px;
border-radius:3px}
header,main,footer{max-width:78rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:2.5rem}
h1{font-size:1.9rem;line-height:1.2;letter-spacing:-.015em;margin:0 0 .3rem;
overflow-wrap:anywhere}
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
.scroll{overflow-x:auto;margin:.4rem 0 1rem;container-type:inline-size}
table{border-collapse:collapse;width:100%;font-size:.92rem}
caption{text-align:left;color:var(--soft);font-size:.88rem;
padding-bottom:.4rem}
.scroll caption{max-width:100cqi;position:sticky;left:0}
th,td{text-align:left;padding:.45rem .7rem;border-bottom:1px solid var(--line);
vertical-align:top}
thead th{border-bottom:2px solid var(--line);color:var(--soft);
font-weight:600;white-space:nowrap}
thead td{border-bottom:2px solid var(--line)}
tbody th{font-weight:600;min-width:9rem}
.num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td small,tbody th small{color:var(--soft);display:block;font-size:.8rem;
font-weight:400}
.unit{font-weight:400}
td:has(>.plot){min-width:14rem}
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
::placeholder{color:var(--soft);opacity:1}
thead th:has(>.sort){padding:0;vertical-align:bottom}
.sort{border:0;background:none;border-radius:0;width:100%;text-align:inherit;
font-weight:600;padding:.45rem .7rem;white-space:inherit;color:inherit}
.sort:hover{color:var(--ink)}.sort:focus-visible{outline-offset:-3px}
.order::after{content:"\25b4\25be";padding-left:.3em;font-weight:400}
[aria-sort] .sort{color:var(--ink)}
[aria-sort=ascending] .order::after{content:"\25b2"}
[aria-sort=descending] .order::after{content:"\25bc"}
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
.confusion{display:block;font-size:11px}.confusion text{fill:var(--ink)}
.confusion .end{text-anchor:end}.confusion .count{text-anchor:middle;
font-size:10px}.confusion .right{fill:var(--near)}
.confusion .wrong{fill:var(--far)}
.confusion .frame{fill:none;stroke:var(--line)}
.pair dl{margin:.8rem 0 0;font-size:.85rem}
.cos{display:grid;grid-template-columns:minmax(0,38%) 1fr;gap:.6rem;
align-items:center;margin:.25rem 0}
.cos dt{overflow-wrap:anywhere}
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
@media print{:root{color-scheme:light;font-size:10px}body{background:#fff;
font-size:12px}nav,.tools,.skip,.open,button:not(.sort),.order{
display:none!important}section{border:0;padding:0;margin:1.5rem 0}
.scroll{overflow:visible}tr{break-inside:avoid}
th,td{padding:.3rem .5rem}.sort{padding:0}.num,thead th{white-space:normal}
thead th:has(>.sort){padding:.3rem .5rem}
tbody th,td:has(>.plot),#records .wide{min-width:0}
.bar,.bar::before,.bar::after{print-color-adjust:exact;
-webkit-print-color-adjust:exact}}
)css";
}

std::string PageScript() {
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
// What happened, for screen readers.
const status = make("p", "", {class: "unseen", role: "status"});
document.getElementById("main").append(status);
const say = (text) => { status.textContent = text; };

for (const image of document.querySelectorAll(".pics img")) {
  const mark = () => {
    if (image.naturalWidth <= 64) image.classList.add("tiny");
  };
  if (image.complete) mark(); else image.addEventListener("load", mark);
}

for (const block of document.querySelectorAll("pre.command")) {
  const button = make("button", "Copy the command", {type: "button"});
  const done = (text) => { button.textContent = text; say(text); };
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(block.textContent);
      done("Copied");
    } catch (error) {
      getSelection().selectAllChildren(block);
      done("Selected: copy it with your keyboard");
    }
  });
  block.after(button);
}

// Paper opens nothing: what is closed opens while it is printed.
let closed = [];
const print = (is_on) => {
  if (is_on) {
    closed.push(...document.querySelectorAll("details:not([open])"));
    for (const one of closed) one.open = true;
  } else {
    for (const one of closed) one.open = false;
    closed = [];
  }
};
addEventListener("beforeprint", () => print(true));
addEventListener("afterprint", () => print(false));
matchMedia("print").addEventListener("change", (now) => print(now.matches));

// A heading becomes a button that sorts; once more turns the order.
const sorts = (heading, sort) => {
  const button = make("button", undefined, {type: "button", class: "sort"});
  const name = heading.textContent.replace(/[\u2191\u2193]/, "").trim();
  button.append(...heading.childNodes,
      make("span", undefined, {class: "order", "aria-hidden": "true"}));
  button.addEventListener("click", () => {
    const order = heading.getAttribute("aria-sort") === "ascending" ?
        "descending" : "ascending";
    for (const other of heading.parentElement.cells)
      other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", order);
    sort(order === "descending");
    say("Sorted by " + name + ", " + order);
  });
  heading.append(button);
};
const collator = new Intl.Collator("en", {numeric: true});
// Values, null last either way; texts that begin with a number go by it.
const before = (x, y, is_descending) => {
  if (x === y) return 0;
  if (x === null || y === null) return x === null ? 1 : -1;
  const order = typeof x === "number" ? x - y :
      parseFloat(x) - parseFloat(y) || collator.compare(x, y);
  return is_descending ? -order : order;
};
// What a cell of a written table sorts by: intervals and the like stand below
// the value and do not count.
const key = (cell, is_number) => {
  if (cell.dataset.key) return +cell.dataset.key;
  const value = [...cell.childNodes].filter((node) =>
      !/^(small|svg)$/i.test(node.nodeName)).map((node) => node.textContent)
          .join(" ").trim();
  if (value === "\u2014") return null;
  if (!is_number) return value || cell.textContent;
  const number = parseFloat(value.replace(/\u202f/g, "").replace("\u2212", "-"));
  return Number.isNaN(number) ? null : number;
};
for (const table of document.querySelectorAll("main table")) {
  // Lines that one cell spans stay together.
  const groups = [];
  let left = 0;
  for (const row of table.tBodies[0].rows) {
    if (left === 0) {
      groups.push([]);
      left = Math.max(...Array.from(row.cells, (cell) => cell.rowSpan));
    }
    groups[groups.length - 1].push(row);
    --left;
  }
  Array.from(table.tHead.rows[0].cells).forEach((heading, at) => {
    // Its lines are of different metrics.
    if (groups.some((group) => group[0].cells[at].rowSpan < group.length))
      return;
    sorts(heading, (is_descending) => {
      const is_number = heading.classList.contains("num");
      const keys = new Map(groups.map((group) =>
          [group, key(group[0].cells[at], is_number)]));
      groups.sort((a, b) => before(keys.get(a), keys.get(b), is_descending));
      table.tBodies[0].append(...groups.flat());
    });
  });
}
)js" + std::string(RecordScript()) +
         "})();\n";
}

}  // namespace eyechart::reports
