// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeCobs, encodeCobs } from "./cobs.ts";
import { encodeFrame, FrameReader } from "./frame.ts";

const hex = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && Buffer.from(bytes).toString("hex");

describe("COBS", () => {
  for (const [bytes, frame] of [
    ["", "0100"],
    ["00", "010100"],
    ["0000", "01010100"],
    ["11220033", "031122023300"],
    ["11223344", "051122334400"],
    ["11000000", "021101010100"],
  ] as const) {
    it(`writes ${bytes || "nothing"} as ${frame}`, () => {
      assert.equal(hex(encodeCobs(Buffer.from(bytes, "hex"))), frame);
    });
  }

  it("has one zero, at its end, and is undone, at the lengths where runs end too", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 1_200 }),
      fc.integer({ min: 250, max: 520 }).map((length) => new Uint8Array(length).fill(7)),
    );
    fc.assert(
      fc.property(bytes, (given) => {
        const frame = encodeCobs(given);
        assert.equal(frame.indexOf(0), frame.length - 1);
        assert.equal(hex(decodeCobs(frame.subarray(0, -1))), hex(given));
      }),
    );
  });

  it("refuses what points behind its end, and what holds a zero", () => {
    assert.equal(decodeCobs(Buffer.from("0511", "hex")), undefined);
    assert.equal(decodeCobs(Buffer.from("03110002", "hex")), undefined);
  });
});

describe("frames", () => {
  it("come in any pieces, between noise, and none that was changed is taken", () => {
    const message = fc.uint8Array({ minLength: 1, maxLength: 100 });
    const flip = fc.option(fc.nat(10_000), { nil: undefined });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(message, flip), { maxLength: 8 }),
        fc.integer({ min: 1, max: 40 }),
        (sent, size) => {
          const reader = new FrameReader(256);
          const good: string[] = [];
          const wire = sent.flatMap(([bytes, bit]) => {
            const frame = encodeFrame(bytes);
            if (bit === undefined) {
              good.push(hex(bytes) ?? "");
              return [0, ...frame];
            }
            const at = bit % (frame.length - 1);
            frame[at] = (frame[at] ?? 0) ^ (1 << (bit & 7));
            return [0, ...frame];
          });
          const got: string[] = [];
          for (let from = 0; from < wire.length; from += size) {
            for (const one of reader.take(Uint8Array.from(wire.slice(from, from + size)))) {
              got.push(hex(one) ?? "");
            }
          }
          assert.deepEqual(got, good);
        },
      ),
    );
  });

  it("that are too long are dropped, and the next one is taken", () => {
    const reader = new FrameReader(64);
    assert.deepEqual(reader.take(encodeFrame(new Uint8Array(200).fill(1))), []);
    assert.equal(reader.damaged, 1);
    assert.equal(reader.take(encodeFrame(Uint8Array.of(1, 2))).length, 1);
  });
});
