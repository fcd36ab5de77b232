// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { openRecord, SHORT_LOG } from "../../../test/helpers/kernel-records.ts";
import { aLine } from "../../../test/helpers/tsem-lines.ts";
import { RecordJoiner } from "./joiner.ts";
import { MAX_STRAY_LINES } from "./limits.ts";

interface Taken {
  readonly bytes: string;
  readonly at: string;
  readonly problem?: string;
}

/** What a stream of these bytes (latin1) is taken for. */
function taken(stream: string): Taken[] {
  const found: Taken[] = [];
  const joiner = new RecordJoiner(
    {
      record: (bytes, { line, lines }) => void found.push({ bytes, at: `${line}+${lines}` }),
      unreadable: (bytes, { line, lines }, problem) =>
        void found.push({ bytes, at: `${line}+${lines}`, problem }),
    },
    "kernel",
  );
  const lines = stream.split("\n");
  if (lines.at(-1) === "") lines.pop();
  for (const [at, line] of lines.entries()) joiner.line(line, at + 1);
  joiner.end();
  return found;
}

const [A, B, C] = ["/a", "/b", "/c"].map((name) => openRecord(name)) as [string, string, string];
const GALGO = A.replace('"export": {"type": "event"}, ', "").replace(
  /"context": "2", "number": "81", /,
  "",
);

/** Places and problems, for those who do not look at the bytes. */
const shape = (stream: string): string[] =>
  taken(stream).map(({ at, problem }) =>
    problem === undefined ? at : `${at} ${problem.slice(0, 20)}`,
  );

