// Runs in the page, so that it uses nothing from outside its own text.

/**
 * The contrast (WCAG 2.2, 1.4.3 and 1.4.11) of all text with what stands behind
 * it, and of the marks and lines of charts with their card, from computed
 * styles. Returns how many were looked at and those that are too weak.
 */
export const contrasts = () => {
  const numbers = (color) => {
    const found = color.match(/^rgba?\(([^)]*)\)$/);
    if (!found) return null;
    const parts = found[1].split(/[\s,/]+/).map(Number);
    return {rgb: parts.slice(0, 3), alpha: parts[3] ?? 1};
  };
  const over = (top, ground) => top.rgb.map((value, i) =>
    value * top.alpha + ground[i] * (1 - top.alpha));
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => {
    const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05);
  };
  const ground = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) {
      const layer = numbers(getComputedStyle(one).backgroundColor);
      if (layer && layer.alpha > 0) layers.push(layer);
      if (layer && layer.alpha === 1) break;
    }
    return layers.reverse().reduce((below, layer) => over(layer, below),
                                   [255, 255, 255]);
  };
  const shown = (element) => element.checkVisibility(
      {opacityProperty: true, visibilityProperty: true}) &&
      !element.closest(".unseen");
  const weak = [];
  let texts = 0;
  let marks = 0;
  const judge = (element, color, least, what) => {
    const found = numbers(color);
    if (!found || found.alpha === 0) return false;
    const behind = ground(element);
    const value = ratio(over(found, behind), behind);
    if (value < least) weak.push(`${value.toFixed(2)}: ${what}`);
    return true;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.textContent.trim() || !shown(element) ||
        /^(script|style|title|desc|option)$/.test(element.localName)) continue;
    const style = getComputedStyle(element);
    const color = element.closest("svg") ? style.fill : style.color;
    if (judge(element, color, 4.5, node.textContent.slice(0, 40))) ++texts;
  }
  for (const one of document.querySelectorAll("[placeholder]"))
    if (judge(one, getComputedStyle(one, "::placeholder").color, 4.5,
              one.placeholder)) ++texts;
  for (const one of document.querySelectorAll(
      "svg.plot g[class^=s] :is(polyline,circle,rect,path)")) {
    const style = getComputedStyle(one);
    const color = one.localName === "polyline" ? style.stroke : style.fill;
    if (shown(one) && judge(one, color, 3, `${one.closest("g").className
        .baseVal} of ${one.closest("section").id}`)) ++marks;
  }
  return {texts, marks, weak};
};
