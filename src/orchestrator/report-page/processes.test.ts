// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { aFile, anEvent } from "../../../test/helpers/events.ts";
import { Actors } from "../records/actors.ts";
import type { ProcessLine } from "../records/process-log.ts";
import type { FileRecord } from "../records/record-file.ts";
import { readAccount } from "./account.ts";
import { Cast } from "./cast.ts";
import { Clock } from "./clock.ts";
import { MAX_REPORT_EXECS, MAX_REPORT_PROCESSES } from "./limits.ts";
import { treeOfAccount } from "./processes.ts";

const MS = 1_000_000;
const SH = "aa".repeat(32);
const CAT = "bb".repeat(32);

const program = (path: string, taskId: string, pTaskId: string) =>
  anEvent("bprm_committed_creds", { file: aFile(path) }, { task: { taskId, pTaskId } });

function actors(): Actors {
  const known = new Actors();
  known.add(program("/bin/sh", SH, "00".repeat(32)));
  known.add(program("/bin/cat", CAT, SH));
  return known;
}

const at = (ms: number): string => String(5_000 * MS + ms * MS);

const begin = (pid: number, ppid: number, ms: number, untrusted = false): ProcessLine => ({
  ...{ what: "start", at: at(ms), pid, ppid, name: "sh", task: SH, untrusted },
});
const end = (pid: number, ppid: number, ms: number, untrusted = false): ProcessLine => ({
  ...{ what: "end", at: at(ms), pid, ppid, name: "sh", task: SH, untrusted },
});
const exec = (pid: number, ms: number, task = CAT, name = "cat"): ProcessLine => ({
  ...{ what: "exec", at: at(ms), pid, name, task },
});

function violation(pid: number, ms: number): FileRecord {
  const event = anEvent(
    "file_open",
    { file: aFile("/etc/shadow") },
    { pid, tgid: pid, ts: BigInt(at(ms)) },
  );
  return { line: 1, text: "", event, mark: { kind: "violation", number: 1, decision: "denied" } };
}

function tree(lines: readonly ProcessLine[], violations: readonly FileRecord[] = []) {
  const parts = { cast: new Cast(), clock: new Clock(), actors: actors(), violations };
  return { ...treeOfAccount({ lines, cut: 0 }, parts), programs: parts.cast.programs };
}

describe("the processes of an account", () => {
  it("are who started whom, when, and what they ran", () => {
    const { processes, programs } = tree([
      begin(7, 1, 0),
      begin(8, 7, 10),
      exec(8, 12),
      end(8, 7, 20),
      end(7, 1, 30),
    ]);
    assert.deepEqual(programs, ["/bin/sh", "/bin/cat"]);
    assert.deepEqual(processes, {
      of: "processes",
      spanMs: 30,
      rows: [
        [-1, 7, 0, 30, -1, [[0, 0]]],
        [
          0,
          8,
          10,
          20,
          -1,
          [
            [10, 0],
            [12, 1],
          ],
        ],
      ],
      left: 0,
    });
  });

  it("are told apart when a pid is used again", () => {
    const lines = [begin(7, 1, 0), begin(8, 7, 1), end(8, 7, 2), begin(8, 7, 5), begin(9, 8, 6)];
    const { processes, rowOf } = tree(lines, [violation(8, 2), violation(8, 5), violation(3, 5)]);
    assert.deepEqual(
      processes.rows.map(([parent]) => parent),
      [-1, 0, 0, 2],
    );
    assert.deepEqual(rowOf, [1, 2, -1]);
  });

  it("are untrusted from their violation on, from their begin when that is not known, or never", () => {
    const lines = [
      ...[begin(1, 0, 0), begin(2, 1, 1), begin(3, 1, 2, true), begin(4, 1, 3)],
      ...[end(1, 0, 9, true), end(2, 1, 9, true), end(3, 1, 9, true), end(4, 1, 9)],
    ];
    const { processes } = tree(lines, [violation(1, 5)]);
    assert.deepEqual(
      processes.rows.map(([, , , , since]) => since),
      [5, 1, 2, -1],
    );
  });

  it("have the name that the kernel had for programs that no record names", () => {
    const { programs } = tree([begin(7, 1, 0), exec(7, 1, "cc".repeat(32), "a\u202eb")]);
    assert.deepEqual(programs, ["/bin/sh", '"a\\u{202e}b"']);
  });

  it("are limited, and what is left out is counted", () => {
    const many = Array.from({ length: MAX_REPORT_PROCESSES + 5 }, (_, pid) =>
      begin(pid + 2, 1, pid),
    );
    const { processes, rowOf } = tree(many, [violation(MAX_REPORT_PROCESSES + 6, 1)]);
    assert.equal(processes.rows.length, MAX_REPORT_PROCESSES);
    assert.equal(processes.left, 5);
    assert.deepEqual(rowOf, [-1]);
    const restless = tree([begin(7, 1, 0), ...Array.from({ length: 500 }, (_, i) => exec(7, i))]);
    assert.equal(restless.processes.rows[0]?.[5].length, MAX_REPORT_EXECS);
  });
});

describe("processes.jsonl", () => {
  const read = (text: string, t: { after(work: () => void): void }) => {
    const folder = mkdtempSync(join(tmpdir(), "galgo-account-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, "processes.jsonl");
    writeFileSync(file, text);
    return readAccount(file);
  };
  const text = (...lines: readonly object[]): string =>
    lines.map((line) => `${JSON.stringify(line)}\n`).join("");

  it("is read with what the run did not keep; a line that was never completed is left out", (t) => {
    const lines = [begin(7, 1, 0), exec(7, 1)];
    assert.deepEqual(read(`${text(...lines, { what: "cut", lines: 9 })}{"what":`, t), {
      lines,
      cut: 9,
    });
  });

  it("is no account when nobody is seen to begin, or when it is not there", (t) => {
    assert.equal(read(text(exec(7, 1)), t), undefined);
    assert.equal(readAccount("/nonexistent/processes.jsonl"), undefined);
  });

  for (const bad of [
    "x",
    "null",
    "{}",
    '{"what":"start","at":"-1","pid":1}',
    '{"what":"exec","at":"1","pid":"1","name":"","task":""}',
  ]) {
    it(`is refused with ${bad} in it`, (t) => {
      assert.throws(() => read(`${text(begin(7, 1, 0))}${bad}\n`, t), {
        code: "BAD_RECORD",
        message: /processes\.jsonl: line 2 tells of no process/,
      });
    });
  }
});
