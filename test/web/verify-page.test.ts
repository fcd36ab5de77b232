// SPDX-License-Identifier: Apache-2.0
// The page that verifies evidence, in Chromium, opened from the disk: the same verdict as the command has, and nothing is sent.
import assert from "node:assert/strict";
import { resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { signEatCwt, tokenSignerOf } from "../../src/attest/evidence/index.ts";
import { attested, INJECTED, NONCE, NOW, SIGNED_MODEL, tokenOf } from "../helpers/attested.ts";
import { NO_BROWSER, openWatched, startBrowser } from "../helpers/browser.ts";
import { policyText } from "../helpers/verifier-policy.ts";

/** For a machine that is busy. */
const PATIENCE_MS = 120_000;
const PAGE = pathToFileURL(resolve("dist/web/verify.html")).href;
const good = attested();
const more = attested({ more: [INJECTED], tpm: good.tpm });

describe("the page that verifies", { skip: NO_BROWSER }, () => {
  let browser: Browser;
  let page: Page;
  let troubles: readonly string[] = [];
  let requests: readonly string[] = [];

  before(async () => {
    browser = await startBrowser();
    ({ page, troubles, requests } = await openWatched(browser, PAGE, PATIENCE_MS));
    await page.locator("#at").fill(new Date(NOW).toISOString());
    await page.locator("#nonce").fill(NONCE);
  });
  after(async () => {
    await browser.close();
    assert.deepEqual(troubles, []);
    assert.deepEqual(requests, [PAGE]);
  });

  /** What the page says of these files. */
  async function verdict(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
    await page.locator("#forget").click();
    return await verdictWith(files);
  }

  /** The same, with the files that were there before. */
  async function verdictWith(
    files: Readonly<Record<string, string | Uint8Array>>,
  ): Promise<string> {
    const given = Object.entries(files).map(([name, content]) => ({
      name,
      mimeType: "application/octet-stream",
      buffer: Buffer.from(content),
    }));
    await page.locator("#file").setInputFiles(given);
    const status = page.locator("#status", {
      hasText: /^(?:Accepted|Refused|It can not|No pol|Which)/,
    });
    await status.waitFor();
    return (await status.textContent()) ?? "";
  }

  /** Drops what a user has himself, and no evidence yet. */
  async function begin(): Promise<void> {
    await page.locator("#forget").click();
    const own = { name: "policy.json", mimeType: "text/plain", buffer: Buffer.from(policy) };
    await page.locator("#file").setInputFiles([own]);
    await page.locator("#files", { hasText: "policy.json" }).waitFor();
  }

  const policy = policyText(good.tpm.akName);
  const common = { "policy.json": policy, "model.json": SIGNED_MODEL };

  it("accepts what is good, in either kind of token", async () => {
    const lines = good.coefficients.join("\n");
    const jwt = { ...common, "good.jwt": await tokenOf(good), "points.txt": lines };
    assert.equal(await verdict(jwt), "Accepted.");
    assert.match((await page.locator("#gaps").textContent()) ?? "", /which build the orchestrator/);
    const cwt = await signEatCwt(good.evidence, tokenSignerOf(good.signer));
    assert.equal(await verdict({ ...common, "good.cwt": cwt }), "Accepted.");
  });

  it("does not choose between two policies: one of them may have come with the evidence", async () => {
    const anything = policyText(good.tpm.akName, { platform: { none: true } });
    const files = { ...common, "good.jwt": await tokenOf(good), "theirs.json": anything };
    assert.match(await verdict(files), /^Which of policy\.json and theirs\.json is meant\?/);
    await begin();
    const theirs = { "policy.json": anything, "good.jwt": await tokenOf(good) };
    assert.match(await verdictWith(theirs), /^Which of policy\.json and policy\.json is meant\?/);
    await begin();
    const again = { ...common, "good.jwt": await tokenOf(good) };
    assert.equal(await verdictWith(again), "Accepted.");
  });

  it("refuses with all reasons, and shows the behaviour that the model lacks", async () => {
    const points = more.coefficients
      .map((coefficient) => JSON.stringify({ coefficient, count: 1, valid: true }))
      .join("\n");
    const files = { ...common, "more.jwt": await tokenOf(more), "points.jsonl": points };
    const said = await verdict(files);
    for (const reason of ["VIOLATIONS", "WRONG_STATE"]) assert.ok(said.includes(reason), said);
    assert.match((await page.locator("#difference").textContent()) ?? "", new RegExp(INJECTED));
  });

  it("refuses a changed token, and says what is missing", async () => {
    const token = await tokenOf(good);
    const changed = `${token.slice(0, -8)}${token.endsWith("AAAAAAAA") ? "B" : "A".repeat(8)}`;
    assert.match(await verdict({ ...common, "changed.jwt": changed }), /TOKEN_BAD_SIGNATURE/);
    assert.match(await verdict({ "good.jwt": token }), /^No policy yet/);
    const named = policyText(good.tpm.akName, {
      reference: { signed: true, models: ["x/m.json"] },
    });
    const without = { "policy.json": named, "good.jwt": token };
    assert.match(await verdict(without), /names the file x\/m\.json: drop it here too/);
    assert.equal(await verdict({ ...without, "m.json": SIGNED_MODEL }), "Accepted.");
  });
});
