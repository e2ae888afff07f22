// Light and dark, narrow and wide, on paper; labels that can be read.
import assert from "node:assert/strict";
import path from "node:path";
import {test} from "node:test";

import {eyechart, fullReport, pairReport, startBrowser, temporaryFolder,
        withPage} from "./browser.mjs";

const folder = temporaryFolder();
const full = fullReport(folder);
const pair = pairReport(folder);
const plot = path.join(folder, "trend.svg");
eyechart("history", "plot", "*", "--db", path.join(folder, "history.sqlite"),
         "-o", plot);
const browser = startBrowser();

/** How bright the colours of some elements are, 0 to 1. */
const brightness = () => Object.fromEntries(
    [["page", "body", "backgroundColor"],
     ["card", "#summary", "backgroundColor"], ["text", "#summary", "color"],
     ["line", ".plot polyline", "stroke"], ["label", ".plot text", "fill"]]
        .map(([name, selector, property]) => [name,
          getComputedStyle(document.querySelector(selector))[property]
              .match(/[\d.]+/g).slice(0, 3).reduce((sum, part) =>
                sum + Number(part) / 765, 0)]));

test("dark is dark and light is light", async () => {
  let light, dark;
  await withPage(browser, full, {colorScheme: "light"}, async (page) => {
    light = await page.evaluate(brightness);
  });
  await withPage(browser, full, {colorScheme: "dark"}, async (page) => {
    dark = await page.evaluate(brightness);
  });
  for (const part of ["page", "card"])
    assert.ok(light[part] > 0.9 && dark[part] < 0.2, part);
  for (const part of ["text", "line", "label"])
    assert.ok(light[part] < 0.5 && dark[part] > 0.5, part);
});

for (const width of [360, 768, 1280])
  for (const [name, file] of [["one run", full], ["two runs", pair]])
    test(`the page does not scroll sideways at ${width} px: ${name}`, () =>
      withPage(browser, file, {viewport: {width, height: 800}},
               async (page) => {
        await page.$$eval("details", (all) => all.forEach((one) => {
          one.open = true;
        }));
        await page.locator("#records td.open button").first().click();
        const {page_width, out} = await page.evaluate(() => ({
          page_width: document.documentElement.scrollWidth,
          out: [...document.querySelectorAll("main *")].filter((one) =>
            !one.closest(".scroll, svg, .unseen") && one.checkVisibility() &&
            one.getBoundingClientRect().right > innerWidth + 1)
              .map((one) => one.outerHTML.slice(0, 100))}));
        assert.deepEqual(out, []);
        assert.ok(page_width <= width, `${page_width} px`);
      }));

test("captions of wide tables stay inside of what can be seen at 400 px", () =>
  withPage(browser, full, {viewport: {width: 400, height: 800}},
           async (page) => {
    const out = await page.$$eval("details", (all) => {
      for (const one of all) one.open = true;
      return [...document.querySelectorAll(".scroll caption")].filter((one) =>
        one.getBoundingClientRect().right >
            one.closest(".scroll").getBoundingClientRect().right + 1)
          .map((one) => one.textContent.slice(0, 60));
    });
    assert.deepEqual(out, []);
  }));

/** In the page: labels of charts that are cut or lie on one another. */
const badLabels = () => {
  const problems = [];
  for (const chart of document.querySelectorAll("svg.plot")) {
    const name = `${chart.closest("section").id}: ` +
        chart.querySelector("title").textContent;
    const frame = chart.getBoundingClientRect();
    const labels = [...chart.querySelectorAll("text")].filter((one) =>
      one.textContent).map((one) => ({text: one.textContent,
                                      box: one.getBoundingClientRect()}));
    for (const [i, {text, box}] of labels.entries()) {
      if (box.left < frame.left - 0.5 || box.right > frame.right + 0.5 ||
          box.top < frame.top - 0.5 || box.bottom > frame.bottom + 0.5)
        problems.push(`${name}: "${text}" is cut`);
      for (const other of labels.slice(i + 1))
        if (Math.min(box.right, other.box.right) -
                Math.max(box.left, other.box.left) > 0.5 &&
            Math.min(box.bottom, other.box.bottom) -
                Math.max(box.top, other.box.top) > 2)
          problems.push(`${name}: "${text}" on "${other.text}"`);
    }
  }
  return problems;
};

