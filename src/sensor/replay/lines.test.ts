// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type LineSink, LineSplitter, MAX_LINE_BYTES } from "../../event/index.ts";
import { bufferText } from "./lines.ts";

type Taken = readonly [text: string, number: number, piece?: number, last?: boolean];

function linesOf(chunks: readonly Uint8Array[]): Taken[] {
  const taken: Taken[] = [];
  const sink: LineSink = {
    line: (text, number) => void taken.push([text, number]),
    piece: (...piece) => void taken.push(piece),
  };
  const splitter = new LineSplitter(sink, bufferText);
  for (const chunk of chunks) splitter.push(Buffer.from(chunk));
  splitter.end();
  return taken;
}

const bytes = fc.uint8Array({ maxLength: 40 }).map((all) => all.map((b) => (b < 60 ? 10 : b)));

describe("lines of a stream", () => {
  it("are the same however it comes in pieces, and hold every byte", () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 12 }), (chunks) => {
        const whole = Buffer.concat(chunks).toString("latin1");
        const lines = whole.split("\n");
        if (lines.at(-1) === "") lines.pop();
        const wanted = lines.map((text, at) => [text, at + 1]);
        assert.deepEqual(linesOf(chunks), wanted);
      }),
      { numRuns: 500 },
    );
  });

  it("keep bytes that are no UTF-8, NUL and CR as they are", () => {
    assert.deepEqual(linesOf([Buffer.from([0, 255, 13, 10, 128])]), [
      ["\0\u00ff\r", 1],
      ["\u0080", 2],
    ]);
  });

  it("that are too long come in pieces, and the numbers go on behind them", () => {
    const chunk = Buffer.alloc(MAX_LINE_BYTES / 2, "x");
    const taken = linesOf([chunk, chunk, chunk, Buffer.from("y\nz\n")]);
    const sizes = taken.map(([text, ...rest]) => [text.length, ...rest]);
    assert.deepEqual(sizes, [
      [MAX_LINE_BYTES * 1.5, 1, 1, false],
      [1, 1, 2, true],
      [1, 2],
    ]);
    assert.equal(taken[1]?.[0], "y");
  });

  it("that are too long and do not end come to their last piece all the same", () => {
    const chunk = Buffer.alloc(MAX_LINE_BYTES + 1, "x");
    const taken = linesOf([chunk, chunk]).map(([text, ...rest]) => [text.length, ...rest]);
    assert.deepEqual(taken, [
      [MAX_LINE_BYTES + 1, 1, 1, false],
      [MAX_LINE_BYTES + 1, 1, 2, false],
      [0, 1, 3, true],
    ]);
  });
});
