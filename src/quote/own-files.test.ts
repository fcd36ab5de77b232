// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ownFiles } from "./own-files.ts";

const sha256 = (data: Uint8Array): string => createHash("sha256").update(data).digest("hex");

describe("the files of an installation", () => {
  let root: string;
  before(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), "galgo-own-")));
    for (const file of [
      "galgo",
      "dist/galgo.cjs",
      "dist/bundle/main.cjs",
      "dist/bundle/worker.cjs",
      "dist/native/galgo-launch-x86_64",
      "node_modules/koffi/index.cjs",
      "node_modules/@koromix/koffi-linux-x64/koffi.node",
    ])
      put(file, file);
    put("package.json", "{}");
    put("node_modules/koffi/package.json", '{"name":"koffi","main":"index.cjs"}');
    put("docs/some.md", "not run");
  });
  after(() => rmSync(root, { recursive: true }));
  const put = (file: string, text: string): void => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };

  it("are Node with its libraries, what every run loads, and the rest of the build", () => {
    const { files, closed, violations } = ownFiles(root);
    assert.equal(violations, 0);
    assert.deepEqual(closed, [
      join(root, "dist"),
      join(root, "node_modules/koffi"),
      join(root, "node_modules/@koromix"),
    ]);
    const of = (path: string) => files.find((file) => file.path === path);
    const node = realpathSync(process.execPath);
    assert.deepEqual(of(node)?.digests, { sha256: [sha256(readFileSync(node))] });
    assert.equal(of(node)?.optional, undefined);
    assert.ok(files.some(({ path, optional }) => /\/libc[.-]/.test(path) && optional !== true));
    const must = of(join(root, "dist/bundle/main.cjs"));
    assert.deepEqual(must?.digests, { sha256: [sha256(Buffer.from("dist/bundle/main.cjs"))] });
    assert.equal(must?.optional, undefined);
    for (const file of ["galgo", "package.json", "dist/native/galgo-launch-x86_64"])
      assert.equal(of(join(root, file))?.optional, true, file);
    assert.equal(of(join(root, "node_modules/koffi/package.json"))?.optional, true);
    assert.equal(of(join(root, "docs/some.md")), undefined);
  });

  it("are not made up where there is no build", () => {
    rmSync(join(root, "dist/galgo.cjs"));
    assert.throws(() => ownFiles(root), { code: "NOT_INSTALLED", message: /build first/ });
  });
});
