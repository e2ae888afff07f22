// What a screen reader is told, and whether all can be read: axe's rules, and
// our own for what axe leaves out (charts, landmarks, live regions).
import assert from "node:assert/strict";
import fs from "node:fs";
import {test} from "node:test";

import {fullReport, packageFile, pairReport, startBrowser, temporaryFolder,
        withPage} from "./browser.mjs";
import {contrasts} from "./contrast.mjs";

const folder = temporaryFolder();
const full = fullReport(folder);
const pair = pairReport(folder);
const axe = fs.readFileSync(packageFile("axe-core/axe.min.js"), "utf8");
const browser = startBrowser();

/** Opens all that opens, as a reader may. */
async function openAll(page) {
  await page.$$eval("details", (all) => all.forEach((one) => {
    one.open = true;
  }));
  await page.locator("#records td.open button").first().click();
}

/** axe's complaints: rule, and the first elements that break it. */
async function complaints(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, {
    resultTypes: ["violations"],
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa",
              "best-practice"]}));
  return found.violations.map((one) =>
    `${one.id}: ` + one.nodes.slice(0, 3).map((node) => node.html).join("\n"));
}

for (const colorScheme of ["light", "dark"])
  for (const [name, file] of [["one run", full], ["two runs", pair]])
    test(`axe has nothing to say: ${name}, ${colorScheme}`, () =>
      withPage(browser, file, {colorScheme}, async (page) => {
        await openAll(page);
        assert.deepEqual(await complaints(page), []);
      }));

test("axe has nothing to say of a narrow page", () =>
  withPage(browser, full, {viewport: {width: 360, height: 740}},
           async (page) => {
    assert.deepEqual(await complaints(page), []);
  }));

for (const colorScheme of ["light", "dark"])
  test(`text stands out by 4.5 and charts by 3: ${colorScheme}`, () =>
    withPage(browser, full, {colorScheme}, async (page) => {
      await openAll(page);
      const {texts, marks, weak} = await page.evaluate(contrasts);
      assert.ok(texts > 1000 && marks > 100, `${texts} texts, ${marks} marks`);
      assert.deepEqual(weak, []);
    }));

test("landmarks and headings tell how the page is made up", () =>
  withPage(browser, full, {}, async (page) => {
    const made = await page.evaluate(() => ({
      lang: document.documentElement.lang,
      counts: ["header", "nav", "main", "footer", "h1"].map((tag) =>
        document.querySelectorAll(tag).length),
      levels: Array.from(document.querySelectorAll("h1,h2,h3,h4,h5,h6"),
                         (one) => Number(one.localName[1])),
      empty: Array.from(document.querySelectorAll("h1,h2,h3,h4,h5,h6,caption"))
          .filter((one) => !one.textContent.trim()).length,
      nav: document.querySelector("nav").getAttribute("aria-label")}));
    assert.equal(made.lang, "en");
    assert.deepEqual(made.counts, [1, 1, 1, 1, 1]);
    assert.equal(made.nav, "Sections");
    assert.equal(made.empty, 0);
    assert.equal(made.levels[0], 1);
    made.levels.forEach((level, i) =>
      assert.ok(i === 0 || level <= made.levels[i - 1] + 1, `heading ${i}`));
  }));

test("tables say what they hold, and which heading a number belongs to", () =>
  withPage(browser, full, {}, async (page) => {
    const wrong = await page.evaluate(() =>
      [...document.querySelectorAll("main table")].flatMap((table) => {
        const where = table.closest("section").id;
        const problems = [];
        if (!table.caption?.textContent.trim())
          problems.push(`${where}: no caption`);
        for (const one of table.querySelectorAll("th"))
          if (!one.hasAttribute("scope"))
            problems.push(`${where}: a heading of nothing`);
        if (table.id !== "records")
          for (const row of table.tBodies[0].rows)
            if (!row.querySelector("th[scope=row]"))
              problems.push(`${where}: a row without a name`);
        return problems;
      }));
    assert.deepEqual(wrong, []);
  }));

test("what changes is told", () =>
  withPage(browser, full, {}, async (page) => {
    // They have to be there before they speak.
    const live = await page.$$eval("[role=status], [aria-live]", (all) =>
      all.length);
    assert.equal(live, 2);
    const tree = await page.locator("#latency").ariaSnapshot();
    for (const part of ["heading \"Latency\" [level=2]",
                        "columnheader \"median ms\"",
                        "button \"median ms\"",
                        "rowheader \"clip-vit-base-patch32"])
      assert.ok(tree.includes(part), `${part} in\n${tree}`);
    await page.locator("#latency th button").first().click();
    await page.getByLabel("Filter").fill("latency");
    const said = await page.$$eval("[role=status], [aria-live]", (all) =>
      all.map((one) => one.textContent));
    assert.ok(said.some((text) => /^Sorted by encoder, ascending$/.test(text)));
    assert.ok(said.some((text) => /^\d+ of \d+ records$/.test(text)));
  }));
