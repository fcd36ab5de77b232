// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { noBpf, objectOf } from "../../../test/helpers/bpf-programs.ts";
import { runProgram } from "../../native/bpf-link.ffi.ts";
import { BpfMap, MAP_TYPE } from "../../native/bpf-map.ffi.ts";
import { BpfObject } from "../../native/bpf-object.ffi.ts";
import { POLL_IN, pollAll } from "../../native/tsem.ffi.ts";
import { BpfRing } from "./ring.ts";

const SLOT = 1;
const RING_BYTES = 8192;

interface Produced {
  readonly first: number;
  readonly count: number;
  readonly bytes: number;
  readonly discardEvery?: number;
}

/** A ring in its slot, and a program that writes numbered records to it. */
function ringWithWriter(t: TestContext): {
  ring: BpfRing;
  fd: number;
  write: (what: Produced) => number;
} {
  const object = BpfObject.open(objectOf("plumbing"));
  object.load();
  const rings = object.map("rings").open();
  const map = BpfMap.create({
    name: "ring",
    type: MAP_TYPE.RINGBUF,
    keyBytes: 0,
    valueBytes: 0,
    maxEntries: RING_BYTES,
  });
  rings.setInner(SLOT, map);
  const ring = new BpfRing(map);
  t.after(() => {
    for (const open of [ring, map, rings, object]) open.close();
  });
  const write = ({ first, count, bytes, discardEvery = 0 }: Produced): number => {
    const args = Buffer.alloc(32);
    [SLOT, count, bytes, discardEvery].forEach((value, at) => {
      args.writeUInt32LE(value, 4 * at);
    });
    args.writeBigUInt64LE(BigInt(first), 16);
    assert.equal(runProgram(object.program("produce").fd, args), 0);
    return Number(args.readBigUInt64LE(24));
  };
  return { ring, fd: map.fd, write };
}

/** Numbers of the records that are there, each looked at as a whole. */
function numbersOf(ring: BpfRing, bytes: number, most?: number): number[] {
  const numbers: number[] = [];
  ring.drain((at, length) => {
    assert.equal(length, bytes);
    const number = ring.words[at / 4] ?? -1;
    const rest = ring.bytes.subarray(at + 8, at + length);
    assert.ok(rest.every((byte) => byte === number % 256));
    numbers.push(number);
  }, most);
  return numbers;
}

const range = (from: number, count: number): number[] =>
  Array.from({ length: count }, (_, at) => from + at);

describe("a ring", { skip: noBpf ?? false }, () => {
  it("gives records in order, also those that wrap", (t) => {
    const { ring, write } = ringWithWriter(t);
    for (let round = 0; round < 200; round++) {
      const bytes = 8 + ((round * 61) % 500);
      assert.equal(write({ first: 10 * round, count: 10, bytes }), 0);
      assert.deepEqual(numbersOf(ring, bytes), range(10 * round, 10));
    }
    assert.equal(ring.position, ring.produced);
  });

  it("leaves out what programs gave up", (t) => {
    const { ring, write } = ringWithWriter(t);
    write({ first: 0, count: 9, bytes: 16, discardEvery: 2 });
    assert.deepEqual(numbersOf(ring, 16), range(0, 9));
    assert.equal(ring.position, ring.produced);
  });

  it("gives as many as asked for, and the rest later", (t) => {
    const { ring, write } = ringWithWriter(t);
    write({ first: 0, count: 10, bytes: 16 });
    assert.deepEqual(numbersOf(ring, 16, 4), range(0, 4));
    assert.deepEqual(numbersOf(ring, 16), range(4, 6));
  });

  it("that is full refuses records until some were taken", (t) => {
    const { ring, write } = ringWithWriter(t);
    const fits = RING_BYTES / 24 - 1;
    const dropped = write({ first: 0, count: 1000, bytes: 16 });
    assert.ok(dropped >= 1000 - fits - 1 && dropped < 1000);
    assert.deepEqual(numbersOf(ring, 16), range(0, 1000 - dropped));
    assert.equal(write({ first: 7, count: 1, bytes: 16 }), 0);
    assert.deepEqual(numbersOf(ring, 16), [7]);
  });

  it("can be waited for", (t) => {
    const { ring, fd, write } = ringWithWriter(t);
    assert.deepEqual(pollAll([fd], 0), [0]);
    write({ first: 0, count: 3, bytes: 16 });
    assert.deepEqual(pollAll([fd], -1), [POLL_IN]);
    numbersOf(ring, 16);
    assert.deepEqual(pollAll([fd], 0), [0]);
    assert.equal(ring.busy, false);
  });

  it("does not give a record again on which its reader failed", (t) => {
    const { ring, write } = ringWithWriter(t);
    write({ first: 0, count: 3, bytes: 16 });
    assert.throws(
      () =>
        ring.drain(() => {
          throw new Error("reader");
        }),
      /reader/,
    );
    assert.deepEqual(numbersOf(ring, 16), [1, 2]);
  });
});
