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
  const classes = byId("classes");
  const pattern = byId("pattern");
  const least = byId("least");
  const copies = byId("copies");
  const sorts = [...document.querySelectorAll("[data-sort]")];
  const collator = new Intl.Collator("en", {numeric: true});
  const none = "no known pattern";
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

  const anchor = (pair) => "#pair-" + pair.id;

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
    const name = make("span", "", "#" + pair.rank);
    const link = make("a", "", pair.id);
    link.href = anchor(pair);
    link.title = "Link to this pair";
    link.tabIndex = -1;  // Tab goes from card to toolbar, not through links
    link.addEventListener("click", (event) => event.stopPropagation());
    name.append(link);
    if (pair.pattern) name.append(make("span", "tag", pair.pattern));
    if (pair.copy) name.append(make("span", "tag", "copy"));
    top.append(name);
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
    node.id = anchor(pair).slice(1);
    node.setAttribute("aria-label",
        `Pair ${pair.rank}: ${a.id} and ${b.id}, gap ${digits(pair.gap)}`
        + (pair.pattern ? `, ${pair.pattern}` : "")
        + (pair.copy ? ", copies of an earlier pair" : ""));
    node.append(body(pair));
    node.addEventListener("click", () => { choose(node, true); enlarge(); });
    node.addEventListener("focus", () => choose(node, false));
    const words = [pair.id, a.id, a.label, b.id, b.label]
        .join("\n").toLowerCase();
    // A picture without a label is in no class: within none, across none.
    const labelled = a.label !== "" && b.label !== "";
    const kind = !labelled ? "" : a.label === b.label ? "within" : "across";
    return {pair, node, words, kind, label: a.label + "\n" + b.label};
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
    const matching = all.filter((c) =>
        (classes.value === "all" || c.kind === classes.value)
        && (pattern.value === "" || (c.pair.pattern || none) === pattern.value)
        && c.pair.gap >= Number(least.value)
        && c.words.includes(wanted));
    const hidden = copies.checked ? 0
        : matching.filter((c) => c.pair.copy).length;
    cards = matching
        .filter((c) => copies.checked || !c.pair.copy)
        .sort((x, y) => orders[sort](x, y) || x.pair.rank - y.pair.rank);
    list.replaceChildren(...cards.map((c) => c.node));
    byId("count").textContent = cards.length === all.length
        ? `${all.length} ${all.length === 1 ? "pair" : "pairs"}`
        : `${cards.length} of ${all.length} pairs`;
    if (hidden > 0) {
      byId("count").textContent +=
          `, ${hidden} ${hidden === 1 ? "copy" : "copies"} hidden`;
    }
    byId("least-value").textContent =
        Number(least.value).toFixed(2).replace("-", "\u2212");
    byId("empty").hidden = cards.length > 0;
    byId("empty").textContent = all.length === 0
        ? "No pair is near in one space and far in the other. A lower "
          + "--near-min or a higher --far-max finds more."
        : hidden === matching.length && hidden > 0
            ? "Only copies match the filters: c shows them."
            : "No pair matches the filters.";
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

  // The next choice of a field that is there.
  function next(select) {
    if (select.closest("label").hidden) return;
    select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
    show();
  }

  function raise(steps) {
    if (least.closest("label").hidden) return;
    if (steps > 0) least.stepUp(); else least.stepDown();
    show();
  }

  // To the pair that the address names, whatever hides it.
  function visit() {
    const found = all.find((c) => anchor(c.pair) === location.hash);
    if (!found) return;
    if (!cards.includes(found)) {
      filter.value = pattern.value = "";
      classes.value = "all";
      least.value = least.min;
      copies.checked = copies.checked || Boolean(found.pair.copy);
      show();
    }
    choose(found.node, true);
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
    l: () => next(classes), p: () => next(pattern),
    "+": () => raise(1), "=": () => raise(1), "-": () => raise(-1),
    c: () => { copies.checked = !copies.checked; show(); },
    "/": () => filter.focus(),
    "?": () => byId("help").showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    // Fields keep their own keys.
    if (event.target.matches("select, input:not([type=checkbox])")) {
      if (event.key === "Escape") event.target.blur();
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
  least.addEventListener("input", show);
  for (const field of [classes, pattern, copies]) {
    field.addEventListener("change", show);
  }
  window.addEventListener("hashchange", visit);
  byId("help-button").addEventListener("click",
                                       () => byId("help").showModal());
  byId("large").addEventListener("close", () => current && current.focus());
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
  }
  // Fields that have nothing to choose from are left out.
  byId("classes-field").hidden = !all.some((c) => c.kind);
  const named = new Set(data.pairs.map((p) => p.pattern || none));
  for (const name of [...named].sort(collator.compare)) {
    const count = all.filter((c) => (c.pair.pattern || none) === name).length;
    const option = make("option", "", `${name} (${count})`);
    option.value = name;
    pattern.append(option);
  }
  byId("pattern-field").hidden = !data.pairs.some((p) => p.pattern);
  const gaps = data.pairs.map((p) => p.gap);
  least.min = gaps.length ? Math.floor(Math.min(...gaps) * 100) / 100 : 0;
  least.max = gaps.length ? Math.floor(Math.max(...gaps) * 100) / 100 : 0;
  least.value = least.min;
  byId("least-field").hidden = least.min === least.max;
  const copied = data.pairs.filter((p) => p.copy).length;
  byId("copies-field").hidden = copied === 0;
  byId("copies-field").append(` (${copied})`);
  show();
  visit();
})();
)js";

}  // namespace

std::string_view GalleryScript() { return kScript; }

}  // namespace eyechart::mining
