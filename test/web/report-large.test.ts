// SPDX-License-Identifier: Apache-2.0
// A report of a large run in Chromium: only what is in sight is in the document, and everything can be reached.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { reportPage } from "../../src/orchestrator/inspect/index.ts";
import { Place } from "../cli/galgo.ts";
import { NO_BROWSER, startBrowser } from "../helpers/browser.ts";
import { aLargeReport } from "../helpers/large-report.ts";

/** For a machine that is busy. */
const PATIENCE_MS = 120_000;
const BEHAVIOURS = 20_000;
const PROCESSES = 2_000;
/** Rows of a list that may be in the document. */
const FEW = 100;

describe("a report of a large run", { skip: NO_BROWSER }, () => {
  const place = new Place();
  let browser: Browser;
  let page: Page;
  const troubles: string[] = [];

  before(async () => {
    const template = readFileSync(resolve("dist/web/report.html"), "utf8");
    const file = place.write(
      "large.html",
      reportPage(template, aLargeReport(BEHAVIOURS, PROCESSES)),
    );
    browser = await startBrowser();
    page = await browser.newPage({ offline: true, viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("pageerror", (error) => troubles.push(error.message));
    await page.goto(pathToFileURL(file).href);
  });

  after(async () => {
    await browser.close();
    place.remove();
  });

  it("lists all behaviours, a few at a time", async () => {
    await page.keyboard.press("3");
    const panel = page.getByRole("tabpanel", { name: "Behaviours" });
    await panel.getByRole("button", { name: "Open all" }).click();
    const list = panel.getByRole("treegrid");
    const rows = Number(await list.getAttribute("aria-rowcount"));
    assert.ok(rows > BEHAVIOURS, `${rows} rows`);
    assert.ok((await list.locator(".row").count()) < FEW);
    await list.focus();
    await page.keyboard.press("End");
    const last = list.locator(".row.active");
    assert.equal(await last.getAttribute("aria-rowindex"), String(rows));
    assert.match(await last.innerText(), /opens \/srv\/data/);
    assert.ok((await list.locator(".row").count()) < FEW);
    await panel.getByLabel("Search behaviours").fill(`file-${BEHAVIOURS - 1} `);
    await list.getByRole("row", { name: `file-${BEHAVIOURS - 1} for reading` }).waitFor();
    assert.equal(await list.locator(".row.entry").count(), 1);
  });

  it("draws all processes, a few at a time", async () => {
    await page.locator("h1").click();
    await page.keyboard.press("2");
    const panel = page.getByRole("tabpanel", { name: "Processes" });
    await panel.getByRole("button", { name: "Open all" }).click();
    const tree = panel.getByRole("treegrid");
    // and a line for those that are alike
    const rows = Number(await tree.getAttribute("aria-rowcount"));
    assert.ok(rows >= PROCESSES, `${rows} rows`);
    await tree.evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await tree.locator(`[aria-rowindex="${rows}"]`).waitFor();
    assert.ok((await tree.locator(".row").count()) < FEW);
  });

  it("has no errors", () => {
    assert.deepEqual(troubles, []);
  });
});
