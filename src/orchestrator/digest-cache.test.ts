// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { loadDigests, saveDigests } from "./digest-cache.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-digests-"));
const path = join(folder, ".digests-sha256.json");
const digests = new Map([["254:0:17", "ab".repeat(32)]]);
after(() => rmSync(folder, { recursive: true, force: true }));

describe("digests kept between runs", () => {
  it("come back", () => {
    saveDigests(folder, "sha256", digests);
    assert.deepEqual(loadDigests(folder, "sha256"), digests);
    assert.equal(loadDigests(folder, "sha512").size, 0);
  });

  it("do not come back after another boot", () => {
    const file = JSON.parse(readFileSync(path, "utf8")) as { boot: string };
    writeFileSync(path, JSON.stringify({ ...file, boot: "another" }));
    assert.equal(loadDigests(folder, "sha256").size, 0);
  });

  it("do not come back from a file that others could write, or that is damaged", () => {
    saveDigests(folder, "sha256", digests);
    chmodSync(path, 0o620);
    assert.equal(loadDigests(folder, "sha256").size, 0);
    chmodSync(path, 0o600);
    writeFileSync(path, "{");
    assert.equal(loadDigests(folder, "sha256").size, 0);
  });
});
