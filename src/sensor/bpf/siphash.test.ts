// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { noBpf, objectOf } from "../../../test/helpers/bpf-programs.ts";
import { runProgram } from "../../native/bpf-link.ffi.ts";
import { BpfObject } from "../../native/bpf-object.ffi.ts";
import { Limit } from "./layout.gen.ts";
import { sipHash128 } from "./siphash.ts";

/** Of the bytes 0, 1, 2, ... under the key 0, 1, ..., 15: the table of the reference implementation, whole words. */
const REFERENCE = [
  "a3817f04ba25a8e66df67214c7550293",
  "3b62a9ba6258f5610f83e264f31497b4",
  "6ee2a4ca67b054bbfd3315bf85230577",
  "2db479ae78bd50d8882a8a178a6132ad",
  "7c3956ca5eeafc3e363e9d556546eb68",
  "df6a301e95c95dad97ae0cc8c6913bd8",
  "f7e5aef549f782cf379055a608269b16",
  "1938f2cf72d54ee97e94166fa91d2a36",
] as const;
/** 4,096 bytes of it: the length does not fit into the byte that it has. By OpenSSL 3.0. */
const LONG = "3bcc209c9b0e6d125332b50599f21b00";

const halves = (bytes: number): Uint32Array => {
  const words = new Uint32Array(bytes / 4);
  const view = new Uint8Array(words.buffer);
  for (let at = 0; at < bytes; at++) view[at] = at;
  return words;
};

function hash(words: Uint32Array, count: number): string {
  const out = new Uint32Array(4);
  sipHash128(halves(16), words, count, out);
  return Buffer.from(out.buffer).toString("hex");
}

describe("SipHash-2-4-128", () => {
  for (const [words, expected] of REFERENCE.entries()) {
    it(`of ${words} words is the reference's`, () => {
      assert.equal(hash(halves(8 * words), words), expected);
    });
  }

  it("of more than 255 bytes", () => {
    assert.equal(hash(halves(4096), 512), LONG);
  });

  it("depends on the words that it is told to take, and on no others", () => {
    assert.equal(hash(halves(64), 3), REFERENCE[3]);
    assert.equal(hash(halves(64), 3), REFERENCE[3]);
  });
});

describe("the hash of the programs in the kernel", { skip: noBpf ?? false }, () => {
  it("is the same", () => {
    const object = BpfObject.open(objectOf("hashing"));
    object.load();
    const map = object.map("hashed").open();
    const { fd } = object.program("hash");
    const half = fc.integer({ min: 0, max: 0xffff_ffff });
    const halves = fc.array(half, { maxLength: 2 * Limit.words });
    const key = fc.array(half, { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(key, halves, (k, words) => {
        const count = Math.floor(words.length / 2);
        const value = new Uint32Array(map.info.valueBytes / 4);
        value.set([...k, count, 0], 0);
        value.set(words, 10);
        const bytes = Buffer.from(value.buffer);
        map.set(0, bytes);
        assert.equal(runProgram(fd, Buffer.alloc(8)), 0);
        map.get(0, bytes);
        const out = new Uint32Array(4);
        sipHash128(Uint32Array.from(k), Uint32Array.from(words), count, out);
        assert.deepEqual([...out], [...value.subarray(6, 10)]);
      }),
    );
    map.close();
    object.close();
  });
});
