// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import {
  FakeRun,
  IDENTITY,
  openOutputPlace,
  opens,
  type OutputPlace,
  PROGRAM,
  violationMark,
} from "../../../../test/helpers/output-run.ts";
import { itemSchema, type Item } from "../../../wire/link/index.ts";
import type { Entry } from "../outbox.ts";
import { KnownBehaviours } from "./known.ts";
import { type Coefficients, RunFeed } from "./run-feed.ts";

let place: OutputPlace;
let run: FakeRun;

beforeEach(() => {
  place = openOutputPlace();
  run = new FakeRun(place.folder);
});
afterEach(() => place.dispose());

/** Not the real ones: what they are is tested where they are made. */
const COEFFICIENTS: Coefficients = {
  introduce: () => undefined,
  of: (event) =>
    event.hook === "file_open"
      ? Buffer.from(event.cell.file.path.pathname).toString("hex").padEnd(64, "0")
      : undefined,
};

function feed(known = new KnownBehaviours(undefined), marks = new Map<string, unknown>()): RunFeed {
  const { directory, workload } = run;
  const why = (number: number): string => `reason ${number}`;
  const model = "ab".repeat(32);
  const fed = { run: workload.run, directory, coefficients: COEFFICIENTS, model, why };
  return new RunFeed(fed, known, marks);
}

function itemsOf(entries: readonly Entry<Item>[]): readonly Item[] {
  const items = entries.flatMap(({ items: some }) => some);
  for (const item of items) assert.equal(itemSchema().safeParse(item).success, true);
  return items;
}

describe("what is told of a run", () => {
  it("has violations with who acted and why, and what their coefficients stand for", () => {
    run.violates(opens("/etc/shadow"), violationMark(1));
    const [violation, behaviour, ...rest] = itemsOf(feed().pull(5).entries);
    assert.equal(rest.length, 0);
    assert.ok(violation?.kind === "violation" && behaviour?.kind === "behaviour");
    assert.equal(violation.id, `${run.workload.run}/forensics/2`);
    assert.match(violation.words, /^opens .*\/etc\/shadow/);
    assert.equal(violation.why, "reason 1");
    assert.equal(violation.program, PROGRAM);
    assert.equal(violation.chain.at(-1), PROGRAM);
    assert.equal(violation.decision, "denied");
    assert.equal(violation.model, "ab".repeat(32));
    assert.equal(behaviour.coefficient, violation.coefficient);
    assert.equal(behaviour.valid, false);
    assert.deepEqual(JSON.parse(violation.record), JSON.parse(behaviour.record));
  });

  it("has each behaviour once, whichever run shows it", () => {
    const known = new KnownBehaviours(undefined);
    run.learns(IDENTITY, opens("/a"), opens("/b"), opens("/a"));
    const first = itemsOf(feed(known).pull(1).entries);
    assert.deepEqual(
      first.map((item) => item.kind),
      ["behaviour", "behaviour"],
    );
    run = new FakeRun(place.folder);
    run.learns(IDENTITY, opens("/b"), opens("/c"));
    const [only, ...others] = itemsOf(feed(known).pull(1).entries);
    assert.ok(only?.kind === "behaviour" && only.valid);
    assert.match(only.words, /\/c/);
    assert.equal(others.length, 0);
  });

  it("goes on where its marks say, and still knows who acts", () => {
    run.violates(opens("/one"), violationMark(1));
    const marks = new Map<string, unknown>();
    for (const entry of feed().pull(1).entries)
      for (const [key, mark] of Object.entries(entry.marks ?? {})) marks.set(key, mark);
    run.violates(opens("/two"), violationMark(2));
    const known = new KnownBehaviours(undefined);
    const [violation, , ...rest] = itemsOf(feed(known, marks).pull(2).entries);
    assert.equal(rest.length, 0);
    assert.ok(violation?.kind === "violation");
    assert.equal(violation.id, `${run.workload.run}/forensics/4`);
    assert.equal(violation.program, PROGRAM);
  });

  it("has what processes did, without lines that nobody understands", () => {
    const line = { at: "12", pid: 3, name: "sh", task: "ab" };
    const lines = [
      { what: "start", ...line, ppid: 1, untrusted: false },
      { what: "exec", ...line },
      { what: "cut", lines: 3 },
    ].map((each) => JSON.stringify(each));
    appendFileSync(run.directory.processes, `${lines.join("\n")}\nnot JSON\n{"what":`);
    const [item, ...rest] = itemsOf(feed().pull(1).entries);
    assert.equal(rest.length, 0);
    assert.ok(item?.kind === "processes");
    assert.deepEqual(
      item.processes.map(({ what }) => what),
      ["start", "exec"],
    );
  });

  it("has what one file holds though another one can not be read", () => {
    run.violates(opens("/etc/shadow"), violationMark(1));
    mkdirSync(run.directory.trajectory);
    const { entries, fault } = feed().pull(1);
    assert.equal(itemsOf(entries)[0]?.kind, "violation");
    assert.match(String(fault), /EISDIR/);
  });

  it("leaves a record out that is longer than the fleet takes, not what it is about", () => {
    run.violates(opens(`/${"x".repeat(70_000)}`), violationMark(1));
    const [violation] = itemsOf(feed().pull(1).entries);
    assert.ok(violation?.kind === "violation");
    assert.ok(violation.words.length <= 4_096);
    assert.match(violation.record, /cut/);
  });
});

describe("behaviours that were told", () => {
  it("are known after a restart, and not for ever", () => {
    const path = join(place.folder, "behaviours");
    const coefficient = (at: number): string => `${at}`.padStart(64, "0").replace(/^0+/, "f");
    const told = new KnownBehaviours(path, 10);
    for (let at = 1; at <= 8; at += 1) assert.ok(told.add(`${at}${"0".repeat(63)}`));
    told.keep();
    assert.equal(told.add(`3${"0".repeat(63)}`), false);
    const again = new KnownBehaviours(path, 10);
    assert.equal(again.size, 8);
    for (let at = 10; at < 40; at += 1) again.add(coefficient(at).slice(-32).padEnd(64, "0"));
    assert.ok(again.size <= 10);
    again.keep();
    assert.equal(statSync(path).mode & 0o077, 0);
    assert.equal(readFileSync(path, "latin1").trimEnd().split("\n").length, again.size);
    assert.equal(
      new KnownBehaviours(path, 10).add(coefficient(39).slice(-32).padEnd(64, "0")),
      false,
    );
  });
});
