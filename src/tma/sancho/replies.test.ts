// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  coefficientIn,
  commandFrame,
  countIn,
  digestIn,
  firstFrame,
  MAX_FRAME_BYTES,
  MAX_LIST_FRAMES,
  replyText,
  verdictIn,
} from "./replies.ts";

const bytes = fc.uint8Array({ maxLength: 80 }).map((one) => Buffer.from(one));
const text = (words: string): Buffer => Buffer.from(words, "latin1");

describe("a reply of a Sancho device", () => {
  it("is in frames, wherever they were cut", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), bytes, fc.nat(64), (command, behind, cut) => {
        const frame = Buffer.from(commandFrame(command));
        const found = firstFrame(Buffer.concat([frame, behind]));
        assert.ok(found !== "more" && "payload" in found);
        assert.equal(found.payload.toString("utf8"), Buffer.from(`${command}\0`).toString("utf8"));
        assert.deepEqual(found.rest, behind);
        assert.equal(firstFrame(frame.subarray(0, Math.min(cut, frame.length - 1))), "more");
      }),
    );
  });

  it("has no frame of no bytes, and none of more than there may be", () => {
    for (const length of [0, MAX_FRAME_BYTES + 1, 0xffff_ffff]) {
      const frame = Buffer.alloc(8);
      frame.writeUInt32BE(length);
      assert.deepEqual(firstFrame(frame), { badLength: length });
    }
    const most = Buffer.alloc(4);
    most.writeUInt32BE(MAX_FRAME_BYTES);
    assert.equal(firstFrame(most), "more");
  });

  it("is a verdict on the process that was asked about, or none", () => {
    assert.equal(verdictIn(text("RELEASE 7\0"), 7), true);
    assert.equal(verdictIn(text("DISCIPLINE 7"), 7), false);
    for (const other of [
      "RELEASE 8\0",
      "RELEASE 07\0",
      "RELEASE 7\0\0",
      "RELEASE 7 \0",
      "RELEASE\0",
      "release 7\0",
      "RELEASE 7\0RELEASE 7\0",
      "OK\0",
      "",
    ])
      assert.equal(verdictIn(text(other), 7), undefined, JSON.stringify(other));
  });

  it("is released by nothing but that word", () => {
    fc.assert(
      fc.property(bytes, fc.nat(), (payload, pid) => {
        const said = payload.toString("latin1");
        const wanted = said === `RELEASE ${pid}` || said === `RELEASE ${pid}\0`;
        assert.equal(verdictIn(payload, pid) === true, wanted);
      }),
      { numRuns: 300 },
    );
    const near = fc.constantFrom("RELEASE 7\0", "DISCIPLINE 7\0");
    fc.assert(
      fc.property(near, fc.nat(12), fc.nat(7), (words, at, bit) => {
        const flipped = text(words);
        const index = at % (words.length - 1);
        flipped[index] = (flipped[index] ?? 0) ^ (1 << bit);
        assert.equal(verdictIn(flipped, 7), undefined);
      }),
    );
  });

  it("is a count of four or eight bytes, and of no more than there may be", () => {
    assert.equal(countIn(Buffer.from([5, 1, 0, 0])), 261);
    assert.equal(countIn(Buffer.from([5, 1, 0, 0, 0, 0, 0, 0])), 261);
    assert.equal(countIn(Buffer.from([0, 0, 0, 0, 1, 0, 0, 0])), undefined);
    assert.equal(countIn(Buffer.from([255, 255, 255, 255])), undefined);
    fc.assert(
      fc.property(bytes, (payload) => {
        const count = countIn(payload);
        if (payload.length !== 4 && payload.length !== 8) assert.equal(count, undefined);
        assert.ok(count === undefined || (count >= 0 && count <= MAX_LIST_FRAMES));
      }),
    );
  });

  it("is a digest, a coefficient or a text, or nothing", () => {
    fc.assert(
      fc.property(bytes, (payload) => {
        assert.equal(digestIn(payload) !== undefined, payload.length === 32);
        const point = coefficientIn(payload);
        assert.ok(point === undefined || /^[0-9a-f]{64}$/.test(point));
        assert.match(replyText(payload) ?? "", /^[ -~]*$/);
      }),
    );
    assert.equal(coefficientIn(text(`${"ab".repeat(32)}\0`)), "ab".repeat(32));
  });
});
