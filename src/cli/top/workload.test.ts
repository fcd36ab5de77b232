// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { aFile, anEvent } from "../../../test/helpers/events.ts";
import { statusOf, type StatusParts } from "../../../test/helpers/recorded-daemon.ts";
import { writeRecord } from "../../event/index.ts";
import { plainText } from "../screen/line.ts";
import { ofDaemon } from "./listed.ts";
import { withLook } from "./look.ts";
import { MAX_KEPT, RecordList } from "./record-view.ts";
import { initialState, type TopState } from "./state.ts";
import { pressed } from "./update.ts";
import { view } from "./view.ts";
import { whyLines } from "./why.ts";

const SHELL = "aa".repeat(32);
const CAT = "bb".repeat(32);
const ZEROS = "00".repeat(32);

const shell = anEvent(
  "bprm_committed_creds",
  { file: aFile("/bin/sh") },
  { task: { taskId: SHELL, pTaskId: ZEROS } },
);
const cat = anEvent(
  "bprm_committed_creds",
  { file: aFile("/usr/bin/cat") },
  { task: { taskId: CAT, pTaskId: SHELL } },
);

function opens(pathname: string): string {
  return writeRecord(
    anEvent("file_open", { file: aFile(pathname) }, { task: { taskId: CAT, pTaskId: SHELL } }),
  );
}

function violation(number: number, pathname: string, kind = "violation"): string {
  const mark = { kind, number, decision: "denied", heldUs: 40, coefficient: "ab".repeat(32) };
  return `${opens(pathname).slice(0, -1)}, "galgo": ${JSON.stringify(mark)}}`;
}

function listOf(...lines: readonly string[]): RecordList {
  const list = new RecordList();
  for (const text of [writeRecord(shell), writeRecord(cat), ...lines]) list.add(text);
  list.complete = true;
  return list;
}

/** A workload that is open, with these lists. */
function opened(
  forensics: RecordList,
  trajectory: RecordList,
  { size = "80x24", ...parts }: Partial<StatusParts> & { readonly size?: string } = {},
): TopState {
  const [columns = 0, rows = 0] = size.split("x").map(Number);
  const now = Date.parse("2026-11-22T11:10:00Z");
  const listed = [ofDaemon(statusOf({ name: "web", ...parts }))];
  const state = initialState({ columns, rows }, now, true);
  const looked = withLook(state, { now: now + 1_000, daemon: { kind: "there" }, listed });
  return { ...pressed(looked, "enter").state, records: { forensics, trajectory } };
}

function texts(state: TopState): string[] {
  return view(state).map((line) => plainText(line, state.size.columns));
}

function type(state: TopState, ...keys: readonly string[]): TopState {
  return keys.reduce((before, key) => pressed(before, key).state, state);
}

describe("records", () => {
  it("are put in words, with the programs that act", () => {
    const list = listOf(
      opens("/etc/hosts"),
      violation(1, "/etc/shadow"),
      violation(1, "/x", "refused"),
    );
    assert.equal(list.total, 3);
    assert.equal(list.at(0)?.chain, "/bin/sh > /usr/bin/cat");
    assert.equal(list.at(0)?.program, "cat");
    assert.match(list.at(0)?.words ?? "", /opens \/etc\/hosts for reading/);
    assert.equal(list.at(1)?.mark?.number, 1);
    assert.equal(list.at(2)?.mark?.kind, "refused");
  });

  it("that can not be read are shown quoted", () => {
    const list = listOf('{"hook": "\u001b[2J');
    assert.match(list.at(0)?.words ?? "", /can not be read: ".*\\x1b\[2J"/);
  });

  it("are dropped when there are too many, and counted on", () => {
    const list = new RecordList();
    const text = opens("/etc/hosts");
    for (let n = 0; n < 2 * MAX_KEPT + 5; n += 1) list.add(text);
    assert.equal(list.total, 2 * MAX_KEPT + 5);
    assert.equal(list.matching("").length, MAX_KEPT + 5);
    assert.equal(list.at(0)?.number, MAX_KEPT + 1);
  });

  it("are filtered by what they say, also those that come later", () => {
    const list = listOf(opens("/etc/hosts"), opens("/srv/data"));
    assert.equal(list.matching("HOSTS").length, 1);
    list.add(opens("/etc/hosts.allow"));
    const found = list.matching("hosts");
    assert.deepEqual([found.length, found.at(0), found.at(1)], [2, 0, 2]);
  });
});

