// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { anyText } from "../../../test/helpers/any-event.ts";
import { statusOf, type StatusParts } from "../../../test/helpers/recorded-daemon.ts";
import { drawn, plainText } from "../screen/line.ts";
import { textWidth } from "../screen/width.ts";
import { curve, shortAge, shortCount, shortTime } from "./figures.ts";
import { type Listed, ofDaemon } from "./listed.ts";
import { added, type Histogram, percentileOf, remembered, type Snapshot } from "./latency.ts";
import { withLook } from "./look.ts";
import { initialState, shownRows, type TopState } from "./state.ts";
import { type Effect, pressed } from "./update.ts";
import { view } from "./view.ts";

const START = Date.parse("2026-11-22T11:00:00Z");
const THERE = { kind: "there" } as const;

// biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences that are ours
const OURS = /\u001b\[(?:K|2K|[\d;]*m)/g;

function stateOf(workloads: readonly StatusParts[], size = "80x24"): TopState {
  const [columns = 0, rows = 0] = size.split("x").map(Number);
  const state = initialState({ columns, rows }, START, true);
  return look(state, workloads.map(statusOf).map(ofDaemon), 1_000);
}

function look(state: TopState, listed: readonly Listed[], passedMs = 1_000): TopState {
  return withLook(state, { now: state.now + passedMs, daemon: THERE, listed });
}

function texts(state: TopState): string[] {
  return view(state).map((line) => plainText(line, state.size.columns));
}

function type(state: TopState, ...keys: readonly string[]): TopState {
  return keys.reduce((before, key) => pressed(before, key).state, state);
}

function effectOf(state: TopState, key: string): Effect | undefined {
  return pressed(state, key).effect;
}

describe("figures", () => {
  it("of counts take five columns at most", () => {
    const cases: [number, string][] = [
      [0, "0"],
      [0.4, "0.4"],
      [0.01, "0"],
      [9_999, "9999"],
      [9_999.6, "10.0k"],
      [12_345, "12.3k"],
      [999_499, "999k"],
      [999_600, "1.0M"],
      [4_500_000_000, "4.5G"],
    ];
    for (const [value, text] of cases) assert.equal(shortCount(value), text);
    fc.assert(fc.property(fc.nat(), (value) => assert.ok(shortCount(value).length <= 5)));
  });

  it("of times take six columns at most", () => {
    const cases: [number, string][] = [
      [8.14, "8.1us"],
      [85, "85us"],
      [999.6, "1.0ms"],
      [9_960, "10ms"],
      [12_000_000, "12s"],
    ];
    for (const [value, text] of cases) assert.equal(shortTime(value, "u"), text);
    fc.assert(fc.property(fc.nat(999_000_000), (us) => assert.ok(shortTime(us, "u").length <= 6)));
  });

  it("of ages take six columns at most", () => {
    const cases: [number, string][] = [
      [-5, "0s"],
      [59_999, "59s"],
      [725_000, "12m05s"],
      [11_520_000, "3h12m"],
      [370_800_000, "4d07h"],
    ];
    for (const [value, text] of cases) assert.equal(shortAge(value), text);
  });

  it("as a curve go from nothing to the greatest", () => {
    assert.equal(curve([undefined, 0, 1, 2, 4], 6, true), "  ▁▃▅█");
    assert.equal(curve([0, 4], 2, false), "_#");
    assert.equal(curve([0, 0], 2, true), "▁▁");
    assert.equal(curve([1, 2, 4], 2, true), "▅█");
  });
});

describe("latency", () => {
  it("of the last moments is what was added since", () => {
    const before: Histogram = [
      [10, 90],
      [500, 10],
    ];
    const now: Histogram = [
      [10, 190],
      [20, 7],
      [500, 10],
    ];
    assert.deepEqual(added(now, before), [
      [10, 100],
      [20, 7],
    ]);
    assert.equal(percentileOf(now, 0.99), 500);
    assert.equal(percentileOf(added(now, before), 0.99), 20);
    assert.equal(percentileOf([], 0.99), undefined);
  });

  it("forgets what is older than a minute", () => {
    let snapshots: readonly Snapshot[] = [];
    for (let at = 0; at <= 200_000; at += 1_000)
      snapshots = remembered(snapshots, { at, histogram: [[10, at]] });
    assert.equal(snapshots[0]?.at, 140_000);
    assert.ok(snapshots.length <= 14);
  });

  it("in the list is that of the last minute, where there is any", () => {
    const at = (histogram: Histogram): Listed =>
      ofDaemon(statusOf({ name: "web", latency: { p99Us: 70_000, histogram } }));
    let state = initialState({ columns: 80, rows: 24 }, START, true);
    state = look(state, [at([[70_000, 1]])]);
    assert.match(texts(state)[3] ?? "", / 70ms /);
    state = look(state, [
      at([
        [40, 500],
        [70_000, 1],
      ]),
    ]);
    assert.match(texts(state)[3] ?? "", / 40µs /);
    assert.match(texts(type(state, "enter")).join("\n"), /latency +█ 40µs p99 lately/);
  });
});

describe("the list", () => {
  const three: readonly StatusParts[] = [
    { name: "web", counts: { violations: 3, events: 100 } },
    { name: "db", mode: "free", sealed: false, latency: { p99Us: 900 } },
    { name: "cron", mode: "detect", counts: { violations: 1 } },
  ];

  it("has at 80 columns what operators ask for", () => {
    const [title = "", sums = "", heads = "", ...rows] = texts(stateOf(three));
    assert.match(
      title,
      /^galgo {2}3 workloads {2}1 free {2}1 detect {2}1 enforce .*\d\d:\d\d:\d\d$/,
    );
    assert.match(sums, /violations 4 {2}refused 0 {2}lost 0/);
    for (const head of ["NAME", "MODE", "SENSOR", "HOLDS", "EV/S", "HELD", "P99", "VIOL", "STATE"])
      assert.ok(heads.includes(head), head);
    assert.match(rows[2] ?? "", /^web +enforce seccomp +3\/4 .* 85µs +3 +0 5ab3f09d$/);
  });

  it("keeps name, mode, speed, p99 and violations at 40 columns", () => {
    const lines = texts(stateOf(three, "40x10"));
    assert.match(lines[0] ?? "", /^3 workloads {2}4 violations/);
    assert.match(lines[1] ?? "", /^NAME +MODE +EV\/S +P99 +VIOL$/);
    assert.match(lines.at(-1) ?? "", /Enter open .* q quit/);
  });

  it("fills any screen exactly, whatever the names are", () => {
    const sizes = fc.record({
      columns: fc.integer({ min: 1, max: 160 }),
      rows: fc.integer({ min: 1, max: 40 }),
    });
    const names = fc.array(fc.tuple(anyText, anyText), { maxLength: 5 });
    fc.assert(
      fc.property(sizes, names, fc.boolean(), (size, parts, open) => {
        const workloads = parts.map(([name, word], i) => ({
          name,
          id: `id-${i}`,
          origin: { kind: "command" as const, pid: 1, command: [word] },
          state: word,
          model: { file: word, name, digest: word },
        }));
        const listed = { ...stateOf(workloads), size };
        const shown = view(open ? type(listed, "enter") : listed);
        assert.equal(shown.length, size.rows);
        for (const one of shown) {
          const rest = drawn(one, size.columns, { colours: true, utf8: true }).replace(OURS, "");
          assert.doesNotMatch(rest, /\p{C}/u);
          assert.ok(textWidth(rest) <= size.columns, rest);
        }
      }),
    );
  });

  it("keeps its order while figures change, and the cursor on its workload", () => {
    const state = type(stateOf(three), "down");
    const names = (shown: TopState): string[] => shownRows(shown).map(({ listed }) => listed.name);
    assert.deepEqual(names(state), ["cron", "db", "web"]);
    const busy = three.map((one) => ({ ...one, counts: { events: 5_000, violations: 9 } }));
    const next = look(state, [{ name: "aaa" }, ...busy].map(statusOf).map(ofDaemon));
    assert.deepEqual(names(next), ["aaa", "cron", "db", "web"]);
    assert.equal(next.chosen, state.chosen);
  });

  it("is sorted by the next column with s, and the other way round with r", () => {
    const first = (state: TopState): string | undefined => shownRows(state)[0]?.listed.name;
    const state = type(stateOf(three), "s");
    assert.equal(state.sort, "violations");
    assert.equal(first(state), "web");
    assert.equal(first(type(state, "r")), "db");
    assert.equal(first(type(state, "s", "s")), "db");
  });

  it("is filtered while the filter is typed; Esc takes back, Enter keeps", () => {
    const asked = type(stateOf(three), "/", "w", "e");
    assert.match(texts(asked).at(-1) ?? "", /filter .*we_/);
    assert.equal(shownRows(asked).length, 1);
    assert.equal(shownRows(type(asked, "escape")).length, 3);
    const kept = type(asked, "backspace", "enter");
    assert.equal(kept.filter, "w");
    assert.match(texts(kept)[0] ?? "", /filter: w/);
    assert.equal(type(kept, "escape").filter, "");
    assert.match(texts(type(stateOf(three), "/", "?", "enter")).join("\n"), /nothing matches/);
  });

  it("tells rates, and an event that is held for long", () => {
    const at = (events: number): Listed =>
      ofDaemon(statusOf({ name: "web", held: true, counts: { events } }));
    let state = initialState({ columns: 80, rows: 24 }, START, true);
    state = look(look(state, [at(100)]), [at(300)], 2_000);
    assert.equal(state.rows[0]?.rate, 100);
    state = look(look(look(state, [at(300)]), [at(300)], 3_000), [at(300)], 3_000);
    assert.match(texts(state)[3] ?? "", / 6s /);
  });

  it("tells rates over the time since the last look, however long the daemon let us wait", () => {
    const at = (events: number): Listed => ofDaemon(statusOf({ name: "web", counts: { events } }));
    const state = look(initialState({ columns: 80, rows: 24 }, START, true), [at(0)], 0);
    const silent = { ...state, now: START + 3_900 };
    assert.equal(look(silent, [at(400)], 100).rows[0]?.rate, 100);
  });

  it("shows what has ended for a while", () => {
    const state = look(stateOf(three), []);
    assert.match(texts(state)[3] ?? "", /^cron .* ended /);
    assert.match(texts(state)[0] ?? "", /0 workloads/);
    assert.equal(look(state, [], 20_000).rows.length, 0);
  });

  it("keeps what a daemon ran that is gone, and says so", () => {
    const state = stateOf(three);
    const gone = { kind: "gone", since: state.now, problem: "no daemon answers" } as const;
    const after = withLook(state, { now: state.now + 60_000, daemon: gone, listed: [] });
    assert.equal(after.rows.length, 3);
    assert.match(texts(after)[2] ?? "", /the daemon is gone for 1m00s/);
    assert.equal(after.rows[0]?.rate, undefined);
  });

  it("says that a daemon does not answer", () => {
    const state = stateOf(three);
    const daemon = { kind: "silent", since: state.now - 4_000 } as const;
    assert.match(texts({ ...state, daemon })[2] ?? "", /no answer for 4s/);
  });

  it("says that a daemon may not be asked", () => {
    const daemon = { kind: "closed", problem: "you may not use the daemon" } as const;
    const state = withLook(stateOf([]), { now: START + 2_000, daemon, listed: [] });
    assert.match(texts(state)[2] ?? "", /only what runs alone is shown: you may not/);
  });

  it("says when nothing runs", () => {
    assert.match(texts(stateOf([])).join("\n"), /no workload runs/);
    const state = { ...stateOf([]), only: "we b" };
    assert.match(texts(state).join("\n"), /no workload "we b" runs/);
  });
});

describe("killing", () => {
  it("asks first, and takes only y for a yes", () => {
    const asked = type(stateOf([{ name: "web", id: "w" }]), "k");
    assert.match(texts(asked).at(-1) ?? "", /kill web\? All its processes end\. y: yes/);
    assert.deepEqual(effectOf(asked, "y"), { kind: "kill", id: "w" });
    for (const key of ["n", "escape", "enter", "k", "q"]) {
      assert.equal(effectOf(asked, key), undefined);
      assert.match(texts(type(asked, key)).at(-1) ?? "", /nothing was killed/);
    }
  });

  it("sets free what was attached to, and says so", () => {
    const origin = { kind: "attached", pid: 7 } as const;
    const asked = type(stateOf([{ name: "db", origin }]), "k");
    assert.match(texts(asked).at(-1) ?? "", /set free db\? Its processes go on\. y: yes/);
    assert.match(texts(type(asked, "n")).at(-1) ?? "", /nothing was set free/);
  });

  it("is not offered for what the daemon does not run, or what has ended", () => {
    const listed = { ...ofDaemon(statusOf({ name: "web" })), via: "alone" as const };
    const alone = look(stateOf([]), [listed]);
    assert.match(texts(type(alone, "k")).at(-1) ?? "", /without the daemon/);
    assert.match(
      texts(type(look(stateOf([{ name: "web" }]), []), "k")).at(-1) ?? "",
      /web has ended/,
    );
  });
});

describe("keys everywhere", () => {
  it("quit, suspend, draw anew", () => {
    const state = stateOf([{ name: "web" }]);
    assert.deepEqual(effectOf(state, "q"), { kind: "quit" });
    assert.deepEqual(effectOf(type(state, "enter"), "q"), { kind: "quit" });
    assert.deepEqual(effectOf(type(state, "/"), "interrupt"), { kind: "quit" });
    assert.deepEqual(effectOf(state, "suspend"), { kind: "suspend" });
    assert.equal(effectOf(type(state, "/"), "q"), undefined);
  });

  it("show help that can be scrolled, and lead back", () => {
    const state = stateOf([{ name: "web" }], "40x10");
    const help = type(state, "?");
    assert.match(texts(help)[1] ?? "", /^Keys/);
    assert.match(texts(type(help, "end")).join("\n"), /POINTS/);
    assert.equal(type(help, "end", "escape").view.kind, "list");
  });
});
