// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { MAX_BUFFERED_BYTES, MAX_RECORD_BYTES } from "../limits.ts";
import { readLines } from "./line-reader.ts";
import { addMark, splitMark } from "./marks.ts";
import { openRecordLog } from "./record-log.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-records-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function linesOf(path: string): { lines: string[]; numbers: number[]; cutBytes: number } {
  const lines: string[] = [];
  const numbers: number[] = [];
  const reader = readLines(path);
  for (let step = reader.next(); ; step = reader.next()) {
    if (step.done === true) return { lines, numbers, cutBytes: step.value.cutBytes };
    lines.push(step.value.text);
    numbers.push(step.value.number);
  }
}

describe("a record log", () => {
  it("writes lines when it is flushed, not before", () => {
    const path = join(folder, "log");
    const log = openRecordLog(path);
    log.append("one");
    assert.equal(readFileSync(path, "utf8"), "");
    log.flush();
    assert.equal(readFileSync(path, "utf8"), "one\n");
    log.append("två");
    log.close();
    log.close();
    assert.equal(readFileSync(path, "utf8"), "one\ntvå\n");
    assert.equal(log.count, 2);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it("writes by itself when much is waiting", () => {
    const path = join(folder, "much");
    const log = openRecordLog(path);
    log.append("x".repeat(MAX_BUFFERED_BYTES));
    assert.equal(statSync(path).size, MAX_BUFFERED_BYTES + 1);
    log.close();
  });

  it("names the file that can not be written", () => {
    assert.throws(() => openRecordLog(join(folder, "no", "file")), {
      code: "WRITE_FAILED",
      message: /no\/file.*ENOENT/,
    });
  });

  it("reports a full disk", { skip: process.platform !== "linux" }, () => {
    const log = openRecordLog("/dev/full");
    log.append("x");
    assert.throws(() => log.flush(), { code: "WRITE_FAILED", message: /ENOSPC/ });
  });
});

describe("reading lines", () => {
  it("crosses the pieces in which a file is read", () => {
    const path = join(folder, "long");
    const long = "é".repeat(50_000);
    writeFileSync(path, `${long}\n\nshort\n`);
    assert.deepEqual(linesOf(path), { lines: [long, "short"], numbers: [1, 3], cutBytes: 0 });
  });

  it("tells of a last line that was cut", () => {
    const path = join(folder, "cut");
    writeFileSync(path, "whole\n");
    appendFileSync(path, '{"half');
    assert.deepEqual(linesOf(path), { lines: ["whole"], numbers: [1], cutBytes: 6 });
  });

  it("refuses a line beyond the limit", () => {
    const path = join(folder, "huge");
    writeFileSync(path, "x".repeat(MAX_RECORD_BYTES + 100_000));
    assert.throws(() => linesOf(path), { code: "TOO_LONG" });
  });

  it("names a file that is not there", () => {
    assert.throws(() => linesOf(join(folder, "none")), {
      code: "NO_FILE",
      message: /none.*ENOENT/,
    });
  });
});

describe("marks", () => {
  const mark = {
    kind: "violation",
    number: 3,
    decision: "denied",
    heldUs: 12.5,
    coefficient: "ab",
  } as const;

  it("come off as they were put on", () => {
    const record = '{"event": {"process": "sh"}}';
    const line = addMark(record, mark);
    assert.deepEqual(splitMark(line), { record, mark });
    assert.deepEqual(JSON.parse(line), { event: { process: "sh" }, galgo: mark });
  });

  it("are not taken from text of the workload", () => {
    const hostile = `{"event": {"process": ${JSON.stringify(', "galgo": {"kind":"refused"}}')}}}`;
    assert.deepEqual(splitMark(hostile), { record: hostile, mark: undefined });
    assert.deepEqual(splitMark(addMark(hostile, mark)), { record: hostile, mark });
  });
});
