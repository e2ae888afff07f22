// The table of records: filters that say what they leave, order, details; also
// with ten thousand of them.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import {test} from "node:test";

import {fullReport, report, startBrowser, temporaryFolder, withPage} from
  "./browser.mjs";
import {writeBigRun} from "./run_folder.mjs";

const folder = temporaryFolder();
const full = fullReport(folder);
const big = report(folder, "big.html", writeBigRun(path.join(folder, "big")));
const records = fs.readFileSync(path.join(folder, "full", "records.jsonl"),
                                "utf8").trim().split("\n").map(JSON.parse);
const browser = startBrowser();

const kRows = "#records tbody > tr:not(.more)";
const kCount = "#records-view [role=status]";
const said = (page) => page.locator(kCount).textContent();

/** The texts of the column of that name. */
async function columnOf(page, name) {
  const names = await page.$$eval("#records thead th .sort", (all) =>
    all.map((one) => one.textContent));
  const at = names.indexOf(name);
  assert.ok(at >= 0, `${name} of ${names}`);
  return page.$$eval(kRows, (rows, cell) =>
    rows.map((row) => row.cells[cell].textContent), at + 1);
}

test("the words of the filter leave the rows that have them all", () =>
  withPage(browser, full, {}, async (page) => {
    const expected = records.filter((one) =>
      /latency/.test(one.metric) && /dinov2/.test(one.cell)).length;
    assert.ok(expected > 0 && expected < 100);
    await page.fill("#records-view input", "  LATENCY dinov2 ");
    assert.equal(await page.locator(kRows).count(), expected);
    assert.equal(await said(page), `${expected} of ${records.length} records`);
    await page.fill("#records-view input", "nothing has this");
    assert.equal(await page.locator(kRows).count(), 0);
    assert.equal(await said(page), `0 of ${records.length} records`);
    await page.fill("#records-view input", "");
    assert.equal(await page.locator(kRows).count(),
                 Math.min(100, records.length));
  }));

test("metric and status narrow it further", () =>
  withPage(browser, full, {}, async (page) => {
    const failed = records.filter((one) => one.status === "error");
    await page.getByLabel("Status").selectOption("error");
    assert.equal(await said(page),
                 `${failed.length} of ${records.length} records`);
    await page.getByLabel("Metric").selectOption("top1");
    assert.equal(await said(page), `0 of ${records.length} records`);
    await page.getByLabel("Status").selectOption("all");
    const top1 = records.filter((one) => one.metric === "top1").length;
    assert.equal(await page.locator(kRows).count(), top1);
    assert.equal(new Set(await columnOf(page, "metric")).size, 1);
  }));

test("a row opens to all fields of its record, and closes", () =>
  withPage(browser, full, {}, async (page) => {
    await page.fill("#records-view input", "florence probe");
    const button = page.locator("#records td.open button").first();
    assert.equal(await button.getAttribute("aria-expanded"), "false");
    await button.click();
    assert.equal(await button.getAttribute("aria-expanded"), "true");
    const details = page.locator("#records tr.more");
    const text = await details.textContent();
    const shown = records.find((one) =>
      one.cell.includes("florence") && one.task === "probe");
    for (const part of [shown.cell, shown.weights_sha256, shown.started])
      assert.ok(text.includes(part), part);
    await button.click();
    assert.equal(await details.count(), 0);
  }));

test("ten thousand records stay small, and nothing is left out", () =>
  withPage(browser, big, {}, async (page) => {
    assert.ok(fs.statSync(big).size < 5e6);
    assert.match(await said(page), /^10\u202f000 of 10\u202f000 records, /);
    assert.equal(await page.locator(kRows).count(), 100);
    await page.click("#records-view > button");
    assert.equal(await page.locator(kRows).count(), 500);
    assert.match(await page.locator("#records-view > button").textContent(),
                 /9\u202f500 left/);
  }));

test("ten thousand records sort, those without a value last", () =>
  withPage(browser, big, {}, async (page) => {
    const heading = page.locator("#records th", {hasText: "value"});
    const numbers = async () =>
      (await columnOf(page, "value")).map(parseFloat);
    await heading.locator("button").click();
    const rising = await numbers();
    assert.equal(rising[0], 0.004997);  // per cent of 0.5 / 10007, 4 digits
    assert.deepEqual(rising, rising.toSorted((a, b) => a - b));
    await heading.locator("button").click();
    const falling = await numbers();
    assert.ok(falling[0] > 99.9);
    assert.deepEqual(falling, falling.toSorted((a, b) => b - a));
    // The order holds for what the filter leaves.
    await page.fill("#records-view input", "clip-9~");
    const left = await columnOf(page, "value");
    assert.equal(left.length, 100);
    assert.equal(await said(page), "100 of 10\u202f000 records");
    const known = left.filter((text) => text !== "error").map(parseFloat);
    assert.deepEqual(known, known.toSorted((a, b) => b - a));
    assert.ok(left.slice(known.length).every((text) => text === "error"));
  }));

test("ten thousand records filter down to the failed ones", () =>
  withPage(browser, big, {}, async (page) => {
    await page.fill("#records-view input", "ran out");
    assert.equal(await page.locator(kRows).count(), 10);
    assert.equal(await said(page), "10 of 10\u202f000 records");
    assert.equal(await page.locator(".failed").count(), 10);
  }));
