// What the tests share: reports of the built binary, and a Chromium that opens
// them and holds what goes wrong on a page against it.
import assert from "node:assert/strict";
import {execFileSync} from "node:child_process";
import fs from "node:fs";
import {createRequire} from "node:module";
import os from "node:os";
import path from "node:path";
import {after, before} from "node:test";
import {pathToFileURL} from "node:url";

import {writeFullRun, writeNight} from "./run_folder.mjs";

// Packages lie in the folder that scripts/setup --browser made, not here.
const packages =
    createRequire(path.join(process.env.EYECHART_NODE, "package.json"));
export const packageFile = (name) => packages.resolve(name);
const {chromium} = packages("playwright-core");

/** A folder that is gone after the file's tests. */
export function temporaryFolder() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "eyechart-browser-"));
  after(() => fs.rmSync(folder, {recursive: true}));
  return folder;
}

/** Runs the binary under test; throws with its stderr where it fails. */
export function eyechart(...words) {
  return execFileSync(path.join(process.env.EYECHART_BIN, "eyechart"), words,
                      {encoding: "utf8", stdio: ["ignore", "pipe", "pipe"]});
}

/** The report of these run folders; the file that it is in. */
export function report(folder, name, ...words) {
  const file = path.join(folder, name);
  eyechart("report", ...words, "-o", file);
  return file;
}

/** The report with every section: a full run, a history, published tables. */
export function fullReport(folder) {
  const full = writeFullRun(path.join(folder, "full"));
  const nights = Array.from({length: 12}, (_, night) =>
    writeNight(path.join(folder, `night-${night}`), night));
  const history = path.join(folder, "history.sqlite");
  eyechart("history", "add", ...nights, "--db", history);
  return report(folder, "full.html", full, "--history", history,
                "--reference", "mmvp-vlm");
}

/** Two runs side by side. */
export function pairReport(folder) {
  const nights = [2, 9].map((night) =>
    writeNight(path.join(folder, `side-${night}`), night));
  return report(folder, "pair.html", ...nights);
}

/** A browser for the tests of one file; `browser.it` once they run. */
export function startBrowser() {
  const browser = {};
  before(async () => {
    browser.it = await chromium.launch({
      executablePath: process.env.EYECHART_CHROMIUM, timeout: 0,
      // Containers give /dev/shm too little room.
      args: ["--disable-dev-shm-usage", "--disable-gpu"]});
  });
  after(() => browser.it.close());
  return browser;
}

/**
 * Opens a report. Whatever the page says on the console, throws, or asks the
 * network for is in `trouble`; close() fails the test for it.
 */
export async function open(browser, file, options = {}) {
  const context = await browser.it.newContext(
      {viewport: {width: 1280, height: 900}, reducedMotion: "reduce",
       ...options});
  // A busy machine is slow: what never comes is ended by CTest.
  context.setDefaultTimeout(0);
  const page = await context.newPage();
  const trouble = [];
  const url = pathToFileURL(file).href;
  page.on("console", (message) =>
    trouble.push(`console ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => trouble.push(`error: ${error.message}`));
  page.on("request", (request) => {
    const asked = request.url().split("#")[0];
    if (asked !== url && !asked.startsWith("data:"))
      trouble.push(`request: ${asked}`);
  });
  await page.route(/^(?!file:|data:)/, (route) => route.abort());
  await page.goto(url);
  page.trouble = trouble;
  page.finish = async () => {
    await context.close();
    assert.deepEqual(trouble, []);
  };
  return page;
}

/** Runs `steps` on an opened report, and fails for the page's own trouble. */
export async function withPage(browser, file, options, steps) {
  const page = await open(browser, file, options);
  try {
    await steps(page);
  } catch (error) {
    await page.context().close();
    if (page.trouble.length) error.message += `\n${page.trouble.join("\n")}`;
    throw error;
  }
  await page.finish();
}
