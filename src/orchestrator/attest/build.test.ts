// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { digestOfFiles, ownBuild } from "./build.ts";

function tree(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), "galgo-build-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, "dist", "b"), { recursive: true });
  for (const [path, text] of Object.entries({
    galgo: "#!/bin/sh\n",
    "package.json": "{}",
    "dist/z.js": "z",
    "dist/b/a.js": "a",
    "dist/b-.js": "sorted by bytes",
    "dist/z.js.map": "a map",
    "dist/z.d.ts": "types",
    "dist/core.tsbuildinfo": "{}",
  }))
    writeFileSync(join(root, path), text);
  symlinkSync("z.js", join(root, "dist", "link.js"));
  return root;
}

const PARTS = ["galgo", "package.json", "dist", "not-there"];
/** As docs/evidence.md has it. */
const BY_HAND =
  "find galgo package.json dist -type f ! -name '*.map' ! -name '*.d.ts' ! -name '*.tsbuildinfo' ! -name '.stamp*' | LC_ALL=C sort | xargs -d '\\n' sha256sum | sha256sum";

describe("the digest of a build", () => {
  it("is what sha256sum says of the same files", async (t) => {
    const root = tree(t);
    const byHand = execFileSync("sh", ["-c", BY_HAND], { cwd: root, encoding: "utf8" });
    assert.equal(`${await digestOfFiles(root, PARTS)}  -\n`, byHand);
  });

  it("changes with each file that is run, its name too, and with no other", async (t) => {
    const root = tree(t);
    const before = await digestOfFiles(root, PARTS);
    writeFileSync(join(root, "dist", "z.d.ts"), "other types");
    assert.equal(await digestOfFiles(root, PARTS), before);
    writeFileSync(join(root, "dist", "b", "a.js"), "A");
    const changed = await digestOfFiles(root, PARTS);
    assert.notEqual(changed, before);
    rmSync(join(root, "dist", "b", "a.js"));
    writeFileSync(join(root, "dist", "b", "c.js"), "A");
    assert.notEqual(await digestOfFiles(root, PARTS), changed);
  });

  it("is that of this Galgo, with its version", async () => {
    const { version, buildDigest } = await ownBuild();
    assert.match(version, /^\d+\.\d+\.\d+/);
    assert.match(buildDigest, /^[0-9a-f]{64}$/);
    assert.equal((await ownBuild()).buildDigest, buildDigest);
  });
});
