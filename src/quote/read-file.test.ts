// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readAtMost } from "./read-file.ts";

describe("a file that a user has named", () => {
  it("is read whole up to the limit, and not beyond", (t) => {
    const folder = mkdtempSync(join(tmpdir(), "galgo-read-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "file");
    const content = Buffer.from(Array.from({ length: 200_000 }, (_, i) => i % 251));
    writeFileSync(file, content);
    assert.deepEqual(readAtMost(file, content.length), content);
    assert.equal(readAtMost(file, content.length - 1), undefined);
    writeFileSync(file, "");
    assert.deepEqual(readAtMost(file, 0), Buffer.alloc(0));
  });

  it("may be a device without an end", () => {
    assert.equal(readAtMost("/dev/zero", 300_000), undefined);
  });

  it("may be one of the kernel's, which says that it is empty", () => {
    assert.match(readAtMost("/proc/self/status", 100_000)?.toString() ?? "", /^Name:/);
    assert.equal(readAtMost("/proc/self/status", 10), undefined);
  });

  it("may be a pipe, whose end comes when it comes", (t) => {
    const folder = mkdtempSync(join(tmpdir(), "galgo-read-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const writer = spawn("sh", ["-c", `(echo one; echo two) > ${pipe}`]);
    t.after(() => writer.kill());
    assert.equal(String(readAtMost(pipe, 100)), "one\ntwo\n");
  });

  it("that is not there is the system's word", () => {
    assert.throws(() => readAtMost("/nowhere/file", 1), { code: "ENOENT" });
  });
});
