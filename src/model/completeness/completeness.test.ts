// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { aFile, anEvent, aPath } from "../../../test/helpers/events.ts";
import type { SecurityEvent } from "../../event/index.ts";
import { completenessOf, type CompletenessSource } from "./completeness.ts";
import {
  chanceOfNew,
  expectedInNextRun,
  neverSeen,
  rarefaction,
  runsAt,
} from "./completeness-estimates.ts";
import { MAX_CURVE, MAX_MINUTES } from "./completeness-limits.ts";
import type {
  LearnedRecord,
  LearningRun,
  MappedPoint,
  MappedRun,
} from "../learning/learning-run.ts";

const NOTHING: CompletenessSource = { learned: [], described: new Map() };

const idOf = (n: number): string => n.toString(16).padStart(16, "0");

type Seen = Partial<MappedPoint> | number;

/** A run that met each behaviour as often as said. */
function aRun(id: number, seen: Readonly<Record<string, Seen>>, eventsLost = 0): MappedRun {
  const points = new Map<string, MappedPoint>();
  for (const [point, value] of Object.entries(seen)) {
    const given = typeof value === "number" ? { count: value } : value;
    points.set(point, { count: 1, tests: [], tenth: 0, ...given });
  }
  const eventsSeen = [...points.values()].reduce((total, { count }) => total + count, 0);
  const facts = { eventsSeen, eventsLost, durationMs: 100 * id, saturation: [] };
  return { id: idOf(id), facts, points, coefficients: [] };
}

/** What rarefaction computes, by trying every order. */
function meanCurve(runs: readonly (readonly string[])[]): number[] {
  const totals = runs.map(() => 0);
  let orders = 0;
  const walk = (rest: readonly (readonly string[])[], seen: ReadonlySet<string>, k: number) => {
    if (rest.length === 0) orders += 1;
    for (const [i, run] of rest.entries()) {
      const more = new Set([...seen, ...run]);
      // each order passes here once for each ending of it
      const endings = factorial(rest.length - 1);
      totals[k] = (totals[k] ?? 0) + more.size * endings;
      walk(
        rest.filter((_, j) => j !== i),
        more,
        k + 1,
      );
    }
  };
  walk(runs, new Set(), 0);
  return totals.map((total) => Math.round((total / orders) * 1000));
}

const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1));

describe("the rarefaction curve", () => {
  it("is the mean over every order of the runs", () => {
    const sets = fc.array(fc.uniqueArray(fc.constantFrom(..."abcdefghij"), { maxLength: 8 }), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(sets, (names) => {
        const runs = names.map((points, i) =>
          aRun(i + 1, Object.fromEntries(points.map((point) => [point, 1]))),
        );
        const { curve = [] } = completenessOf(runs, NOTHING);
        const expected = meanCurve(names);
        // halves may fall to either side
        for (const [i, value] of curve.entries())
          assert.ok(Math.abs(value - (expected[i] ?? -9)) <= 1);
        assert.equal(curve.length, expected.length);
      }),
      { numRuns: 60 },
    );
  });

  it("has the values that are worked out by hand", () => {
    // three runs: two behaviours in all, one in two of them, three in one of them
    assert.deepEqual(rarefaction([0, 3, 1, 2], 3), [3667, 5000, 6000]);
    assert.deepEqual(rarefaction([0, 7], 1), [7000]);
    assert.deepEqual(rarefaction([0], 0), []);
  });

  it("ends at the number of behaviours, and its last step is what one more run is expected to show", () => {
    const curve = rarefaction([0, 4, 3, 2, 1], 4);
    assert.equal(curve.at(-1), 10_000);
    const unseen = { events: 0, once: 0, twice: 0, inOneRun: 4, inTwoRuns: 3 };
    assert.equal((curve[3] ?? 0) - (curve[2] ?? 0), expectedInNextRun(unseen, 4));
  });

  it("says of many runs as much as fits", () => {
    const runs = 1000;
    const shownBy = new Array<number>(runs + 1).fill(0);
    shownBy[1] = 5;
    shownBy[runs] = 20;
    const curve = rarefaction(shownBy, runs);
    assert.equal(curve.length, MAX_CURVE);
    assert.equal(curve.at(-1), 25_000);
    assert.equal(runsAt(MAX_CURVE - 1, runs), runs);
    assert.equal(curve[0], 20_000 + (5000 * runsAt(0, runs)) / runs);
  });
});

