// The page renders, loads nothing, sorts and copies.
import assert from "node:assert/strict";
import fs from "node:fs";
import {test} from "node:test";

import {fullReport, pairReport, startBrowser, temporaryFolder, withPage} from
  "./browser.mjs";

const folder = temporaryFolder();
const full = fullReport(folder);
const pair = pairReport(folder);
const browser = startBrowser();

const kSections = [
  "summary", "failed", "patterns", "probes", "detection", "latency", "nms",
  "pareto", "roofline", "results", "references", "history", "eye-chart",
  "pairs", "all-records", "cells", "environment", "methods"];

test("every section is there, named, and reached from the navigation", () =>
  withPage(browser, full, {}, async (page) => {
    const sections = await page.$$eval("main > section", (all) =>
      all.map((one) => ({
        id: one.id, height: one.getBoundingClientRect().height,
        name: document.getElementById(one.getAttribute("aria-labelledby"))
            .textContent})));
    assert.deepEqual(sections.map((one) => one.id), kSections);
    for (const {id, name, height} of sections)
      assert.ok(name && height > 40, id);
    const links = await page.$$eval("nav a", (all) =>
      all.map((one) => one.getAttribute("href")));
    assert.deepEqual(links, kSections.map((id) => "#" + id));
    await page.click("nav a[href='#methods']");
    assert.equal(await page.evaluate(() => location.hash), "#methods");
    assert.match(await page.title(), /full · eyechart/);
  }));

test("ids are unique and what they are referred to by exists", () =>
  withPage(browser, full, {}, async (page) => {
    await page.click("#records td.open button");
    const wrong = await page.evaluate(() => {
      const ids = Array.from(document.querySelectorAll("[id]"), (e) => e.id);
      const twice = ids.filter((id, i) => ids.indexOf(id) !== i);
      const dangling = [];
      for (const name of ["aria-labelledby", "aria-describedby",
                          "aria-controls", "for"])
        for (const one of document.querySelectorAll(`[${name}]`))
          for (const id of one.getAttribute(name).split(/\s+/))
            if (!document.getElementById(id)) dangling.push(id);
      for (const one of document.querySelectorAll("a[href^='#']"))
        if (!document.getElementById(one.hash.slice(1)))
          dangling.push(one.hash);
      return {twice, dangling};
    });
    assert.deepEqual(wrong, {twice: [], dangling: []});
  }));

test("pictures and charts are drawn and have names", () =>
  withPage(browser, full, {}, async (page) => {
    await page.$$eval("details", (all) => all.forEach((one) => {
      one.open = true;
    }));
    const images = page.locator("main img");
    for (let i = 0; i < await images.count(); ++i)
      await images.nth(i).scrollIntoViewIfNeeded();
    const drawn = await images.evaluateAll((all) => Promise.all(
        all.map((one) => one.decode().then(() => ({
          alt: one.alt, width: one.naturalWidth,
          tiny: one.classList.contains("tiny")})))));
    assert.equal(drawn.length, 9);  // five pairs, one thumbnail is missing
    for (const one of drawn) {
      assert.ok(one.alt && one.width > 0);
      assert.equal(one.tiny, one.width <= 64);
    }
    const charts = await page.$$eval("svg", (all) => all.map((one) => ({
      role: one.getAttribute("role"),
      hidden: one.getAttribute("aria-hidden"),
      name: one.getAttribute("aria-label") ||
          one.querySelector(":scope > title")?.textContent || "",
      shapes: one.querySelectorAll("line,rect,circle,path,polyline,image")
          .length,
      area: one.getBoundingClientRect().width *
          one.getBoundingClientRect().height})));
    assert.ok(charts.length > 30);
    for (const chart of charts) {
      assert.ok(chart.hidden === "true" ||
                    (chart.role === "img" && chart.name), chart.name);
      assert.ok(chart.shapes > 0 && chart.area > 100, chart.name);
    }
    // None of the numbers in them went wrong.
    const broken = await page.$$eval("svg *", (all) => all.filter((one) =>
      Array.from(one.attributes).some((a) => /nan|inf\b/i.test(a.value)))
        .map((one) => one.outerHTML));
    assert.deepEqual(broken, []);
  }));

/**
 * In the page: clicks each heading of each table twice. Returns what was wrong
 * with the order that it left, and how many headings there were a table.
 */
