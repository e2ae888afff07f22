// The page without a mouse.
import assert from "node:assert/strict";
import {test} from "node:test";

import {fullReport, startBrowser, temporaryFolder, withPage} from
  "./browser.mjs";

const full = fullReport(temporaryFolder());
const browser = startBrowser();

const focused = (page) => page.evaluate(() => {
  const one = document.activeElement;
  const style = getComputedStyle(one);
  const box = one.getBoundingClientRect();
  return {
    tag: one.localName, text: one.textContent.slice(0, 60), id: one.id,
    outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
    // Where it stands, to see that it can be seen.
    visible: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top <
        innerHeight && box.right > 0 && box.left < innerWidth};
});

test("the first stop leads past the navigation", () =>
  withPage(browser, full, {}, async (page) => {
    const left = await page.$eval(".skip", (one) =>
      one.getBoundingClientRect().right);
    assert.ok(left <= 0, "it shows without the focus");
    await page.keyboard.press("Tab");
    const link = await focused(page);
    assert.match(link.text, /^Skip/);
    assert.ok(link.visible && link.outline >= 2);
    await page.keyboard.press("Enter");
    assert.equal((await focused(page)).id, "main");
    await page.keyboard.press("Tab");
    assert.ok(await page.evaluate(() =>
      document.activeElement.closest("main") !== null));
  }));

test("each stop is seen, marked and in the order of the page", () =>
  withPage(browser, full, {}, async (page) => {
    // Fewer rows, and none of the kinds of stops is left out. Nothing was
    // focused before: the first stop is the page's first.
    await page.evaluate(() => {
      const filter = document.querySelector("#records-view input");
      filter.value = "florence latency";
      filter.dispatchEvent(new Event("input"));
      window.stops = [];
    });
    const expected = await page.$$eval(
        "a[href], button, input, select, summary", (all) =>
          all.filter((one) => one.checkVisibility()).length);
    for (let i = 0; i < expected; ++i) {
      await page.keyboard.press("Tab");
      const stop = await focused(page);
      assert.ok(stop.outline >= 2, `no outline: ${stop.tag} ${stop.text}`);
      assert.ok(stop.visible, `not seen: ${stop.tag} ${stop.text}`);
      await page.evaluate(() => window.stops.push(document.activeElement));
    }
    const order = await page.evaluate(() => window.stops.every((one, i) =>
      i === 0 || window.stops[i - 1].compareDocumentPosition(one) &
          Node.DOCUMENT_POSITION_FOLLOWING));
    assert.ok(order);
    assert.equal(await page.evaluate(() => new Set(window.stops).size),
                 expected);
  }));

test("Enter and Space sort every table", () =>
  withPage(browser, full, {}, async (page) => {
    // What is folded away takes no focus.
    await page.$$eval("details", (all) => all.forEach((one) =>
      one.open = true));
    const tables = page.locator("main table");
    const count = await tables.count();
    for (let i = 0; i < count; ++i) {
      const heading = tables.nth(i).locator("thead th").last();
      await heading.locator("button").focus();
      await page.keyboard.press("Enter");
      assert.equal(await heading.getAttribute("aria-sort"), "ascending");
      await page.keyboard.press("Space");
      assert.equal(await heading.getAttribute("aria-sort"), "descending");
      // The focus stays, so that a third press goes on from there.
      assert.ok(await heading.locator("button").evaluate((one) =>
        one === document.activeElement));
    }
  }));

test("what is wider than the page can be scrolled to", () =>
  withPage(browser, full, {viewport: {width: 420, height: 800}},
           async (page) => {
    const stuck = await page.$$eval(".scroll", (all) => all.filter((one) =>
      one.scrollWidth > one.clientWidth && one.tabIndex < 0 &&
      !one.querySelector("thead th:last-child button")).length);
    assert.equal(stuck, 0);
    const wide = page.locator("#nms .scroll").first();
    await wide.locator("thead th button").last().focus();
    assert.ok(await wide.evaluate((one) => one.scrollLeft) > 0);
  }));

test("the table of records is worked with keys alone", () =>
  withPage(browser, full, {}, async (page) => {
    const filter = page.getByLabel("Filter");
    await filter.focus();
    await page.keyboard.type("latency");
    const rows = page.locator("#records tbody > tr:not(.more)");
    const some = await rows.count();
    assert.ok(some > 1);
    await page.keyboard.press("Tab");
    // The first metric after "all" is none: failed cells, of which none fits.
    await page.keyboard.press("ArrowDown");
    assert.equal(await rows.count(), 0);
    await page.keyboard.press("ArrowUp");
    assert.equal(await rows.count(), some);
    await page.locator("#records td.open button").first().focus();
    await page.keyboard.press("Space");
    assert.equal(await page.locator("#records tr.more").count(), 1);
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("#records tr.more").count(), 0);
  }));

test("details open and close", () =>
  withPage(browser, full, {}, async (page) => {
    const details = page.locator("#cells details").first();
    await details.locator("summary").focus();
    await page.keyboard.press("Enter");
    assert.ok(await details.evaluate((one) => one.open));
    await page.keyboard.press("Space");
    assert.ok(!await details.evaluate((one) => one.open));
  }));
