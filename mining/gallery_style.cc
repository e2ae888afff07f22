#include "mining/gallery_page.h"

namespace eyechart::mining {
namespace {

// System fonts, one accent for each model, light and dark by the reader's own
// setting; contrast of text at least 4.5 to 1 in both.
constexpr std::string_view kGalleryStyle = R"css(
:root {
  --page: #f4f5f7; --card: #ffffff; --ink: #16191f; --soft: #5b6472;
  --line: #dfe3e9; --well: #eceff3; --near: #1f6feb; --far: #c2500b;
  --focus: #7c3aed; --shadow: 0 1px 2px #0f172a14, 0 4px 14px #0f172a0d;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #101318; --card: #191d24; --ink: #e8ebf0; --soft: #a0a9b8;
    --line: #2b313b; --well: #232933; --near: #6cabff; --far: #ff9a5c;
    --focus: #b794f6; --shadow: 0 1px 2px #0006, 0 4px 14px #0004;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { scroll-padding: 5rem 0 2rem; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main { max-width: 1280px; margin: 0 auto; padding: 2.25rem 1.25rem 4rem; }
.hidden {
  position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap;
}
.brand {
  margin: 0 0 .35rem; color: var(--soft); font-size: .8rem; font-weight: 600;
  letter-spacing: .06em; text-transform: uppercase;
}
h1 {
  margin: 0 0 .75rem; font-size: clamp(1.5rem, 3.4vw, 2.2rem);
  line-height: 1.15; letter-spacing: -.02em; text-wrap: balance;
  overflow-wrap: anywhere;
}
.lead { max-width: 68ch; margin: 0 0 1.4rem; font-size: 1.05rem; }
.lead b { overflow-wrap: anywhere; }
b.near { color: var(--near); } b.far { color: var(--far); }
.facts {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr));
  gap: 1px; margin: 0 0 1rem; overflow: hidden; border-radius: 14px;
  border: 1px solid var(--line); background: var(--line);
}
.facts div {
  display: flex; flex-direction: column-reverse; justify-content: flex-end;
  padding: .8rem 1rem; background: var(--card);
}
.facts dt { color: var(--soft); font-size: .82rem; }
.facts dd {
  margin: 0; font-size: 1.35rem; font-weight: 650; line-height: 1.25;
  font-variant-numeric: tabular-nums; letter-spacing: -.01em;
}
.facts small {
  display: block; font-size: .95em; opacity: .85;
}
.map { margin: 0 0 1rem; }
.map summary {
  cursor: pointer; width: max-content; border-radius: 4px;
  color: var(--soft); font-size: .88rem;
}
.map svg {
  max-width: 38rem; margin-top: .6rem; padding: .6rem;
  border: 1px solid var(--line);
  border-radius: 14px; background: var(--card);
}
.command { color: var(--soft); font-size: .88rem; }
.command summary { cursor: pointer; width: max-content; border-radius: 4px; }
.command pre {
  margin: .5rem 0 0; padding: .75rem 1rem; overflow-x: auto;
  border-radius: 10px; background: var(--well); color: var(--ink);
}
.toolbar {
  position: sticky; top: 0; z-index: 2; display: flex; flex-wrap: wrap;
  align-items: center; gap: .6rem .9rem; margin: .8rem -1.25rem 1.2rem;
  padding: .7rem 1.25rem; border-bottom: 1px solid var(--line);
  background: color-mix(in srgb, var(--page) 88%, transparent);
  backdrop-filter: blur(10px);
}
button, input, select { font: inherit; color: inherit; }
.segments {
  display: flex; padding: 3px; border-radius: 10px; background: var(--well);
}
.segments button {
  padding: .25rem .8rem; border: 0; border-radius: 8px; cursor: pointer;
  background: none; color: var(--soft);
}
.segments button[aria-pressed="true"] {
  background: var(--card); color: var(--ink); font-weight: 600;
  box-shadow: 0 1px 2px #0f172a26;
}
.field { flex: 1 1 14rem; max-width: 22rem; }
.field input {
  width: 100%; padding: .38rem .75rem; border: 1px solid var(--line);
  border-radius: 10px; background: var(--card);
}
.check { display: flex; align-items: center; gap: .4rem; cursor: pointer; }
.check input { accent-color: var(--near); width: 1rem; height: 1rem; }
.choice select {
  max-width: 15rem; padding: .38rem .6rem; border: 1px solid var(--line);
  border-radius: 10px; background: var(--card); cursor: pointer;
}
.range { display: flex; align-items: center; gap: .4rem; }
.range output { min-width: 2.9em; font-variant-numeric: tabular-nums; }
.range input { width: 7rem; accent-color: var(--near); cursor: pointer; }
#count {
  margin-left: auto; color: var(--soft); font-variant-numeric: tabular-nums;
}
.round {
  width: 2rem; height: 2rem; border: 1px solid var(--line);
  border-radius: 50%; background: var(--card); cursor: pointer;
  line-height: 1;
}
:focus-visible, .card:focus {
  outline: 3px solid var(--focus); outline-offset: 2px;
}
#cards {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(350px, 1fr));
  gap: 1.1rem; margin: 0; padding: 0; list-style: none;
}
.card {
  padding: .9rem; border: 1px solid var(--line); border-radius: 16px;
  background: var(--card); box-shadow: var(--shadow); cursor: zoom-in;
  content-visibility: auto; contain-intrinsic-size: auto 350px;
}
.card-top {
  display: flex; align-items: baseline; justify-content: space-between;
  margin-bottom: .6rem; color: var(--soft); font-size: .82rem;
  font-variant-numeric: tabular-nums;
}
.card-top a {
  margin-left: .5rem; color: inherit; text-decoration: none;
  font-family: ui-monospace, monospace;
}
.card-top a:hover { text-decoration: underline; }
.tag {
  margin-left: .5rem; padding: .05rem .45rem; border-radius: 6px;
  background: var(--well);
}
.card-top strong { color: var(--ink); font-size: 1.02rem; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .6rem; }
figure { margin: 0; min-width: 0; }
.frame {
  display: grid; place-items: center; aspect-ratio: 1; overflow: hidden;
  border-radius: 10px; background: var(--well);
}
.frame img { width: 100%; height: 100%; object-fit: contain; }
.frame img.squares { image-rendering: pixelated; }
.missing {
  padding: .8rem; color: var(--soft); font-size: .78rem; text-align: center;
  overflow-wrap: anywhere;
}
figcaption { margin-top: .4rem; font-size: .8rem; line-height: 1.35; }
figcaption .name {
  display: block; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; color: var(--soft);
}
figcaption .label { display: block; font-weight: 600; min-height: 1.35em; }
.bars { margin-top: .7rem; }
.bar {
  display: grid; grid-template-columns: 6.2rem 1fr 3.6rem; gap: .6rem;
  align-items: center; font-size: .8rem; line-height: 1.7;
}
.bar .model { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.bar .value { text-align: right; font-variant-numeric: tabular-nums; }
.track {
  position: relative; height: 8px; border-radius: 4px; background: var(--well);
}
.track i { position: absolute; display: block; }
.track .fill { top: 0; bottom: 0; border-radius: 4px; }
.track .zero { left: 50%; top: -1px; bottom: -1px; width: 1px;
  background: var(--soft); opacity: .55; }
.track .mark { top: -4px; bottom: -4px; width: 2px; margin-left: -1px;
  border-radius: 1px; background: var(--ink); }
.bar.near .fill { background: var(--near); }
.bar.far .fill { background: var(--far); }
.bar.near .value { color: var(--near); font-weight: 600; }
.bar.far .value { color: var(--far); font-weight: 600; }
.axis {
  display: flex; justify-content: space-between; color: var(--soft);
  margin: 0 4.2rem 0 6.8rem; font-size: .68rem;
  font-variant-numeric: tabular-nums;
}
#empty, .notice { padding: 3rem 1rem; color: var(--soft); text-align: center; }
dialog {
  width: min(94vw, 980px); max-height: 94vh; padding: 1.4rem; overflow: auto;
  border: 1px solid var(--line); border-radius: 18px;
  background: var(--card); color: var(--ink); box-shadow: 0 24px 80px #0007;
}
dialog::backdrop { background: #0a0d12b8; }
dialog form { float: right; margin: 0 0 .5rem .5rem; }
#large .card-top { margin-right: 3rem; }
#large .pair { clear: both; }
#large figcaption { font-size: .95rem; }
#large figcaption .name { white-space: normal; overflow-wrap: anywhere; }
#large .bar { grid-template-columns: minmax(6rem, 14rem) 1fr 4rem;
  font-size: .95rem; }
#large .axis { margin: 0 4.6rem 0 14.6rem; font-size: .8rem; }
#help { width: min(94vw, 460px); }
#help h2 { margin: 0 0 .8rem; font-size: 1.15rem; }
#help dl {
  display: grid; grid-template-columns: max-content 1fr; gap: .45rem 1.1rem;
  margin: 0;
}
#help dd { margin: 0; }
kbd {
  display: inline-block; min-width: 1.6em; padding: 0 .4em;
  border: 1px solid var(--line); border-bottom-width: 2px; border-radius: 5px;
  background: var(--well); font: 600 .82rem/1.6 ui-monospace, monospace;
  text-align: center;
}
@media (max-width: 640px) {
  .toolbar { position: static; }
}
@media (max-width: 420px) {
  #cards { grid-template-columns: 1fr; }
  .bar { grid-template-columns: 4.2rem 1fr 3.2rem; }
  .axis { margin: 0 3.8rem 0 4.8rem; }
}
@media (prefers-reduced-motion: no-preference) {
  .card { transition: box-shadow .15s; }
  .card:hover { box-shadow: 0 2px 4px #0f172a1f, 0 10px 28px #0f172a24; }
}
@media print {
  :root { --page: #fff; --card: #fff; --ink: #000; --soft: #444;
    --line: #bbb; --well: #eee; --near: #1f6feb; --far: #c2500b; }
  main { max-width: none; padding: 0; }
  .toolbar, .command, .map summary, dialog { display: none; }
  #cards { grid-template-columns: 1fr 1fr; gap: .6rem; }
  .card { break-inside: avoid; box-shadow: none; content-visibility: visible; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
)css";

}  // namespace

std::string_view GalleryStyle() { return kGalleryStyle; }

}  // namespace eyechart::mining
