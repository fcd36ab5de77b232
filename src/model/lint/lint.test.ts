// SPDX-License-Identifier: Apache-2.0
// lint of model files, and the verdict that follows from it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aFile, anEvent } from "../../../test/helpers/events.ts";
import { aModel, coefficient, FIDELITY, FLAT } from "../../../test/helpers/models.ts";
import type { CompletenessDetails } from "../completeness/completeness-types.ts";
import {
  BUILTIN_PROFILES,
  LINT_CODES,
  type LintFinding,
  lintModel,
  type ModelContent,
  readiness,
  type WorkloadModel,
} from "../index.ts";

const withoutRules = (...left: readonly string[]): ModelContent["profile"] => ({
  name: "portable",
  rules: BUILTIN_PROFILES.portable.rules.filter(({ rule }) => !left.includes(rule)),
});
const codes = (...args: Parameters<typeof lintModel>): readonly string[] =>
  lintModel(...args).map(({ level, code }) => `${level} ${code}`);

const POINTS = Array.from({ length: 40 }, (_, i) => coefficient(i));
const RUN = { id: "0".repeat(16), eventsSeen: 50, eventsLost: 0, durationMs: 9, behaviours: 40 };

/** A model of three runs that showed the same, of a program that wrote a file. */
function good(
  details: CompletenessDetails = {},
  changes: Partial<ModelContent> = {},
): WorkloadModel {
  return aModel({
    points: POINTS,
    completeness: {
      runs: 3,
      eventsSeen: 150,
      eventsLost: 0,
      saturation: [40, ...FLAT.slice(1), ...FLAT, ...FLAT],
      perRun: [0, 1, 2].map(() => ({ ...RUN, onlyHere: 0 })),
      curve: [40_000, 40_000, 40_000],
      unseen: { events: 150, once: 0, twice: 0, inOneRun: 0, inTwoRuns: 0 },
      activity: { programs: 1, startup: 30, writes: 9 },
      ...details,
    },
    ...changes,
  });
}

const older = (runs: number, saturation: readonly number[], eventsLost = 0): WorkloadModel =>
  aModel({ points: POINTS, completeness: { runs, eventsSeen: 100, eventsLost, saturation } });
const late = (n: number): readonly number[] => [40 - n, 0, 0, 0, 0, 0, 0, 0, 0, n];
const unseen = (inOneRun: number, inTwoRuns = 0) => ({
  unseen: { events: 150, once: inOneRun, twice: 0, inOneRun, inTwoRuns },
});

