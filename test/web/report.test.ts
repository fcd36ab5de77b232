// SPDX-License-Identifier: Apache-2.0
// The page that `galgo report` makes, of a run and a model that are real, in Chromium, opened from the disk as a user would.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { Place } from "../cli/galgo.ts";
import { NO_BROWSER, startBrowser } from "../helpers/browser.ts";

/** For a machine that is busy. */
const PATIENCE_MS = 120_000;
/** A path that would end the script element, load a picture, turn the writing, and colour a terminal. */
const EVIL_FOLDER = "evil<";
const EVIL_FILE = "script><img src=x onerror=alert(1)>\u202egnp\u001b[31m.txt";
const JOB = `
cat data/list > /dev/null
for n in 1 2 3 4 5; do grep -c x data/list > /dev/null; done
if [ -n "$1" ]; then cat "data/${EVIL_FOLDER}/$1" > /dev/null; cat /etc/shadow > /dev/null; fi
true
`;
const SECTIONS = [
  "Overview",
  "Processes",
  "Behaviours",
  "Violations",
  "Model",
  "Completeness",
  "Difference",
  "Latency",
];

/** What a page has and Node's types lack. */
declare const document: {
  readonly title: string;
  readonly body: { readonly textContent: string; readonly scrollWidth: number };
  querySelectorAll(selector: string): Iterable<{
    readonly textContent: string;
    getAttribute(name: string): string | null;
  }>;
};
declare function getComputedStyle(element: unknown): {
  readonly backgroundColor: string;
  readonly display: string;
};

