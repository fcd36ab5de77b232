// SPDX-License-Identifier: Apache-2.0
// Dialects `quixote` and `quixote-2024` against what the compiled agents of these years made of the same records.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  quixoteText,
  RecordError,
  readTsemRecord,
  recordParts,
  type SecurityEvent,
  type TsemDialect,
} from "../../src/event/index.ts";
import { quixoteEventText } from "../../src/event/tsem/quixote.ts";
import { createMapper, type MappingName, pseudonymOf } from "../../src/model/index.ts";
import { SHA256 } from "../helpers/test-hasher.ts";
import { linesOf, wholeVectors } from "../helpers/vectors.ts";

interface Expected {
  readonly export: string;
  readonly ok?: boolean;
  readonly aggregate?: string;
  readonly pid: number;
  readonly tnum: string;
  readonly type: string;
  readonly task_id: string;
  readonly coefficient: string;
  readonly pseudonym?: string;
  readonly format: string;
  readonly format_note?: string;
}

interface Vector {
  readonly group?: string;
  readonly name: string;
  readonly input: string;
  readonly expect?: Expected;
  readonly expect_2024?: Expected;
  readonly expect_2025?: Expected;
}

interface Year {
  readonly dialect: TsemDialect;
  readonly mapping: MappingName;
  readonly year: 2024 | 2025;
}

const IN_2025: Year = { dialect: "quixote", mapping: "quixote-2025", year: 2025 };
const IN_2024: Year = { dialect: "quixote-2024", mapping: "quixote-2024", year: 2024 };

const recent = wholeVectors("quixote/events.jsonl");
const old = wholeVectors("quixote/events-format-2024.jsonl");
const vectors = (path: string): readonly Vector[] =>
  linesOf(path).map((line) => JSON.parse(line) as Vector);

const read = (
  input: string,
  dialect: TsemDialect,
): ReturnType<typeof readTsemRecord> | undefined => {
  try {
    return readTsemRecord(input, { dialect });
  } catch (error) {
    assert.ok(error instanceof RecordError, String(error));
    return undefined;
  }
};

const eventOf = (input: string, dialect: TsemDialect): SecurityEvent | undefined => {
  const record = read(input, dialect);
  return record !== undefined && "event" in record ? record.event : undefined;
};

/** Everything that is known of one vector, except how it is printed. */
function check({ name, input }: Vector, expected: Expected, { dialect, mapping }: Year): void {
  if (expected.aggregate !== undefined) {
    assert.deepEqual(read(input, dialect), { kind: "aggregate", value: expected.aggregate }, name);
    return;
  }
  const event = eventOf(input, dialect);
  assert.equal(event !== undefined, expected.ok, name);
  if (event === undefined) return;
  assert.equal(event.pid, expected.pid, name);
  assert.equal(event.tnum ?? 0n, BigInt.asUintN(64, BigInt(expected.tnum)), name);
  assert.equal(event.hook, expected.type, name);
  assert.equal(event.task.taskId, expected.task_id.toLowerCase(), name);
  assert.equal(createMapper(SHA256, mapping).coefficient(event), expected.coefficient, name);
  const file =
    event.hook === "file_open" || event.hook === "mmap_file" ? event.cell.file : undefined;
  if (file !== undefined) {
    assert.equal(pseudonymOf(file.path.pathname, SHA256), expected.pseudonym, name);
  }
}

/** How it is printed, where upstream prints what can be read again. */
function checkFormat({ name, input }: Vector, expected: Expected, { dialect, year }: Year): void {
  const event = eventOf(input, dialect);
  if (event === undefined) return;
  const text = quixoteText(event, quixoteEventText(input, year));
  assert.doesNotThrow(() => JSON.parse(text), name);
  if (isJson(expected.format) && expected.format_note === undefined) {
    assert.equal(text, corrected(event, expected.format), name);
  }
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** Upstream prints the members of task_kill under each other's names. */
function corrected(event: SecurityEvent, format: string): string {
  if (event.hook !== "task_kill") return format;
  return format.replace(/"sig": ("\d+"), "cross_ns": ("\d+")/, '"sig": $2, "cross_ns": $1');
}

describe("dialect quixote", () => {
  it("accepts, refuses and maps as the agent of 2025 does", recent, () => {
    const all = vectors(recent.path);
    for (const vector of all)
      if (vector.expect !== undefined) check(vector, vector.expect, IN_2025);
    assert.equal(all.length, 200);
  });

  it("prints events as that agent does", recent, () => {
    for (const vector of vectors(recent.path)) {
      if (vector.expect !== undefined) checkFormat(vector, vector.expect, IN_2025);
    }
  });

  it("reads records of 2024 as the agents of both years do", old, () => {
    const all = vectors(old.path);
    for (const vector of all) {
      if (vector.expect_2024 !== undefined) {
        check(vector, vector.expect_2024, IN_2024);
        checkFormat(vector, vector.expect_2024, IN_2024);
      }
      if (vector.expect_2025 !== undefined) check(vector, vector.expect_2025, IN_2025);
    }
    assert.equal(all.length, 14);
  });

  it("takes no shortcut to what it would not read", recent, () => {
    for (const { input, name } of vectors(recent.path)) {
      const parts = recordParts(input, "quixote");
      const event = eventOf(input, "quixote");
      if (parts === undefined || event === undefined) continue;
      assert.equal(parts.hook, event.hook, name);
      assert.deepEqual(parts.task, event.task, name);
      assert.deepEqual(parts.coe, event.coe, name);
    }
  });
});
