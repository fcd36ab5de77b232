// SPDX-License-Identifier: Apache-2.0
// Mappings quixote-2025 and quixote-2024 against what the compiled agents of Quixote computed of the same records.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  RecordError,
  readTsemRecord,
  type TsemDialect,
  type TsemRecord,
} from "../../src/event/index.ts";
import { createMapper, pseudonymOf } from "../../src/model/index.ts";
import { SHA256 } from "../helpers/test-hasher.ts";
import { anyVectors, linesOf } from "../helpers/vectors.ts";

interface Expected {
  readonly export: string;
  readonly ok?: boolean;
  readonly coefficient?: string;
  readonly coe?: string;
  readonly cell?: string;
  readonly type?: string;
  readonly pid?: number;
  readonly pseudonym?: string;
  readonly aggregate?: string;
}

interface Vector {
  readonly group?: string;
  readonly name: string;
  readonly input: string;
  readonly expect?: Expected;
  readonly expect_2024?: Expected;
  readonly expect_2025?: Expected;
}

const DIALECTS = { "quixote-2025": "quixote", "quixote-2024": "quixote-2024" } as const;
type Mapping = keyof typeof DIALECTS;

const events = anyVectors("quixote/events.jsonl");
const older = anyVectors("quixote/events-format-2024.jsonl");

function vectorsOf(path: string): readonly Vector[] {
  return linesOf(path).map((line) => JSON.parse(line) as Vector);
}

/** What happened to a record, in the words of the vectors. */
function outcomeOf(input: string, mapping: Mapping): Partial<Expected> {
  const record = read(input, DIALECTS[mapping]);
  if (record === undefined) return { ok: false };
  if (record.kind === "aggregate") return { aggregate: record.value };
  // a log record of before April 2025 has no event to be modeled
  if (record.kind === "nothing" || record.event === undefined) return { ok: false };
  const { event } = record;
  const mapper = createMapper(SHA256, mapping);
  const file =
    event.hook === "file_open" || event.hook === "mmap_file" ? event.cell.file : undefined;
  return {
    ok: true,
    coefficient: mapper.coefficient(event),
    coe: mapper.coeDigest(event.coe),
    cell: mapper.cellDigest(event),
    type: event.hook,
    pid: event.pid,
    ...(file !== undefined && { pseudonym: pseudonymOf(file.path.pathname, SHA256) }),
  };
}

function read(input: string, dialect: TsemDialect): TsemRecord | undefined {
  try {
    return readTsemRecord(input, { dialect });
  } catch (error) {
    assert.ok(error instanceof RecordError, String(error));
    return undefined;
  }
}

/** The members of `expected` that this repository has a counterpart for. */
function comparable(expected: Expected): Partial<Expected> {
  const { ok, aggregate, coefficient, coe, cell, type, pid, pseudonym } = expected;
  if (aggregate !== undefined) return { aggregate };
  if (ok !== true) return { ok: false };
  const all = { ok, coefficient, coe, cell, type, pid, pseudonym };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

describe("mapping quixote-2025", () => {
  it("gives Quixote's digests of every record, and refuses what it refuses", () => {
    const all = vectorsOf(events.path);
    let mapped = 0;
    for (const { group, name, input, expect } of all) {
      assert.ok(expect !== undefined);
      assert.deepEqual(outcomeOf(input, "quixote-2025"), comparable(expect), `${group} ${name}`);
      if (expect.ok === true) mapped++;
    }
    assert.deepEqual([all.length, mapped], events.whole ? [200, 160] : [49, 40]);
  });

  it("does the same with records of 2024, as far as it takes them", () => {
    for (const { name, input, expect_2025 } of vectorsOf(older.path)) {
      assert.ok(expect_2025 !== undefined);
      assert.deepEqual(outcomeOf(input, "quixote-2025"), comparable(expect_2025), name);
    }
  });
});

describe("mapping quixote-2024", () => {
  it("gives the digests of Quixote of 2024", () => {
    const all = vectorsOf(older.path);
    for (const { name, input, expect_2024 } of all) {
      assert.ok(expect_2024 !== undefined);
      assert.deepEqual(outcomeOf(input, "quixote-2024"), comparable(expect_2024), name);
    }
    assert.equal(all.length, 14);
  });
});