describe("estimates of what was not seen", () => {
  it("are worked out from the counts", () => {
    const unseen = { events: 2000, once: 5, twice: 9, inOneRun: 6, inTwoRuns: 2 };
    assert.equal(chanceOfNew(unseen), 2500);
    assert.equal(expectedInNextRun(unseen, 4), 1500);
    // 3/4 * 6*5 / (2*3)
    assert.equal(neverSeen(unseen, 4), 3750);
  });

  it("are absent where one run can not tell, and 0 without events", () => {
    const unseen = { events: 0, once: 0, twice: 0, inOneRun: 6, inTwoRuns: 0 };
    assert.equal(expectedInNextRun(unseen, 1), undefined);
    assert.equal(neverSeen(unseen, 1), undefined);
    assert.equal(chanceOfNew(unseen), 0);
  });
});

const tenths = (first: number): number[] => [first, ...new Array<number>(9).fill(0)];

describe("completeness of runs", () => {
  const first = aRun(1, { a: 3, b: 1, c: { count: 1, tests: ["t1"] } });
  const second = aRun(2, { a: 2, b: 1, d: { count: 2, tests: ["t2"] } }, 1);
  const third = aRun(3, { a: 1, c: { count: 1, tests: ["t3"] } });

  it("counts by run, by event and by test", () => {
    const found = completenessOf([first, second, third], NOTHING);
    assert.deepEqual(
      { runs: found.runs, seen: found.eventsSeen, lost: found.eventsLost, at: found.saturation },
      { runs: 3, seen: 12, lost: 1, at: [tenths(3), tenths(1), tenths(0)].flat() },
    );
    assert.deepEqual(
      found.perRun?.map(({ id, behaviours, onlyHere }) => [id, behaviours, onlyHere]),
      [
        [idOf(1), 3, 0],
        [idOf(2), 3, 1],
        [idOf(3), 2, 0],
      ],
    );
    // a 6, b 2, c 2, d 2
    assert.deepEqual(found.unseen, { events: 12, once: 0, twice: 3, inOneRun: 1, inTwoRuns: 2 });
    assert.deepEqual(found.tests, [
      { name: "t1", behaviours: 1, onlyHere: 0 },
      { name: "t2", behaviours: 1, onlyHere: 1 },
      { name: "t3", behaviours: 1, onlyHere: 0 },
    ]);
  });

  it("does not depend on the order of the runs", () => {
    const expected = completenessOf([first, second, third], NOTHING);
    for (const runs of [
      [third, second, first],
      [second, third, first],
      [second, first, third],
    ])
      assert.deepEqual(completenessOf(runs, NOTHING), expected);
  });

  it("does not count a behaviour as a test's own when a run met it outside of tests", () => {
    const outside = aRun(4, { d: 1 });
    const { tests } = completenessOf([second, outside], NOTHING);
    assert.deepEqual(tests, [{ name: "t2", behaviours: 1, onlyHere: 0 }]);
  });

  it("tells new behaviours by the minute when all of them have a time", () => {
    const timed = aRun(1, { a: { atMs: 0 }, b: { atMs: 59_999 }, c: { atMs: 180_000 } });
    assert.deepEqual(completenessOf([timed], NOTHING).perRun?.[0]?.perMinute, [2, 0, 0, 1]);
    const late = aRun(1, { a: { atMs: 1e12 } });
    assert.equal(completenessOf([late], NOTHING).perRun?.[0]?.perMinute?.length, MAX_MINUTES);
    const untimed = aRun(1, { a: { atMs: 0 }, b: 1 });
    assert.equal(completenessOf([untimed], NOTHING).perRun?.[0]?.perMinute, undefined);
  });

  it("is what there is when nothing was run", () => {
    const { perRun, curve, unseen, activity } = completenessOf([], NOTHING);
    assert.deepEqual([perRun, curve, activity], [[], [], {}]);
    assert.deepEqual(unseen, { events: 0, once: 0, twice: 0, inOneRun: 0, inTwoRuns: 0 });
  });
});

