// SPDX-License-Identifier: Apache-2.0
// The page's own parts, without a browser: digests, lines, replay.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { anyBehaviour } from "../../test/helpers/any-event.ts";
import { aFile, anEvent, DIRECTORY_INODE } from "../../test/helpers/events.ts";
import { testHasher } from "../../test/helpers/test-hasher.ts";
import { encodePath } from "../base/path-text.ts";
import {
  MAX_LINE_BYTES,
  type SecurityEvent,
  writeRecord,
  writeTsemRecord,
  type LineSink,
  LineSplitter,
} from "../event/index.ts";
import {
  createMapper,
  createModel,
  createProfile,
  BUILTIN_PROFILES,
  DIGEST_NAMES,
} from "../model/index.ts";
import { webHasher } from "./digest.ts";
import { pageText } from "./lines.ts";
import { type LostRecord, Replay, type ReplayedRecord, type ReplayOptions } from "./replay.ts";

describe("digests of a page", () => {
  for (const name of DIGEST_NAMES) {
    it(`are those of OpenSSL: ${name}`, () => {
      const [ours, theirs] = [webHasher(name), testHasher(name)];
      assert.equal(ours.size, theirs.size);
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
          assert.equal(ours.hex(bytes), theirs.hex(bytes));
        }),
      );
    });
  }
});

/** The lines of bytes that come in pieces of these sizes; too long ones with the number of their pieces. */
function cut(bytes: Uint8Array, sizes: readonly number[]): readonly string[] {
  const lines: string[] = [];
  const sink: LineSink = {
    line: (text, number) => void lines.push(`${number} ${text}`),
    piece: (text, number, piece, last) => {
      if (last) lines.push(`${number} piece ${piece} of ${text.length}`);
    },
  };
  const cutter = new LineSplitter(sink, pageText);
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    cutter.push(bytes.slice(at, at + size));
    at += size;
  }
  cutter.end();
  assert.equal(cutter.lines, lines.length);
  return lines;
}

describe("lines", () => {
  it("are the same however the bytes come", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "\n", "\xe9", "\0", "\r") });
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 0, max: 4 })), (words, sizes) => {
        const wanted = words.split("\n");
        if (wanted.at(-1) === "") wanted.pop();
        assert.deepEqual(
          cut(Buffer.from(words, "latin1"), sizes),
          wanted.map((line, i) => `${i + 1} ${line}`),
        );
      }),
    );
  });

  it("that are too long come in pieces, and those behind them are whole", () => {
    const long = new Uint8Array(MAX_LINE_BYTES + 1).fill(97);
    const bytes = new Uint8Array([...long, 10, 98, 10, ...long]);
    const last = "3 piece 2 of 0"; // where there is no newline, the end of the stream ends the line
    const whole = `1 piece 1 of ${long.length}`;
    assert.deepEqual(cut(bytes, [1000, 100_000]), [whole, "2 b", last]);
    assert.deepEqual(cut(bytes, [1000, MAX_LINE_BYTES - 999]), ["1 piece 2 of 0", "2 b", last]);
    assert.equal(cut(long.subarray(1), []).length, 1);
  });
});

const hasher = webHasher("sha256");
const TSEM: ReplayOptions = { hasher, mapping: "tsem-v4", profile: "exact" };

interface Outcome {
  readonly replay: Replay;
  readonly records: readonly ReplayedRecord[];
  readonly faults: readonly LostRecord[];
}

function play(lines: readonly string[], options: ReplayOptions = TSEM): Outcome {
  const records: ReplayedRecord[] = [];
  const faults: LostRecord[] = [];
  const replay = new Replay(options, {
    record: (record) => void records.push(record),
    lost: (fault) => void faults.push(fault),
  });
  replay.push(encodePath(lines.map((text) => `${text}\n`).join("")));
  replay.end();
  return { replay, records, faults };
}

const line = (event: SecurityEvent): string => writeTsemRecord({ kind: "event", event });
const open = anEvent("file_open", { file: aFile("/a") });
const kill = anEvent("task_kill", { target: "aa".repeat(32), sig: 9, crossNs: 0 });
const AGGREGATE = "ab".repeat(32);

