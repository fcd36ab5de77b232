// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aFile, anEvent } from "../../../test/helpers/events.ts";
import type { SecurityEvent, TaskIdentity } from "../../event/index.ts";
import { Actors } from "../records/actors.ts";
import { missingStarts, startedPrograms } from "../models/amend-starts.ts";
import { cascades } from "./cascade.ts";
import type { Mark } from "../records/marks.ts";
import type { FileRecord } from "../records/record-file.ts";

const id = (n: number): string => `${n}${n}`.repeat(32);
const sh: TaskIdentity = { taskId: id(1), pTaskId: "00".repeat(32) };
const touch: TaskIdentity = { taskId: id(2), pTaskId: id(1) };
const content = "ee".repeat(32);

const identity = (task: TaskIdentity, path: string) =>
  anEvent("bprm_committed_creds", { file: aFile(path, { digest: content }) }, { task });
const identities = [identity(sh, "/bin/sh"), identity(touch, "/bin/touch")] as const;
const actors = new Actors();
for (const record of identities) actors.add(record);

const opens = (task: TaskIdentity, path: string, pid: number, changes = {}): SecurityEvent =>
  anEvent("file_open", { file: aFile(path, changes) }, { task, pid, tgid: pid });
const start = opens({ taskId: id(1), pTaskId: id(1) }, "/bin/touch", 20, {
  flags: 0x20,
  digest: content,
});

function records(...marked: readonly (readonly [SecurityEvent, Mark["kind"]])[]): FileRecord[] {
  return marked.map(([event, kind], i) => ({
    line: i + 1,
    text: "",
    event,
    mark: { kind, number: i + 1, decision: "denied" },
  }));
}

describe("cascades", () => {
  const made = opens(touch, "/made", 20);
  const first = opens(sh, "/a", 10);
  const second = opens(sh, "/b", 10);

  it("finds the start of a program that should not run at all", () => {
    const { follows } = cascades(records([start, "violation"], [made, "violation"]), actors)(
      2,
      made,
    );
    assert.deepEqual(follows, { number: 1, how: "started", program: "/bin/touch" });
  });

  it("does not take another content of the program for its start", () => {
    const other = opens({ taskId: id(1), pTaskId: id(1) }, "/bin/touch", 30, { flags: 0x20 });
    const found = cascades(records([other, "violation"], [made, "violation"]), actors)(2, made);
    assert.equal(found.follows, undefined);
  });

  it("finds an earlier violation of the process, and later calls that were refused", () => {
    const all = records([first, "violation"], [second, "violation"], [second, "refused"]);
    const cascadeOf = cascades(all, actors);
    assert.deepEqual(cascadeOf(1, first), { refused: 0 });
    assert.deepEqual(cascadeOf(2, second), {
      follows: { number: 1, how: "same process" },
      refused: 1,
    });
  });
});

describe("what a behaviour of an unknown program needs", () => {
  const made = opens(touch, "/made", 20);
  const violations = [start, made].map((event, i) => ({ number: i + 1, record: { event } }));
  const facts = {
    known: { has: (taskId: string) => taskId === id(1) },
    identities,
    violations,
  };

  it("names the program, and the violation that is its start", () => {
    const part = violations.slice(1);
    assert.deepEqual(startedPrograms(part, facts), ["/bin/touch"]);
    assert.deepEqual(missingStarts(part, facts), [{ program: "/bin/touch", number: 1 }]);
  });

  it("has nothing to say when the start is among them", () => {
    assert.deepEqual(missingStarts(violations, facts), []);
  });
});