const sock = { family: 2, type: 1, protocol: 6 };
const at = { family: "inet", port: 0x901f, address: 0x0100007f } as const;
const accept = anEvent("socket_accept", { sock, addr: { ...at, port: 8080 } });
const listen = anEvent("socket_listen", { sock, backlog: 5 });
const record = (event: SecurityEvent, count = 1): LearnedRecord => ({ event, count });
const recorded = (...records: readonly LearnedRecord[]): LearningRun => ({
  id: idOf(1),
  records,
  facts: { eventsSeen: 1, eventsLost: 0, durationMs: 1, saturation: [] },
});
const activityIn = (run: LearningRun) =>
  completenessOf([aRun(1, {})], {
    learned: [run],
    described: new Map(run.records.map(({ event }, i) => [`${i}`, event])),
  }).activity;

describe("activity", () => {
  const open = (pathname: string, flags = 0x8000) =>
    anEvent("file_open", { file: aFile(pathname, { flags }) });

  it("tells work from what every start of a program does", () => {
    const run = recorded(
      record(open("/usr/bin/date", 0x8020)),
      record(open("/etc/ld.so.cache")),
      record(open("/usr/lib/x86_64-linux-gnu/libc.so.6")),
      record(anEvent("mmap_file", { file: aFile("/usr/lib/libc.so.6"), prot: 5, flags: 2 })),
      record(open("/dev/null", 0x8002)),
      record(open("/etc/localtime")),
      record(open("/var/log/app.log", 0x8401)),
      record(anEvent("inode_unlink", { dir: aFile("/").inode, dentry: { path: aPath("/tmp/x") } })),
    );
    assert.deepEqual(activityIn(run), {
      programs: 1,
      startup: 4,
      reads: 1,
      writes: 1,
      removes: 1,
    });
  });

  it("counts an accept only when something shows that somebody connected", () => {
    const waiting = recorded(record(listen), record(accept));
    assert.deepEqual(activityIn(waiting), { listens: 1 });
    const again = recorded(record(listen), record(accept, 2));
    assert.deepEqual(activityIn(again), { listens: 1, accepts: 1 });
    const after = recorded(record(listen), record(accept), record(open("/srv/index.html")));
    assert.deepEqual(activityIn(after), { reads: 1, listens: 1, accepts: 1 });
  });

  it("takes what a server does when it ends for nothing", () => {
    const path = aPath("/run/app.pid");
    const gone = anEvent("inode_unlink", { dir: aFile("/").inode, dentry: { path } });
    const run = recorded(record(listen), record(accept), record(gone));
    assert.deepEqual(activityIn(run), { removes: 1, listens: 1 });
    const other = anEvent("socket_accept", { sock, addr: { ...at, port: 8081 } });
    const both = recorded(record(listen), record(accept), record(other));
    assert.deepEqual(activityIn(both), { listens: 1 });
    const asked = anEvent("socket_getpeername", { sock });
    const served = recorded(record(listen), record(accept), record(asked), record(gone));
    assert.deepEqual(activityIn(served), { removes: 1, listens: 1, accepts: 1 });
  });

  it("takes what another program does after an accept for nothing", () => {
    const other = { task: { taskId: "33".repeat(32), pTaskId: "11".repeat(32) } };
    const stranger = anEvent("file_open", { file: aFile("/srv/x") }, other);
    const run = recorded(record(listen), record(accept), record(stranger));
    assert.deepEqual(activityIn(run), { reads: 1, listens: 1 });
  });
});