describe("the report page", { skip: NO_BROWSER }, () => {
  const place = new Place();
  let browser: Browser;
  let page: Page;
  const troubles: string[] = [];
  const requests: string[] = [];
  const urlOf = (file: string): string => pathToFileURL(place.path(file)).href;

  const galgo = async (...args: readonly string[]): Promise<void> => {
    const { status, stderr } = await place.galgo(...args);
    assert.equal(status, 0, stderr);
  };

  before(async () => {
    mkdirSync(place.path(`data/${EVIL_FOLDER}`), { recursive: true });
    place.write("data/list", "x\n");
    place.write(`data/${EVIL_FOLDER}/${EVIL_FILE}`, "");
    place.write("job.sh", JOB);
    await galgo("learn", "--runs", "2", "-o", "job.json", "--", "sh", "job.sh");
    await galgo("learn", "--name", "other", "-o", "other.json", "--", "sh", "job.sh", EVIL_FILE);
    await galgo(
      "run",
      "--name",
      "job",
      "-m",
      "job.json",
      "--detect",
      "--",
      "sh",
      "job.sh",
      EVIL_FILE,
    );
    await galgo("report", "job", "-o", "run.html", "--against", "other.json");
    await galgo("report", "job.json", "-o", "model.html");
    browser = await startBrowser();
    page = await browser.newPage({ offline: true, viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("pageerror", (error) => troubles.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") troubles.push(message.text());
    });
    page.on("dialog", (dialog) => {
      troubles.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(urlOf("run.html"));
  });

  after(async () => {
    await browser.close();
    place.remove();
  });

  const choose = async (name: string): Promise<void> => {
    await page.getByRole("tab", { name }).click();
    await page.getByRole("tabpanel", { name }).waitFor();
  };
  /** Text of the active row of the list that has the focus. */
  const active = (): Promise<string> =>
    page.locator(".panel:not([hidden]) .row.active").innerText();

  it("says at a glance how the run went, and has a section for each thing", async () => {
    assert.match(await page.locator(".verdict").innerText(), /^\d+ violations\s+only recorded/);
    assert.equal(await page.locator("h1").innerText(), "job");
    const names = await page.getByRole("tab").allInnerTexts();
    assert.deepEqual(
      names.map((name) => name.split(/\s/)[0]),
      SECTIONS,
    );
    for (const name of SECTIONS) {
      await choose(name);
      assert.ok((await page.getByRole("tabpanel", { name }).innerText()).length > 50, name);
    }
  });

  it("lets no name get out of its place, and shows what is hidden in it", async () => {
    await choose("Violations");
    assert.equal(await page.locator("img").count(), 0);
    assert.equal(await page.title(), "job: Galgo report");
    const shown = await page.getByRole("tabpanel", { name: "Violations" }).innerText();
    assert.match(
      shown,
      /evil<\/script><img src=x onerror=alert\(1\)>\\u\{202e\}gnp\\x1b\[31m\.txt/,
    );
    const text = await page.evaluate(() => document.body.textContent);
    assert.doesNotMatch(text, /\p{Cf}|(?![\n\t])\p{Cc}/u);
  });

  it("explains a violation and leads to its process and back", async () => {
    await choose("Violations");
    await page.getByLabel("Search violations").fill("/etc/shadow");
    const card = page
      .locator("details.card:not([hidden])", { hasText: "opens /etc/shadow" })
      .first();
    await card.locator("summary").first().click();
    await card.getByRole("heading", { name: "To allow it" }).waitFor();
    assert.match(
      await card.innerText(),
      /Nearest allowed[\s\S]*What differs[\s\S]*galgo model amend/,
    );
    await card.getByRole("button", { name: "Show in the tree" }).click();
    assert.match(await active(), /cat/);
    await page
      .locator(".detail", { hasText: "untrusted since" })
      .getByRole("button")
      .first()
      .click();
    await page.getByRole("tabpanel", { name: "Violations" }).waitFor();
    await page.getByLabel("Search violations").fill("");
  });

  it("is used by keyboard: digits, /, arrows, Escape", async () => {
    await page.locator("h1").click();
    await page.keyboard.press("3");
    await page.getByRole("tabpanel", { name: "Behaviours" }).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("grep data/list");
    const status = page.getByRole("tabpanel", { name: "Behaviours" }).getByRole("status");
    assert.match(await status.innerText(), /^\d+ of \d+$/);
    const words = await page.locator(".behaviours .row.entry").allInnerTexts();
    assert.ok(
      words.length > 0 && words.every((line) => line.includes("data/list")),
      words.join("\n"),
    );
    await page.keyboard.press("Escape");
    await page.keyboard.press("2");
    const tree = page.getByRole("treegrid", { name: "Process tree" });
    await tree.focus();
    await page.keyboard.press("Home");
    const first = tree.locator(".row.active");
    assert.equal(await first.getAttribute("aria-expanded"), "true");
    await page.keyboard.press("ArrowLeft");
    assert.equal(await first.getAttribute("aria-expanded"), "false");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowDown");
    assert.equal(await first.getAttribute("aria-level"), "2");
    assert.equal(await tree.getAttribute("aria-activedescendant"), await first.getAttribute("id"));
    const axis = page.locator(".axis");
    const whole = await axis.innerText();
    await page.keyboard.press("+");
    assert.notEqual(await axis.innerText(), whole);
    await page.keyboard.press("0");
    assert.equal(await axis.innerText(), whole);
    await page.getByRole("tab", { name: "Processes" }).focus();
    await page.keyboard.press("ArrowRight");
    await page.getByRole("tabpanel", { name: "Behaviours" }).waitFor();
  });

  it("draws processes that are alike as one, and violations where they happened", async () => {
    await choose("Processes");
    await page.getByLabel("Search processes").fill("grep");
    await page.getByRole("row", { name: /5 ×\s*grep/ }).waitFor();
    await page.getByLabel("Search processes").fill("");
    assert.ok((await page.locator(".tree .mark").count()) > 0);
  });

  it("is dark where that is wanted, and fits a small screen", async () => {
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    await page.emulateMedia({ colorScheme: "dark" });
    assert.notEqual(await background(), light);
    await page.setViewportSize({ width: 400, height: 800 });
    for (const name of SECTIONS) {
      await choose(name);
      const width = await page.evaluate(() => document.body.scrollWidth);
      assert.ok(width <= 400, `${name} is ${width} wide`);
    }
    await page.emulateMedia({ colorScheme: "light" });
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  it("is printed whole", async () => {
    await page.emulateMedia({ media: "print" });
    const hidden = await page.evaluate(
      () =>
        [...document.querySelectorAll(".panel")].filter(
          (one) => getComputedStyle(one).display === "none",
        ).length,
    );
    assert.equal(hidden, 0);
    await page.emulateMedia({ media: "screen" });
  });

  it("has names for all that can be used", async () => {
    const nameless = await page.evaluate(
      () =>
        [...document.querySelectorAll("button, input, select, [role=treegrid], [role=img]")].filter(
          (one) => one.textContent.trim() === "" && one.getAttribute("aria-label") === null,
        ).length,
    );
    assert.equal(nameless, 0);
  });

  it("shows a model by itself: programs, rules, saturation", async () => {
    await page.goto(urlOf("model.html"));
    assert.match(await page.locator("header").innerText(), /model job\.json/);
    await choose("Completeness");
    assert.equal(await page.locator(".chart canvas").count(), 2);
    assert.match(await page.getByRole("tabpanel").innerText(), /Good-Turing/);
    await choose("Model");
    assert.match(await page.getByRole("tabpanel").innerText(), /digest-policy/);
    await choose("Programs");
    assert.equal(await page.locator(".tree .row").count(), 3);
  });

  it("asks for nothing but itself, and has no errors", () => {
    assert.deepEqual(requests, [urlOf("run.html"), urlOf("model.html")]);
    assert.deepEqual(troubles, []);
  });
});