const sortEverything = () => {
  const problems = [];
  const counts = [];
  for (const table of document.querySelectorAll("main table")) {
    const body = table.tBodies[0];
    const lines = () => Array.from(body.rows, (row) => row.textContent);
    const all = lines().sort().join("\n");
    const buttons = [...table.querySelectorAll("thead th > button.sort")];
    counts.push(buttons.length);
    for (const button of buttons) {
      const heading = button.parentElement;
      const at = [...heading.parentElement.cells].indexOf(heading);
      const name = `${table.closest("section").id}: ${heading.textContent}`;
      for (const order of ["ascending", "descending"]) {
        button.click();
        const marked = [...table.querySelectorAll("[aria-sort]")];
        if (marked.length !== 1 || marked[0] !== heading ||
            heading.getAttribute("aria-sort") !== order)
          problems.push(`${name}: not marked ${order}`);
        if (table.id !== "records" && lines().sort().join("\n") !== all)
          problems.push(`${name}: rows got lost`);
        if (!heading.classList.contains("num")) continue;
        // Numbers as they are read, without what stands small below them.
        const values = [...body.rows].filter((row) => row.cells.length > at &&
            (row.cells[0].rowSpan > 1 || !table.querySelector("[rowspan]")))
            .map((row) => {
              if (row.cells[at].dataset.key) return +row.cells[at].dataset.key;
              const cell = row.cells[at].cloneNode(true);
              cell.querySelectorAll("small").forEach((one) => one.remove());
              const found = cell.textContent.replace(/\u202f/g, "")
                  .match(/^[-+]?[\d.]+(e[-+]?\d+)?/);
              return found ? Number(found[0]) : null;
            });
        if (table.id === "records") continue;  // units differ: see below
        const known = values.filter((value) => value !== null);
        if (values.slice(0, known.length).includes(null))
          problems.push(`${name}: what has no value is not last`);
        for (let i = 1; i < known.length; ++i)
          if (order === "ascending" ? known[i] < known[i - 1] :
                                      known[i] > known[i - 1])
            problems.push(`${name}: ${known[i - 1]} before ${known[i]}, ` +
                          order);
      }
    }
  }
  return {problems, counts};
};

test("every table sorts by each of its headings", () =>
  withPage(browser, full, {}, async (page) => {
    const {problems, counts} = await page.evaluate(sortEverything);
    assert.deepEqual(problems, []);
    assert.ok(counts.length > 15);
    assert.ok(counts.every((count) => count > 1), String(counts));
    const {headings, buttons} = await page.evaluate(() => ({
      headings: document.querySelectorAll("main thead th").length,
      buttons: document.querySelectorAll("main thead th > .sort").length}));
    assert.equal(buttons, headings);
  }));

test("a mouse sorts, and the page says how", () =>
  withPage(browser, full, {}, async (page) => {
    const heading = page.locator("#latency th", {hasText: "median ms"});
    await heading.click();
    assert.equal(await heading.getAttribute("aria-sort"), "ascending");
    await heading.click();
    assert.equal(await heading.getAttribute("aria-sort"), "descending");
    assert.match(await page.locator("#latency tbody tr").first().textContent(),
                 /aimv2/);
    assert.equal(await page.locator("main > [role=status]").textContent(),
                 "Sorted by median ms, descending");
  }));

test("lines of one cell stay together where runs stand side by side", () =>
  withPage(browser, pair, {}, async (page) => {
    const {problems, counts} = await page.evaluate(sortEverything);
    assert.deepEqual(problems, []);
    assert.ok(counts.every((count) => count > 0), String(counts));
    for (const table of await page.$$("#results table")) {
      const whole = await table.$eval("tbody", (body) => {
        let left = 0;
        for (const row of body.rows) {
          if (left === 0) left = row.cells[0].rowSpan;
          else if (row.cells[0].rowSpan > 1) return false;
          --left;
        }
        return left === 0;
      });
      assert.ok(whole);
    }
  }));

test("the command is copied", async () => {
  const command = "eyechart run nightly.toml --out 'runs/last night' " +
      "--threads 2";
  // A permission needs an origin that a file has not.
  const context = await browser.it.newContext(
      {permissions: ["clipboard-read", "clipboard-write"]});
  context.setDefaultTimeout(0);
  const page = await context.newPage();
  await page.route("**/*", (route) => route.fulfill(
      {body: fs.readFileSync(full), contentType: "text/html"}));
  await page.goto("http://localhost/");
  await page.click("text=Copy the command");
  await page.waitForSelector("button:text-is('Copied')");
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()),
               command);
  assert.equal(await page.locator("main > [role=status]").textContent(),
               "Copied");
  await context.close();
});

test("the command is selected where the clipboard is closed", () =>
  withPage(browser, full, {}, async (page) => {
    await page.evaluate(() => {
      navigator.clipboard.writeText = () => Promise.reject(new Error("no"));
    });
    await page.click("text=Copy the command");
    await page.waitForSelector("button:text('with your keyboard')");
    assert.match(await page.evaluate(() => String(getSelection())),
                 /^eyechart run nightly\.toml/);
  }));

test("without JavaScript all but the table of records is there", () =>
  withPage(browser, full, {javaScriptEnabled: false}, async (page) => {
    assert.equal(await page.locator("main > section").count(),
                 kSections.length);
    assert.match(await page.locator("#records-view").textContent(),
                 /needs JavaScript/);
    assert.equal(await page.locator(".sort").count(), 0);
  }));