describe("a workload in whole", () => {
  const forensics = listOf(violation(1, "/etc/shadow"), violation(2, "/root/.ssh/id"));
  const trajectory = listOf(...Array.from({ length: 50 }, (_, n) => opens(`/srv/${n}`)));

  it("shows its facts and its forensics at 80x24", () => {
    const lines = texts(
      opened(forensics, trajectory, { counts: { violations: 2, events: 1_234 } }),
    );
    assert.match(lines[0] ?? "", /^galgo > web {2}enforce +running for 10m01s$/);
    const all = lines.join("\n");
    assert.match(all, /2 violations.*1,234 events/);
    assert.match(all, /p50 21µs +p99 85µs +max 1\.3ms/);
    assert.match(all, /sensor +seccomp +holds 3 of 4 hooks that it sees/);
    assert.match(all, /1 denied {3}cat opens \/etc\/shadow for reading/);
  });

  it("still shows records at 40x10", () => {
    const lines = texts(
      opened(forensics, trajectory, { size: "40x10", counts: { violations: 2 } }),
    );
    assert.equal(lines.length, 10);
    assert.match(lines.join("\n"), /1 denied {3}cat opens \/etc\/shadow/);
    assert.match(lines.at(-1) ?? "", /Esc back/);
  });

  it("follows the newest record until the cursor is moved, and again with f", () => {
    const state = type(opened(forensics, trajectory), "tab");
    assert.match(texts(state).join("\n"), /following\n[\s\S]*\/srv\/49/);
    const up = type(state, "home");
    assert.match(texts(up).join("\n"), /\/srv\/0 /);
    assert.doesNotMatch(texts(up).join("\n"), /following|\/srv\/49/);
    assert.match(texts(type(up, "f")).join("\n"), /following\n[\s\S]*\/srv\/49/);
  });

  it("moves long records sideways", () => {
    const state = opened(listOf(violation(1, `/${"x".repeat(100)}END`)), trajectory);
    assert.doesNotMatch(texts(state).join("\n"), /END/);
    assert.match(texts(type(state, ...Array(8).fill("right"))).join("\n"), /END/);
    assert.match(texts(type(state, "right", "left", "left")).join("\n"), /cat opens/);
  });

  it("opens a record, asks why when it is a violation, and leads back to it", () => {
    const state = type(opened(forensics, trajectory, { id: "w" }), "up");
    const { state: text, effect } = pressed(state, "enter");
    assert.deepEqual(effect, { kind: "why", id: "w", number: 1 });
    assert.match(
      texts(text).join("\n"),
      /Violation 1\n[\s\S]*\/bin\/sh > \/usr\/bin\/cat[\s\S]*\/etc\/shadow/,
    );
    assert.match(texts(type(text, "escape")).join("\n"), /forensics 2/);
    const behaviour = pressed(type(state, "tab"), "enter");
    assert.equal(behaviour.effect, undefined);
    assert.match(texts(behaviour.state).join("\n"), /Behaviour 50/);
  });

  it("says why there is no explanation, whatever is wrong with the files of the run", (t) => {
    const directory = mkdtempSync(join(tmpdir(), "galgo-why-"));
    t.after(() => rmSync(directory, { recursive: true }));
    symlinkSync("forensics.jsonl", join(directory, "forensics.jsonl"));
    for (const path of [directory, join(directory, "forensics.jsonl")]) {
      const listed = ofDaemon(statusOf({ name: "web", directory: path }));
      const [known, , reason] = whyLines(listed, 1, ["known"]);
      assert.equal(known, "known");
      assert.match(reason ?? "", /no explanation here: .*ELOOP/);
    }
  });

  it("filters its records", () => {
    const state = type(opened(forensics, trajectory), "/", "s", "s", "h", "enter");
    const all = texts(state).join("\n");
    assert.match(all, /filter: ssh/);
    assert.match(all, /\.ssh/);
    assert.doesNotMatch(all, /shadow/);
    assert.match(texts(type(state, "escape")).join("\n"), /shadow/);
  });

  it("says why there are no records", () => {
    const none = new RecordList();
    assert.match(texts(opened(none, none)).join("\n"), /reading/);
    none.complete = true;
    assert.match(texts(opened(none, none)).join("\n"), /no violations/);
    none.problem = "the workload is of user 7";
    assert.match(texts(opened(none, none)).join("\n"), /is of user 7/);
  });

  it("goes on when it has ended", () => {
    const state = opened(forensics, trajectory);
    const ended = withLook(state, {
      now: state.now + 60_000,
      daemon: { kind: "there" },
      listed: [],
    });
    assert.match(texts(ended)[0] ?? "", /ended after/);
    assert.match(texts(ended).join("\n"), /\/etc\/shadow/);
    assert.equal(type(ended, "escape").view.kind, "list");
  });

  it("takes any keys in any order, at any size", () => {
    const keys = fc.constantFrom(
      ...["up", "down", "left", "right", "pageup", "pagedown", "home", "end", "enter", "escape"],
      ...["tab", "backspace", "clear", "/", "s", "r", "k", "y", "f", "?", "h", "e", "日", "redraw"],
    );
    const size = fc.record({
      columns: fc.integer({ min: 1, max: 130 }),
      rows: fc.integer({ min: 1, max: 30 }),
    });
    const presses = fc.array(fc.tuple(keys, size), { maxLength: 40 });
    fc.assert(
      fc.property(presses, (pressesOf) => {
        let state = opened(forensics, trajectory);
        const { records } = state;
        for (const [key, at] of pressesOf) {
          state = { ...pressed(state, key).state, size: at, records };
          assert.equal(view(state).length, at.rows);
        }
      }),
    );
  });
});