describe("replay", () => {
  it("models what the records say", () => {
    const { replay, records, faults } = play([line(open), line(kill), line(open), ""]);
    const model = createModel({ hasher });
    for (const event of [open, kill, open]) model.update(createMapper(hasher).coefficient(event));
    assert.deepEqual(faults, []);
    assert.deepEqual(replay.model.points(), model.points());
    assert.equal(replay.model.state(), model.state());
    assert.equal(replay.model.measurement(), model.measurement());
    assert.deepEqual(
      records.map(({ line: at, added, words }) => [at, added, words]),
      [
        [1, true, "opens /a for reading"],
        [2, true, "kills a process of program aaaaaaaaaaaa"],
        [3, false, "opens /a for reading"],
      ],
    );
    assert.equal(replay.lines, 4);
  });

  it("takes the aggregate of the stream, else the one that is given", () => {
    const given = { ...TSEM, aggregate: AGGREGATE };
    const of = (aggregate: string): string => {
      const model = createModel({ hasher, aggregate });
      model.update(createMapper(hasher).coefficient(open));
      return model.state();
    };
    assert.equal(play([line(open)], given).replay.model.state(), of(AGGREGATE));
    const other = "cd".repeat(32);
    const record = writeTsemRecord({ kind: "aggregate", value: other });
    assert.equal(play([record, line(open)], given).replay.model.state(), of(other));
  });

  it("names lines that are no records, and goes on", () => {
    const { replay, faults } = play([
      line(open),
      '{"event": "nonsense"}',
      `{"${"x".repeat(MAX_LINE_BYTES)}`,
      line(kill),
    ]);
    assert.deepEqual(
      faults.map(({ line: at }) => at),
      [2, 3],
    );
    assert.match(faults[0]?.problem ?? "", /member event is not an object/);
    assert.match(faults[1]?.problem ?? "", /longer/);
    assert.equal(replay.model.counts.points, 2);
  });

  it("does not model a stream of another digest", () => {
    const { faults, replay } = play([line(open)], { ...TSEM, hasher: webHasher("sha384") });
    assert.deepEqual(faults, [
      { line: 1, problem: "its TASK_ID has 64 hex digits, those of sha384 have 96" },
    ]);
    assert.equal(replay.model.counts.points, 0);
  });

  it("shows records that are no behaviour, and counts those that should be one", () => {
    const { records, faults, replay } = play([
      '{"export": {"type": "event"}, }',
      '{"export": {"type": "log"}, "log": {"process": "sh", "event": "file_open", "action": "DENY"}}',
    ]);
    assert.deepEqual(
      records.map(({ line: at, kind, coefficient }) => [at, kind, coefficient]),
      [[2, "log", undefined]],
    );
    assert.deepEqual(faults, [{ line: 1, problem: "the record has no content" }]);
    assert.equal(replay.model.counts.points, 0);
  });

  const text = line(anEvent("file_open", { file: aFile("/new<>line") }));
  const [first = "", second = ""] = text.split("<>");

  it("puts a record together that a newline in a name has torn", () => {
    const { replay, records, faults } = play([first, second, line(kill)]);
    const whole = anEvent("file_open", { file: aFile("/new\nline") });
    assert.deepEqual(faults, []);
    assert.deepEqual(
      records.map(({ line: at }) => at),
      [1, 3],
    );
    assert.equal(replay.model.points()[0]?.coefficient, createMapper(hasher).coefficient(whole));
  });

  it("does not believe a record that holds another, nor one that does not end", () => {
    const doubtful = play([first, line(kill), second]);
    assert.deepEqual(
      doubtful.faults.map(({ line: at }) => at),
      [1, 2, 3],
    );
    const unfinished = play([first, line(kill)]);
    assert.deepEqual(
      [unfinished.faults.map(({ line: at }) => at), unfinished.records.map(({ line: at }) => at)],
      [[1], [2]],
    );
  });

  it("reads Galgo's own records under the profile they were mapped with", () => {
    const exec = anEvent("bprm_committed_creds", { file: aFile("/bin/sh") });
    const options: ReplayOptions = { ...TSEM, profile: "portable" };
    const profile = createProfile(BUILTIN_PROFILES.portable, createMapper(hasher));
    const { records, replay } = play([exec, open].map(writeRecord), options);
    assert.deepEqual(
      records.map(({ kind }) => kind),
      ["identity", "galgo"],
    );
    assert.deepEqual(
      replay.model.points().map(({ coefficient }) => coefficient),
      [createMapper(hasher).coefficient(profile.rewrite(open))],
    );
  });

  it("says of an event that a mapping has no place for where it stands", () => {
    const chroot = anEvent("path_chroot", { path: { pathname: "/jail" } });
    const mkdir = anEvent("inode_mkdir", {
      dir: DIRECTORY_INODE,
      dentry: { path: { pathname: "/d" } },
      mode: 0,
    });
    const { faults, records } = play([mkdir, chroot].map(writeRecord), {
      ...TSEM,
      mapping: "quixote-2025",
    });
    assert.deepEqual(
      [records.map(({ line: at }) => at), faults.map(({ line: at }) => at)],
      [[1], [2]],
    );
  });

  it("gives the state of the same events, whatever they are", () => {
    fc.assert(
      fc.property(fc.array(anyBehaviour, { maxLength: 5 }), (events) => {
        const model = createModel({ hasher });
        const mapper = createMapper(hasher);
        for (const event of events) model.update(mapper.coefficient(event));
        const { replay, faults } = play(events.map(writeRecord));
        assert.deepEqual(faults, []);
        assert.equal(replay.model.state(), model.state());
      }),
      { numRuns: 50 },
    );
  });

  it("never fails on lines of any kind", () => {
    const good = [first, second, text, line(kill), "", "{"];
    const lines = fc.array(fc.oneof(fc.constantFrom(...good), fc.string()), { maxLength: 8 });
    fc.assert(
      fc.property(lines, (some) => {
        const { replay, records, faults } = play(some);
        const count = some.join("\n").split("\n").length;
        assert.equal(replay.lines, some.length === 0 ? 0 : count);
        for (const { line: at } of [...records, ...faults]) assert.ok(at >= 1 && at <= count);
      }),
      { numRuns: 300 },
    );
  });
});
