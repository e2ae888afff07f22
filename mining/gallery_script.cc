#include "mining/gallery_page.h"

namespace eyechart::mining {
namespace {

// Builds the cards from the data element. Texts enter the page through
// textContent and attributes alone, never as HTML.
constexpr std::string_view kScript = R"js(
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const list = byId("cards");
  const filter = byId("filter");
  const same = byId("same");
  const sorts = [...document.querySelectorAll("[data-sort]")];
  const collator = new Intl.Collator("en", {numeric: true});
  let sort = "gap";
  let cards = [];  // those on show, in order
  let current = null;

  const make = (tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const digits = (value) => value.toFixed(3).replace("-", "\u2212");
  const percent = (value) => (value + 1) * 50 + "%";

  const figure = (picture) => {
    const node = make("figure");
    const frame = make("div", "frame");
    if (picture.src) {
      const image = make("img");
      image.src = picture.src;
      image.alt = (picture.label ? picture.label + ", " : "") + picture.id;
      image.decoding = "async";
      // Small pictures come enlarged by whole pixels: keep their edges.
      if (picture.src.startsWith("data:image/png")) {
        image.className = "squares";
      }
      frame.append(image);
    } else {
      frame.append(make("div", "missing",
                        "No picture: " + (picture.error || "unknown reason")));
    }
    const caption = make("figcaption");
    caption.append(make("span", "label", picture.label));
    const name = make("span", "name", picture.id);
    name.title = picture.id;
    caption.append(name);
    node.append(frame, caption);
    return node;
  };

  const bar = (kind, model, value, threshold, relation) => {
    const row = make("div", "bar " + kind);
    const name = make("span", "model", model.split("/").pop());
    name.title = model;
    const track = make("div", "track");
    track.setAttribute("role", "img");
    track.setAttribute("aria-label",
        `${model}: cosine ${digits(value)}, ${relation} ${threshold}`);
    const fill = make("i", "fill");
    fill.style.left = percent(Math.min(0, value));
    fill.style.right = 100 - (Math.max(0, value) + 1) * 50 + "%";
    const mark = make("i", "mark");
    mark.style.left = percent(threshold);
    mark.title = `threshold ${threshold}`;
    track.append(fill, make("i", "zero"), mark);
    row.append(name, track, make("span", "value", digits(value)));
    return row;
  };

  const body = (pair) => {
    const nodes = document.createDocumentFragment();
    const top = make("div", "card-top");
    top.append(make("span", "", "#" + pair.rank));
    const gap = make("span", "", "gap ");
    gap.append(make("strong", "", digits(pair.gap)));
    top.append(gap);
    const figures = make("div", "pair");
    figures.append(figure(data.pictures[pair.a]),
                   figure(data.pictures[pair.b]));
    const bars = make("div", "bars");
    const axis = make("div", "axis");
    axis.setAttribute("aria-hidden", "true");
    for (const tick of ["\u22121", "0", "1"]) axis.append(make("span", "", tick));
    bars.append(
        bar("near", data.near_model, pair.near, data.near_min, "above"),
        bar("far", data.far_model, pair.far, data.far_max, "below"), axis);
    nodes.append(top, figures, bars);
    return nodes;
  };

  const card = (pair) => {
    const a = data.pictures[pair.a];
    const b = data.pictures[pair.b];
    const node = make("li", "card");
    node.tabIndex = -1;
    node.setAttribute("aria-label",
        `Pair ${pair.rank}: ${a.id} and ${b.id}, gap ${digits(pair.gap)}`);
    node.append(body(pair));
    node.addEventListener("click", () => { choose(node, true); enlarge(); });
    node.addEventListener("focus", () => choose(node, false));
    const words = [a.id, a.label, b.id, b.label].join("\n").toLowerCase();
    return {pair, node, words, same: a.label === b.label,
            label: a.label + "\n" + b.label};
  };
  const all = data.pairs.map(card);

  const orders = {
    gap: (x, y) => x.pair.rank - y.pair.rank,
    near: (x, y) => y.pair.near - x.pair.near,
    far: (x, y) => x.pair.far - y.pair.far,
    label: (x, y) => collator.compare(x.label, y.label),
  };

  // One card is in the tab order at a time; keys move along the rest.
  function choose(node, focus) {
    if (current) current.tabIndex = -1;
    current = node;
    if (!current) return;
    current.tabIndex = 0;
    if (focus) {
      current.focus({preventScroll: true});
      current.scrollIntoView({block: "nearest"});
    }
  }

  function show() {
    const wanted = filter.value.trim().toLowerCase();
    cards = all
        .filter((c) => (!same.checked || c.same) && c.words.includes(wanted))
        .sort((x, y) => orders[sort](x, y) || x.pair.rank - y.pair.rank);
    list.replaceChildren(...cards.map((c) => c.node));
    byId("count").textContent = cards.length === all.length
        ? `${all.length} ${all.length === 1 ? "pair" : "pairs"}`
        : `${cards.length} of ${all.length} pairs`;
    byId("empty").hidden = cards.length > 0;
    byId("empty").textContent = all.length === 0
        ? "No pair is near in one space and far in the other. A lower "
          + "--near-min or a higher --far-max finds more."
        : "No pair matches the filter.";
    for (const button of sorts) {
      button.setAttribute("aria-pressed", button.dataset.sort === sort);
    }
    const kept = cards.some((c) => c.node === current);
    choose(kept ? current : cards.length ? cards[0].node : null, false);
  }

  function sortBy(name) {
    sort = name;
    choose(null, false);  // a new order is read from its beginning
    show();
  }

  function move(step) {
    if (cards.length === 0) return;
    const at = cards.findIndex((c) => c.node === current);
    const started = document.activeElement === current;
    const next = started ? at + step : Math.max(at, 0);
    const place = Math.min(Math.max(next, 0), cards.length - 1);
    choose(cards[place].node, true);
    if (byId("large").open) fillLarge();
  }

  function columns() {
    return getComputedStyle(list).gridTemplateColumns.split(" ").length;
  }

  function fillLarge() {
    const found = cards.find((c) => c.node === current);
    if (found) byId("large-body").replaceChildren(body(found.pair));
  }

  function enlarge() {
    fillLarge();
    if (!byId("large").open) byId("large").showModal();
  }

  const keys = {
    j: () => move(1), ArrowRight: () => move(1),
    k: () => move(-1), ArrowLeft: () => move(-1),
    ArrowDown: () => move(columns()), ArrowUp: () => move(-columns()),
    Home: () => move(-all.length), End: () => move(all.length),
    s: () => {
      const names = sorts.map((b) => b.dataset.sort);
      sortBy(names[(names.indexOf(sort) + 1) % names.length]);
    },
    l: () => { same.checked = !same.checked; show(); },
    "/": () => filter.focus(),
    "?": () => byId("help").showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === filter) {
      if (event.key === "Escape") filter.blur();
      return;
    }
    if (byId("help").open) {
      if (event.key === "?") { byId("help").close(); event.preventDefault(); }
      return;
    }
    const large = byId("large");
    if (event.key === "Enter" && (large.open || event.target === current)) {
      if (large.open) large.close(); else enlarge();
      event.preventDefault();
      return;
    }
    // In the enlarged view only moving makes sense.
    const moves = ["j", "k", "ArrowLeft", "ArrowRight"];
    if (large.open && !moves.includes(event.key)) return;
    const action = keys[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
  for (const button of sorts) {
    button.addEventListener("click", () => sortBy(button.dataset.sort));
  }
  filter.addEventListener("input", show);
  same.addEventListener("change", show);
  byId("help-button").addEventListener("click",
                                       () => byId("help").showModal());
  byId("large").addEventListener("close", () => current && current.focus());
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
  }
  // Without labels there is nothing to compare.
  byId("same-field").hidden = !data.pictures.some((p) => p.label);
  show();
})();
)js";

}  // namespace

std::string_view GalleryScript() { return kScript; }

}  // namespace eyechart::mining
