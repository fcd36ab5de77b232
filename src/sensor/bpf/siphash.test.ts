// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
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
