// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { RecordFileError } from "../errors.ts";
import { readSequence, SequenceLog, SequenceReader, sequenceLines } from "./sequence-log.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-sequence-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("events are read back in their order; a process that becomes another program begins another stream", () => {
  const path = join(folder, "a.jsonl");
  const log = new SequenceLog(path);
  for (const [pid, task, behaviour] of [
    [7, "sh", "open"],
    [8, "sh", "read"],
    [7, "sh", "read"],
    [7, "ls", "open"],
    [8, "sh", "stat"],
  ] as const)
    log.add(pid, task, behaviour);
  log.close();
  const sequence = readSequence(path, 3);
  assert.deepEqual(Array.from(sequence?.streams ?? []), [0, 1, 0, 2, 1]);
  assert.deepEqual(Array.from(sequence?.behaviours ?? []), [0, 1, 1, 0, 2]);
});

test("long sequences go through their lines unchanged", () => {
  const events = 40_000;
  const streams = Int32Array.from({ length: events }, (_, at) => (at * 31) % 700);
  const behaviours = Int32Array.from({ length: events }, (_, at) => (at * at) % 20_011);
  const reader = new SequenceReader();
  for (const line of sequenceLines({ streams, behaviours })) reader.line(line, "here");
  assert.deepEqual(reader.end(20_011), { streams, behaviours });
});

test("a sequence of which events are missing is none, and so is one of other behaviours", () => {
  const path = join(folder, "b.jsonl");
  const log = new SequenceLog(path);
  log.add(1, "sh", "open");
  log.incomplete();
  log.add(1, "sh", "read");
  log.close();
  assert.equal(readSequence(path, 2), undefined);
  writeFileSync(path, readFileSync(path, "utf8").split("\n", 1).join(""));
  assert.equal(readSequence(path, 0), undefined);
  assert.equal(readSequence(join(folder, "missing"), 2), undefined);
});

test("damaged lines are refused", () => {
  for (const text of ['{"sequence":7}', '{"sequence":"gIA="}', '{"sequence":'])
    assert.throws(() => new SequenceReader().line(text, "here"), RecordFileError, text);
});
