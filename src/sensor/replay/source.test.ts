// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { READ_BYTES } from "./limits.ts";
import { openSource } from "./source.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-source-"));
after(() => rmSync(folder, { recursive: true, force: true }));

async function read(content: Uint8Array): Promise<Buffer> {
  const file = join(folder, randomBytes(4).toString("hex"));
  writeFileSync(file, content);
  const source = openSource(file);
  const parts: Buffer[] = [];
  try {
    for await (const chunk of source.chunks()) parts.push(Buffer.from(chunk));
  } finally {
    source.close();
  }
  assert.equal(source.takenBytes, content.length);
  assert.equal(source.sizeBytes, content.length);
  return Buffer.concat(parts);
}

/** More than is read at once, and hard to compress. */
const LONG = Buffer.from(randomBytes(READ_BYTES).toString("hex"));

describe("the bytes of a stream", () => {
  for (const [title, content] of [
    ["nothing", Buffer.alloc(0)],
    ["one byte", Buffer.from("{")],
    ["the first byte of gzip only", Buffer.from([0x1f])],
    ["more than is read at once", LONG],
  ] as const) {
    it(`are those of the file: ${title}`, async () => {
      assert.ok((await read(content)).equals(content));
    });
  }

  it("are unpacked when they are gzip", async () => {
    assert.ok((await read(gzipSync(LONG))).equals(LONG));
    assert.equal((await read(gzipSync(Buffer.alloc(0)))).length, 0);
  });

  it("are unpacked to the end when several gzip files follow each other", async () => {
    const two = Buffer.concat([gzipSync(LONG), gzipSync(Buffer.from("more"))]);
    assert.equal((await read(two)).toString(), `${LONG.toString()}more`);
  });

  it("that stop inside gzip are an error that says so, wherever they stop", async () => {
    const packed = gzipSync(LONG);
    for (const size of [2, 10, 1_000, READ_BYTES, packed.length - 1]) {
      await assert.rejects(read(packed.subarray(0, size)), {
        code: "CUT_GZIP",
        message: /was cut/,
      });
    }
  });

  it("that are damaged gzip are an error", async () => {
    const packed = Buffer.from(gzipSync(LONG));
    packed.fill(0xff, 100, 200);
    await assert.rejects(read(packed), { code: "BAD_GZIP", message: /damaged gzip/ });
    const trailing = Buffer.concat([gzipSync(Buffer.from("a")), Buffer.from("not gzip")]);
    await assert.rejects(read(trailing), { code: "BAD_GZIP" });
  });

  it("that can not be read are an error with the reason", async () => {
    assert.throws(() => openSource(join(folder, "none")), { code: "NO_FILE", message: /ENOENT/ });
    const source = openSource(folder);
    await assert.rejects(source.chunks().next(), { code: "READ_FAILED", message: /EISDIR/ });
    source.close();
  });
});
