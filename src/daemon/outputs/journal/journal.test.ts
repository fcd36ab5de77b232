// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { JournalError } from "../errors.ts";
import type { EntryBody } from "./entry.ts";
import { Journal, type NewEntry } from "./journal.ts";
import { JournalReader } from "./reader.ts";

const MIB = 1024 * 1024;
const ALL = { entries: 1_000_000, bytes: 64 * MIB };
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "galgo-journal-"));
});
afterEach(() => {
  for (const path of [folder, `${folder}-away`]) rmSync(path, { recursive: true, force: true });
});

/** @param filler characters */
function entry(number: number, filler = 0): NewEntry {
  const text = "x".repeat(filler);
  const body: EntryBody = {
    id: `run/lifecycle/${number}`,
    time: new Date(0).toISOString(),
    kind: "lifecycle",
    lifecycle: { what: "notice", text },
  };
  return { body };
}

function idsOf(journal: Journal, from = 1): string[] {
  return new JournalReader(journal, from).read(ALL).entries.map(({ id }) => id);
}

function lastFile(): string {
  return join(folder, readdirSync(folder).sort().at(-1) ?? "");
}

describe("the journal", () => {
  it("numbers entries, also over the ends of files and of daemons", () => {
    const first = new Journal({ folder, maxBytes: 8 * MIB });
    // a file takes an eighth of the journal
    for (let at = 1; at <= 50; at++) first.append([entry(at, 100_000)]);
    first.close();
    assert.ok(readdirSync(folder).length > 3);
    const second = new Journal({ folder, maxBytes: 8 * MIB });
    assert.equal(second.next, 51);
    second.append([entry(51), entry(52)]);
    const { entries, next } = new JournalReader(second, 1).read(ALL);
    assert.deepEqual(
      entries.map(({ seq, id }) => [seq, id]),
      Array.from({ length: 52 }, (_, at) => [at + 1, `run/lifecycle/${at + 1}`]),
    );
    assert.equal(next, 53);
    second.close();
  });

  it("is read in batches by entries and by bytes, from any number", () => {
    const journal = new Journal({ folder, maxBytes: 8 * MIB });
    journal.append(Array.from({ length: 100 }, (_, at) => entry(at + 1, 10_000)));
    const reader = new JournalReader(journal, 40);
    assert.deepEqual(
      reader.read({ entries: 3, bytes: MIB }).entries.map(({ seq }) => seq),
      [40, 41, 42],
    );
    assert.equal(reader.read({ entries: 100, bytes: 25_000 }).entries.length, 3);
    assert.equal(reader.next, 46);
    assert.equal(reader.read({ entries: 100, bytes: 1 }).entries.length, 1);
    assert.equal(reader.read(ALL).next, 101);
    assert.deepEqual(reader.read(ALL).entries, []);
    journal.append([entry(101)]);
    assert.equal(reader.read(ALL).entries[0]?.seq, 101);
    journal.close();
  });

  it("cuts what a crash left of a last line, and uses its number again", () => {
    const first = new Journal({ folder, maxBytes: 8 * MIB });
    first.append([entry(1), entry(2), entry(3)]);
    first.close();
    const path = lastFile();
    truncateSync(path, statSync(path).size - 10);
    const second = new Journal({ folder, maxBytes: 8 * MIB });
    assert.ok(second.cutBytes > 0);
    assert.equal(second.next, 3);
    second.append([entry(4)]);
    assert.deepEqual(idsOf(second), ["run/lifecycle/1", "run/lifecycle/2", "run/lifecycle/4"]);
    second.close();
  });

  it("does not use a number again that an output has had, when a power cut took its entry", () => {
    const first = new Journal({ folder, maxBytes: 8 * MIB });
    first.append([entry(1), entry(2)]);
    first.close();
    const second = new Journal({ folder, maxBytes: 8 * MIB, usedUpTo: 9 });
    second.append([entry(3)]);
    assert.equal(second.next, 11);
    const reader = new JournalReader(second, 1);
    assert.deepEqual(
      reader.read(ALL).entries.map(({ seq }) => seq),
      [1, 2, 10],
    );
    second.close();
  });

  it("keeps its limit: the oldest entries go, and a reader learns how many it missed", () => {
    const journal = new Journal({ folder, maxBytes: 2 * MIB });
    journal.keepFrom(() => 1);
    const reader = new JournalReader(journal, 1);
    for (let at = 1; at <= 60; at++) journal.append([entry(at, 100_000)]);
    assert.ok(journal.bytes <= 2 * MIB + 100_200);
    const { entries, missed } = reader.read(ALL);
    assert.ok(missed > 0);
    assert.equal(missed, journal.first - 1);
    assert.deepEqual(
      entries.map(({ seq }) => seq),
      Array.from({ length: 60 - missed }, (_, at) => missed + at + 1),
    );
    journal.close();
  });

  it("goes on behind a line that the disk has damaged, and counts it", () => {
    const first = new Journal({ folder, maxBytes: 8 * MIB });
    first.append([entry(1), entry(2), entry(3)]);
    first.close();
    const text = readFileSync(lastFile(), "utf8");
    writeFileSync(lastFile(), text.replace('run/lifecycle/2","', "\0\0\0"));
    const second = new Journal({ folder, maxBytes: 8 * MIB });
    const { entries, missed, next } = new JournalReader(second, 1).read(ALL);
    assert.deepEqual(
      entries.map(({ seq }) => seq),
      [1, 3],
    );
    assert.deepEqual({ missed, next }, { missed: 1, next: 4 });
    second.close();
  });

  it("keeps what it has when a new file can not be made, and goes on when it can", () => {
    const journal = new Journal({ folder, maxBytes: MIB });
    journal.append([entry(1, 200_000)]);
    const away = `${folder}-away`;
    renameSync(folder, away);
    for (const number of [2, 3]) {
      assert.throws(
        () => journal.append([entry(number)]),
        (error) => error instanceof JournalError && error.code === "NOT_WRITABLE",
      );
    }
    renameSync(away, folder);
    journal.append([entry(4)]);
    assert.deepEqual(idsOf(journal), ["run/lifecycle/1", "run/lifecycle/4"]);
    journal.close();
  });

  it("counts entries whose file somebody has taken away", () => {
    const first = new Journal({ folder, maxBytes: MIB });
    for (let at = 1; at <= 3; at++) first.append([entry(at, 200_000)]);
    first.close();
    rmSync(join(folder, readdirSync(folder).sort()[1] ?? ""));
    const second = new Journal({ folder, maxBytes: MIB });
    const { entries, missed } = new JournalReader(second, 1).read(ALL);
    assert.deepEqual(
      entries.map(({ seq }) => seq),
      [1, 3],
    );
    assert.equal(missed, 1);
    second.close();
  });

  it("says that a folder can not be written, and that a file is no journal", () => {
    assert.throws(
      () => new Journal({ folder: "/proc/galgo", maxBytes: MIB }),
      (error) => error instanceof JournalError && error.code === "NOT_WRITABLE",
    );
    new Journal({ folder, maxBytes: MIB }).close();
    appendFileSync(lastFile(), "this is no entry\n");
    assert.throws(
      () => new Journal({ folder, maxBytes: MIB }),
      (error) => error instanceof JournalError && /does not end in an entry/.test(error.message),
    );
  });

  it("holds what could end a line or turn a text in escapes", () => {
    const journal = new Journal({ folder, maxBytes: MIB });
    const nasty = "a\nb\u2028c\u202ed\u009be\udc80f";
    const { body } = entry(1);
    journal.append([{ body: { ...body, words: nasty }, recordText: '{"x": "\\udc80"}' }]);
    const [read] = new JournalReader(journal, 1).read(ALL).entries;
    assert.equal(read?.words, nasty);
    assert.deepEqual(read?.record, { x: "\udc80" });
    journal.close();
  });
});
