// SPDX-License-Identifier: Apache-2.0
// The page that replays a recorded file, in Chromium, opened from the disk as a user would.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { writeRecord } from "../../src/event/index.ts";
import { createMapper, createModel, type DigestName } from "../../src/model/index.ts";
import { NO_BROWSER, openWatched, startBrowser } from "../helpers/browser.ts";
import { aFile, anEvent } from "../helpers/events.ts";
import { testHasher } from "../helpers/test-hasher.ts";
import { ownVectors, unpacked, wholeVectors } from "../helpers/vectors.ts";

interface Pair {
  readonly digest: DigestName;
  readonly coefficient: string;
  readonly record: string;
}

/** What a page has and Node's types lack. */
declare const DataTransfer: new () => { readonly items: { add(file: File): void } };

/** For a machine that is busy. */
const PATIENCE_MS = 120_000;
const PAGE = pathToFileURL(resolve("dist/web/replay.html")).href;
const { pairs } = ownVectors<{ readonly pairs: readonly Pair[] }>("tsem-kernel-v4.json");
const ours = pairs.filter(({ digest }) => digest === "sha256");
const TRAJECTORY = ours.map(({ record }) => `${record}\n`).join("");
const archive = wholeVectors("tsem-kernel-v4/runs.tar.xz");

/** State and measurement of coefficients that came in this order. */
function outcomeOf(coefficients: readonly string[], digest: DigestName = "sha256") {
  const model = createModel({ hasher: testHasher(digest) });
  for (const coefficient of coefficients) model.update(coefficient);
  return { state: model.state(), measurement: model.measurement() };
}

describe("the replay page", { skip: NO_BROWSER }, () => {
  let browser: Browser;
  let page: Page;
  let troubles: readonly string[] = [];
  let requests: readonly string[] = [];

  before(async () => {
    browser = await startBrowser();
    ({ page, troubles, requests } = await openWatched(browser, PAGE, PATIENCE_MS));
  });

  after(async () => {
    await browser.close();
  });

  const text = (id: string): Promise<string | null> => page.locator(`#${id}`).textContent();
  const done = (name: string): Promise<void> =>
    page.locator("#status", { hasText: `Done: ${name}` }).waitFor();
  const outcome = async () => ({
    state: await text("state"),
    measurement: await text("measurement"),
  });
  const choose = async (name: string, content: string | Buffer): Promise<void> => {
    const mimeType = "application/octet-stream";
    await page.locator("#file").setInputFiles({ name, mimeType, buffer: Buffer.from(content) });
    await done(name);
  };

  it("shows the state and the measurement of a chosen file, as the kernel computed its points", async () => {
    await choose("trajectory", TRAJECTORY);
    assert.deepEqual(await outcome(), outcomeOf(ours.map(({ coefficient }) => coefficient)));
    assert.equal(
      await text("facts"),
      `${ours.length} lines, ${ours.length} records, ${ours.length} behaviours, ${ours.length} points, 0 lost`,
    );
    const rows = await page.locator("#points tbody tr td:first-child").allTextContents();
    assert.deepEqual(
      rows,
      ours.map(({ coefficient }) => coefficient),
    );
    assert.equal(await page.locator("#records tbody tr").count(), ours.length);
  });

  it("reads a gzipped file that is dropped, and tells which lines it could not read", async () => {
    const name = "dropped.gz";
    const lines = TRAJECTORY.split("\n");
    lines.splice(2, 0, '{"export": {"type": "<b>x</b>"}}');
    const bytes = [...gzipSync(lines.join("\n"))];
    const transfer = await page.evaluateHandle(
      ({ content, called }) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(content)], called));
        return data;
      },
      { content: bytes, called: name },
    );
    await page.dispatchEvent("#drop", "drop", { dataTransfer: transfer });
    await done(name);
    assert.deepEqual(await outcome(), outcomeOf(ours.map(({ coefficient }) => coefficient)));
    const faults = await page.locator("#lost tbody tr").allTextContents();
    assert.equal(faults.length, 1);
    assert.match(faults[0] ?? "", /^3.*<b>x<\/b>/);
  });

  it("models the file anew with another digest and profile", async () => {
    const file = aFile("/a", { digest: "cc".repeat(64) });
    const task = { taskId: "11".repeat(64), pTaskId: "22".repeat(64) };
    const event = anEvent("file_open", { file }, { task });
    await choose("galgo.jsonl", `${writeRecord(event)}\n`);
    await page.locator("#digest").selectOption("sha512");
    const { state } = outcomeOf([createMapper(testHasher("sha512")).coefficient(event)], "sha512");
    await page.locator("#state", { hasText: state }).waitFor();
    await page.locator("#aggregate").fill("zz");
    await page.locator("#aggregate").press("Enter");
    await page.locator("#status", { hasText: "not 128 hex digits" }).waitFor();
    await page.locator("#aggregate").fill("");
    await page.locator("#digest").selectOption("sha256");
  });

  it("gives the state of a whole run of the kernel", archive, async () => {
    const run = unpacked(archive.path, (folder) => {
      const read = (name: string): Buffer => readFileSync(join(folder, "int_small", name));
      return {
        trajectory: read("trajectory"),
        state: read("state").toString().trim(),
        measurement: read("measurement").toString().trim(),
      };
    });
    await choose("int_small", run.trajectory);
    assert.deepEqual(await outcome(), { state: run.state, measurement: run.measurement });
  });

  it("asks for nothing but itself, and has no errors", () => {
    assert.deepEqual(requests, [PAGE]);
    assert.deepEqual(troubles, []);
  });
});