for (const width of [360, 1280])
  test(`labels of charts are whole and apart at ${width} px`, () =>
    withPage(browser, full, {viewport: {width, height: 800}}, async (page) => {
      assert.deepEqual(await page.evaluate(badLabels), []);
    }));

test("no text is cut off", () =>
  withPage(browser, full, {}, async (page) => {
    const cut = await page.$$eval("main *", (all) => all.filter((one) =>
      getComputedStyle(one).overflow.includes("hidden") &&
      !one.closest(".unseen, svg") && one.textContent.trim() &&
      (one.scrollWidth > one.clientWidth + 1 ||
       one.scrollHeight > one.clientHeight + 1))
        .map((one) => one.outerHTML.slice(0, 100)));
    assert.deepEqual(cut, []);
  }));

for (const colorScheme of ["light", "dark"])
  test(`paper has no controls and all details: ${colorScheme}`, () =>
    withPage(browser, full, {colorScheme}, async (page) => {
      const closed = () => page.locator("details:not([open])").count();
      const at_first = await closed();
      assert.ok(at_first > 10);
      await page.emulateMedia({media: "print", colorScheme});
      await page.waitForFunction(() =>
        !document.querySelector("details:not([open])"));
      const shown = await page.evaluate(() => ({
        controls: [...document.querySelectorAll(
            "nav, input, select, .skip, .tools, button:not(.sort), .order")]
            .filter((one) => one.checkVisibility())
            .map((one) => one.outerHTML.slice(0, 80)),
        headings: [...document.querySelectorAll("thead th")].filter((one) =>
          !one.checkVisibility() || one.innerText.trim() === "").length,
        paper: getComputedStyle(document.body).backgroundColor,
        ink: getComputedStyle(document.querySelector("td")).color}));
      assert.deepEqual(shown.controls, []);
      assert.equal(shown.headings, 0);
      assert.equal(shown.paper, "rgb(255, 255, 255)");
      assert.ok(shown.ink.match(/\d+/g).every((part) => Number(part) < 100),
                shown.ink);
      await page.emulateMedia({media: "screen", colorScheme});
      await page.waitForFunction((count) => document.querySelectorAll(
          "details:not([open])").length === count, at_first);
    }));

test("a plot of the history is dark on dark screens and light on paper", () =>
  withPage(browser, plot, {colorScheme: "dark"}, async (page) => {
    const colours = () => page.evaluate(() =>
      [".back", ".title", ".plot text"].map((selector) =>
        getComputedStyle(document.querySelector(selector)).fill
            .match(/[\d.]+/g).slice(0, 3).reduce((sum, part) =>
              sum + Number(part) / 765, 0)));
    const [back, ...text] = await colours();
    assert.ok(back < 0.2 && text.every((one) => one > 0.5), `${back} ${text}`);
    await page.emulateMedia({media: "print", colorScheme: "dark"});
    const [paper, ...ink] = await colours();
    assert.ok(paper === 1 && ink.every((one) => one < 0.5), `${paper} ${ink}`);
  }));

test("it prints", () =>
  withPage(browser, full, {}, async (page) => {
    const pdf = await page.pdf({format: "A4"});
    assert.equal(pdf.subarray(0, 5).toString(), "%PDF-");
    assert.equal(await page.locator("details[open]").count(), 0);
  }));

// For people to look at: EYECHART_SCREENSHOTS names the folder.
const pictures = process.env.EYECHART_SCREENSHOTS;
for (const [name, options] of [["light", {}], ["dark", {colorScheme: "dark"}],
                               ["narrow", {viewport: {width: 360,
                                                      height: 740}}]])
  test(`a picture of every section: ${name}`, {skip: !pictures}, () =>
    withPage(browser, full, options, async (page) => {
      await page.$$eval(".worst", (all) => all.forEach((one) => {
        one.open = true;
      }));
      for (const section of await page.$$("header, main > section")) {
        const id = await section.getAttribute("id") ?? "header";
        await section.screenshot(
            {path: path.join(pictures, `${name}-${id}.png`)});
      }
    }));