describe("lintModel", () => {
  it("has nothing to say of a good model", () => assert.deepEqual(lintModel(good()), []));

  const nowhere = { sensor: "unknown", sees: [], holds: [], absent: [], features: [] } as const;
  const found: readonly (readonly [string, WorkloadModel, readonly string[]])[] = [
    ["no points", good({}, { points: [] }), ["error NO_POINTS"]],
    ["no seal", good({}, { sealed: false }), ["error UNSEALED"]],
    [
      "rules of before",
      good({}, { profile: withoutRules("filesystem-class", "prctl-arguments") }),
      ["warning OLD_RULES", "warning OLD_RULES"],
    ],
    ["nothing held", good({}, { fidelity: { ...FIDELITY, holds: [] } }), ["warning NOTHING_HELD"]],
    [
      "an origin that nobody knows, whatever else that leaves open",
      aModel({
        fidelity: nowhere,
        completeness: { runs: 0, eventsSeen: 0, eventsLost: 0, saturation: [] },
      }),
      ["error UNKNOWN_ORIGIN"],
    ],
    [
      "a requirement that is not met",
      good({ requirements: [{ require: "accept", met: false }] }),
      ["error REQUIREMENT_NOT_MET"],
    ],
    [
      "a program that did nothing",
      good({ activity: { programs: 1, startup: 30 } }),
      ["error IDLE"],
    ],
    [
      "a program that did nothing, but was not asked for more",
      good({
        activity: { programs: 1, startup: 30 },
        requirements: [{ require: "exec:/bin/true", met: true }],
      }),
      [],
    ],
    [
      "a server that nobody asked",
      good({ activity: { programs: 1, reads: 4, writes: 2, binds: 1, listens: 1 } }),
      ["error IDLE_SERVER"],
    ],
    [
      "a server that nobody asked, whatever else it was required to do",
      good({
        activity: { programs: 1, listens: 1 },
        requirements: [{ require: "listen", met: true }],
      }),
      ["error IDLE_SERVER"],
    ],
    ["nothing in a server that was asked", good({ activity: { listens: 1, accepts: 1 } }), []],
    [
      "a program that only read",
      good({ activity: { programs: 2, reads: 3 } }),
      ["warning ONLY_READ"],
    ],
    ["three runs with one behaviour in one of them", good(unseen(1)), ["warning NOT_SATURATED"]],
    [
      "three runs of which each has behaviours of its own",
      good(unseen(4)),
      ["error NOT_SATURATED", "warning UNSEEN_LIKELY"],
    ],
    [
      "many behaviours of which one in a hundred is new, and no more",
      good(unseen(5, 40), { points: Array.from({ length: 400 }, (_, i) => coefficient(i)) }),
      ["warning NOT_SATURATED"],
    ],
  ];
  for (const [name, model, expected] of found) {
    it(`finds ${name}`, () => assert.deepEqual(codes(model), expected));
  }

  const old: readonly (readonly [string, WorkloadModel, readonly string[]])[] = [
    ["lost events", older(3, [], 3), ["error LOST_EVENTS", "warning OLD_MODEL"]],
    ["one run", older(1, late(0)), ["error ONE_RUN", "warning OLD_MODEL"]],
    ["two runs", older(2, late(0)), ["warning FEW_RUNS", "warning OLD_MODEL"]],
    [
      "one run that was still learning at its end",
      older(1, late(3)),
      ["error ONE_RUN", "warning OLD_MODEL", "warning NOT_SATURATED"],
    ],
    ["one run with 5% at its end", older(1, late(2)), ["error ONE_RUN", "warning OLD_MODEL"]],
    [
      "three runs of which the last was learning",
      older(3, [...late(0), ...FLAT, 3, ...FLAT.slice(1)]),
      ["warning OLD_MODEL", "warning NOT_SATURATED"],
    ],
    [
      "three runs of which the last was not",
      older(3, [...late(3), ...FLAT, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]),
      ["warning OLD_MODEL"],
    ],
  ];
  for (const [name, model, expected] of old) {
    it(`finds ${name} in an older model`, () => assert.deepEqual(codes(model), expected));
  }

  it("says what in words", () => {
    const [lost, , , last] = lintModel(older(1, late(3), 5));
    assert.match(lost?.message ?? "", /^5 of 105 events were lost/);
    assert.match(
      last?.message ?? "",
      /last tenth of the run still brought 3 new behaviours, 8% of all/,
    );
    const [growing, likely] = lintModel(good(unseen(4)));
    assert.match(
      growing?.message ?? "",
      /^4 of 40 behaviours were seen in one of 3 runs only: .* 1\.3 new ones \(.*: 2\.67%\)/,
    );
    // 2/3 * 4*3 / 2
    assert.match(likely?.message ?? "", /^about 4 behaviours or more were never seen/);
  });

  it("quotes what was required", () => {
    const [finding] = lintModel(
      good({ requirements: [{ require: "exec:\u001b[2J", met: false }] }),
    );
    assert.ok(finding?.message.includes(String.raw`exec:\x1b[2J`));
  });

  it("takes requirements that the model does not know", () => {
    const idle = good({ activity: { programs: 1 } });
    assert.deepEqual(codes(idle, { requirements: [{ require: "exec", met: true }] }), []);
    assert.deepEqual(codes(good(), { requirements: [{ require: "exec:x", met: false }] }), [
      "error REQUIREMENT_NOT_MET",
    ]);
  });

  it("misses a started program only when it has the records", () => {
    const reads = anEvent("file_open", { file: aFile("/a") });
    const runs = anEvent("file_open", { file: aFile("/bin/sh", { flags: 0x8020 }) });
    const becomes = anEvent("bprm_committed_creds", { file: aFile("/bin/sh") });
    assert.deepEqual(codes(good(), { events: [reads] }), ["warning NO_EXEC"]);
    assert.deepEqual(codes(good(), { events: [reads, runs] }), []);
    assert.deepEqual(codes(good(), { events: [becomes] }), []);
  });

  it("looks at the rules that the workload has of its own", () => {
    const grounds = (runs: number, distinct: number) => ({
      evidence: {
        runs: Array.from({ length: runs }, (_, i) => `${i}`.repeat(16)),
        distinct,
        values: [],
      },
    });
    const withRules = (...rules: ModelContent["profile"]["rules"]): WorkloadModel =>
      good({}, { profile: { name: "p", rules: [...BUILTIN_PROFILES.portable.rules, ...rules] } });
    const template = { rule: "path-template", template: "/srv/cache/{hex:40}" } as const;
    assert.deepEqual(codes(withRules({ ...template, ...grounds(2, 2) })), []);
    assert.deepEqual(codes(withRules({ ...template, ...grounds(1, 2) })), [
      "warning THIN_EVIDENCE",
    ]);
    assert.deepEqual(codes(withRules({ ...template, ...grounds(2, 1) })), [
      "warning THIN_EVIDENCE",
    ]);
    assert.deepEqual(codes(withRules({ ...template, asked: true })), []);
    const wide = { rule: "path-template", template: "/etc/{name}", asked: true } as const;
    assert.deepEqual(codes(withRules(wide)), ["warning WIDE_RULE"]);
    const many = Array.from({ length: 30 }, (_, i) => ({
      rule: "path-template" as const,
      template: `/etc/${i}/{path}`,
      asked: true as const,
    }));
    const findings = lintModel(withRules(...many));
    assert.equal(findings.length, 11);
    assert.match(findings.at(-1)?.message ?? "", /^and 20 more rules/);
  });
});

describe("the verdict", () => {
  const error: LintFinding = { level: "error", code: "IDLE", message: "" };
  const warning: LintFinding = { level: "warning", code: "FEW_RUNS", message: "" };

  it("is ready without errors, whatever warnings there are", () => {
    assert.deepEqual(readiness([]), { verdict: "ready", reasons: [], remarks: [] });
    const { verdict, reasons, remarks } = readiness([warning]);
    assert.deepEqual([verdict, reasons, remarks], ["ready", [], [warning]]);
  });

  it("is not ready with an error, and says which", () => {
    const { verdict, reasons, remarks } = readiness([warning, error]);
    assert.deepEqual([verdict, reasons, remarks], ["not ready", [error], [warning]]);
  });

  it("can be told to overlook, and to be strict", () => {
    assert.equal(readiness([error], { allow: ["IDLE"] }).verdict, "ready");
    assert.equal(readiness([error, warning], { allow: ["FEW_RUNS"] }).verdict, "not ready");
    assert.deepEqual(readiness([warning], { strict: true }).reasons, [warning]);
  });

  it("knows each code once", () => assert.equal(new Set(LINT_CODES).size, LINT_CODES.length));
});