describe("records of a stream", () => {
  it("are its lines, the last one without its newline too", () => {
    const wanted = [
      { bytes: A, at: "1+1" },
      { bytes: B, at: "2+1" },
    ];
    assert.deepEqual(taken(`${A}\n${B}\n`), wanted);
    assert.deepEqual(taken(`${A}\n${B}`), wanted);
    assert.deepEqual(taken(""), []);
  });

  it("are not the headers of runs in the records of a model, nor what is nearly one", () => {
    const run =
      '{"run":{"id":"0123456789abcdef","started":"2026-01-02T03:04:05.006Z","events":1,"lost":0,"durationMs":1,"saturation":[1,0]}}';
    assert.deepEqual(shape(`${run}\n${GALGO}\n${run}\r\n${GALGO}\n`), ["2+1", "4+1"]);
    assert.deepEqual(shape(`${run.slice(0, -1)}\n`), ["1+1 does not begin as a "]);
    assert.deepEqual(shape(`${run.replace('"events":1', '"events":1,"x":"y"')}\n`).length, 1);
  });

  it("are counted by physical lines, empty ones included", () => {
    assert.deepEqual(shape(`\n${A}\n\n\r\n${B}\n\n`), ["2+1", "5+1"]);
  });

  it("may end in CR LF", () => {
    assert.deepEqual(shape(`${A}\r\n${GALGO}\r\n${B}\r\n`), ["1+1", "2+1", "3+1"]);
  });

  it("are put together again when a name has newlines", () => {
    for (const name of [
      "/a\nb",
      "/a\n\nb\n",
      "/a\r\nb",
      "/\u00ff\n\u0000\tb",
      '/a"}\nb',
      '/a"}\n\n\nb',
      '/a"}\n\r\nb\n\nc',
      "/a\n{",
    ]) {
      const record = openRecord(name);
      const lines = record.split("\n").length;
      assert.deepEqual(
        taken(`${A}\n${record}\n${B}\n`),
        [
          { bytes: A, at: "1+1" },
          { bytes: record, at: `2+${lines}` },
          { bytes: B, at: `${lines + 2}+1` },
        ],
        JSON.stringify(name),
      );
    }
  });

  it("keep empty lines of names, also where a record only seems to have ended", () => {
    const path = '{"dev": {"major": "8", "minor": "0"}, "pathname": "/-{"a": "b"}\n\n\n/usr"}';
    const cell = `{"dev_name": "{"a": "b"}\n", "path": ${path}, "type": "tmpfs", "flags": "1"}`;
    const mount = aLine("sb_mount", cell);
    assert.deepEqual(taken(`${A}\n\n${mount}\n\n${B}\n\n`), [
      { bytes: A, at: "1+1" },
      { bytes: mount, at: "3+5" },
      { bytes: B, at: "9+1" },
    ]);
  });

  it("that are cut leave those behind them alone", () => {
    // in the middle of a number: nothing can follow
    assert.deepEqual(shape(`${A.slice(0, 60)}\n${B}\n${C}\n`), ["1+1", "2+1", "3+1"]);
    // as long as a kernel makes them: it was the kernel
    const long = openRecord(`/${"x".repeat(5_000)}`).slice(0, 4_095);
    assert.deepEqual(shape(`${long}\n${B}\n${C}`), ["1+1", "2+1", "3+1"]);
    // the last one
    assert.deepEqual(shape(`${B}\n${A.slice(0, -90)}`), ["1+1", "2+1"]);
  });

  it("that are cut inside a name are not believed, nor what could be the rest of them; each counts", () => {
    const cut = A.slice(0, A.indexOf("/a") + 1);
    const refused = ["1+1", "2+1 can be read in two w", "3+1 can be read in two w", "4+1"];
    assert.deepEqual(shape(`${A}\n${cut}\n${B}\n${C}\n`), refused);
    const log = SHORT_LOG.slice(0, SHORT_LOG.indexOf("sh") + 1);
    assert.deepEqual(shape(`${A}\n${log}\n${SHORT_LOG}\n${C}\n`), refused);
  });

  it("are told from lines that are none", () => {
    const stray = "2+1 does not begin as a ";
    assert.deepEqual(shape(`${A}\nnonsense\n${B}\n`), ["1+1", stray, "3+1"]);
    assert.deepEqual(shape("nonsense\n"), ["1+1 does not begin as a "]);
    assert.deepEqual(shape(`${A}\n\0\0\0\n${B}`), ["1+1", stray, "3+1"]);
    const many = "x\n".repeat(MAX_STRAY_LINES * 3);
    assert.equal(taken(`${A}\n${many}${B}`).length, MAX_STRAY_LINES * 3 + 2);
  });

  it("are not believed when a name holds a whole record", () => {
    const forged = openRecord(`/a\n${B}\nz`);
    assert.deepEqual(shape(`${A}\n${forged}\n${C}\n`), [
      "1+1",
      "2+1 can be read in two w",
      "3+1 can be read in two w",
      "4+1 does not begin as a ",
      "5+1",
    ]);
    const inside = openRecord("/forged");
    for (const name of [
      `/a\n${inside.slice(0, -80)}`,
      `/a\n${inside}\nz`,
      `/a"}\n${inside}\nz`,
      `/a"}\n${inside}\n${inside}\nz`,
      `/a\nb\n${inside}\n{"export": {"type": "event"}, "\nz`,
    ]) {
      const believed = taken(`${A}\n${openRecord(name)}\n${C}\n`).filter(
        ({ bytes, problem }) => problem === undefined && bytes.includes('"/forged"'),
      );
      assert.deepEqual(believed, [], JSON.stringify(name));
    }
  });

  it("are not believed when the line behind them could be their end", () => {
    const forged = openRecord(`/a"}, "digest": "${"0".repeat(64)}"}}}\nrest`);
    assert.deepEqual(shape(`${A}\n${forged}\n${C}\n`), ["1+1", "2+2 can be read in two w", "4+1"]);
  });

  it("end where a line that is too long begins", () => {
    const found: string[] = [];
    const joiner = new RecordJoiner(
      {
        record: (_, { line }) => void found.push(`record ${line}`),
        unreadable: (bytes, { line }, _, piece) =>
          void found.push(`${bytes} of line ${line}, piece ${piece?.number} ${piece?.last}`),
      },
      "kernel",
    );
    joiner.line(A, 1);
    joiner.piece("x", 2, 1, false);
    joiner.piece("y", 2, 2, true);
    joiner.line(B, 3);
    joiner.end();
    const pieces = ["x of line 2, piece 1 false", "y of line 2, piece 2 true"];
    assert.deepEqual(found, ["record 1", ...pieces, "record 3"]);
  });

  it("lose no byte and no order, whatever comes", () => {
    const line = fc.oneof(
      fc.constantFrom(
        A,
        B,
        GALGO,
        "",
        "\r",
        "x",
        '{"export": ',
        "}}}",
        A.slice(0, 700),
        B.slice(700),
      ),
      fc.constantFrom("/a\nb", '/q"uote', "/\u00e9").map((name) => openRecord(name)),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        const found = taken(lines.join("\n"));
        const all = found.map(({ bytes }) => bytes).join("\n");
        const blank = (text: string) =>
          text.split("\n").filter((one) => one !== "" && one !== "\r");
        assert.deepEqual(blank(all), blank(lines.join("\n")));
        let next = 1;
        for (const { at } of found) {
          const [first = 0, count = 0] = at.split("+").map(Number);
          assert.ok(first >= next);
          next = first + count;
        }
      }),
      { numRuns: 300 },
    );
  });
});
