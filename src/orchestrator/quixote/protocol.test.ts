// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  commandName,
  ConsoleError,
  countPayload,
  countTextPayload,
  FrameReader,
  frameOf,
  parseCount,
  requestFrame,
  textPayload,
} from "./protocol.ts";

const payload = fc.uint8Array({ minLength: 1, maxLength: 40 });

describe("frames", () => {
  it("come out as they went in, wherever the stream is cut", () => {
    const cuts = fc.array(fc.nat(7), { maxLength: 200 });
    fc.assert(
      fc.property(fc.array(payload, { maxLength: 8 }), cuts, (payloads, sizes) => {
        const stream = Buffer.concat(payloads.map((bytes) => frameOf(bytes)));
        const reader = new FrameReader();
        const found: Buffer[] = [];
        let at = 0;
        for (const size of [...sizes, stream.length]) {
          found.push(...reader.push(stream.subarray(at, at + size)));
          at += size;
        }
        assert.deepEqual(
          found,
          payloads.map((bytes) => Buffer.from(bytes)),
        );
        assert.equal(reader.idle, true);
      }),
    );
  });

  it("of length 0 are the end of a session", () => {
    const reader = new FrameReader();
    const frames = [...reader.push(Buffer.from([0, 0, 0, 1, 9, 0, 0, 0, 0]))];
    assert.deepEqual(frames, [Buffer.from([9]), Buffer.alloc(0)]);
    assert.deepEqual([...reader.push(Buffer.from([0, 0]))], []);
    assert.equal(reader.idle, false);
  });

  it("that are too long are refused before anything of them is kept", () => {
    const reader = new FrameReader(4);
    assert.throws(() => [...reader.push(Buffer.from([0, 0, 0, 5]))], ConsoleError);
    const giant = new FrameReader();
    assert.deepEqual([...giant.push(Buffer.from([0, 4, 0, 0]))], []);
    assert.throws(
      () => [...new FrameReader().push(Buffer.from([0, 4, 0, 1]))],
      /a frame of 262145 bytes was announced where at most 262144 are allowed/,
    );
  });
});

describe("payloads", () => {
  it("have the bytes of the specification", () => {
    assert.deepEqual([...requestFrame("map")], [0, 0, 0, 4, 15, 0, 0, 0]);
    assert.deepEqual([...countPayload(0x1_0000_0203)], [3, 2, 0, 0, 1, 0, 0, 0]);
    assert.deepEqual([...textPayload("aé")], [0x61, 0xc3, 0xa9, 0]);
    assert.deepEqual([...countTextPayload(7)], [0x37, ...new Array<number>(20).fill(0)]);
    assert.equal(countTextPayload(Number.MAX_SAFE_INTEGER).length, 21);
  });

  it("of counts are read back; anything else in their place is refused", () => {
    assert.equal(parseCount(countPayload(70_000)), 70_000);
    assert.throws(() => parseCount(Buffer.alloc(4)), /4 bytes where a number of entries/);
    assert.throws(() => parseCount(Buffer.alloc(8, 0xff)), ConsoleError);
  });

  it("of requests name what is served, and nothing else", () => {
    assert.equal(commandName(3), "seal");
    assert.equal(commandName(15), "map");
    for (const number of [0, 1, 2, 4, 5, 16, 17, -3]) assert.equal(commandName(number), undefined);
  });
});
