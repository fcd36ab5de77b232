// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aFile, anEvent } from "../../../test/helpers/events.ts";
import type { BehaviourDiff, Change, ModelComparison } from "./index.ts";
import { MAX_SARIF_RESULTS, riskOf, sarifOf } from "./index.ts";

const example = anEvent("file_open", { file: aFile("/a") });
const point = (n: number): string => n.toString(16).padStart(64, "0");

const aChange = (n: number, changes: Partial<Change> = {}): Change => ({
  kind: "reads",
  words: `opens /f${n} for reading`,
  risk: "note",
  coefficients: [point(n)],
  tests: [],
  example,
  ...changes,
});

const comparison = (behaviours: Partial<BehaviourDiff>): ModelComparison => ({
  same: false,
  terms: [{ what: "base", a: "zeros", b: "11" }],
  rules: { removed: [], added: [{ rule: "no-digest", path: "/log" }] },
  learning: [],
  common: 1,
  behaviours: {
    programs: [],
    contents: [],
    sameButContents: 0,
    alsoWithOtherContents: { a: 0, b: 0 },
    unnamed: { a: [], b: [] },
    ...behaviours,
  },
});

interface Result {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: string;
  readonly message: { readonly text: string };
  readonly locations: readonly {
    readonly physicalLocation: {
      readonly artifactLocation: { readonly uri: string };
      readonly region: { readonly startLine: number };
    };
    readonly logicalLocations?: readonly { readonly fullyQualifiedName: string }[];
  }[];
  readonly partialFingerprints: Readonly<Record<string, string>>;
}

function logOf(behaviours: Partial<BehaviourDiff>) {
  const log = sarifOf(comparison(behaviours), {
    version: "0.1.0",
    a: "a",
    b: "b",
    uri: "models/b.json",
    lineOf: (text) => (text === point(7) ? 70 : undefined),
  });
  assert.equal(log["version"], "2.1.0");
  const [run] = log["runs"] as readonly {
    readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
    readonly results: readonly Result[];
    readonly invocations: readonly { readonly toolExecutionNotifications: readonly unknown[] }[];
  }[];
  assert.ok(run);
  return run;
}

describe("sarifOf", () => {
  const programs = [
    {
      chain: ["/bin/sh", "/bin/cat"],
      status: "kept" as const,
      added: [aChange(7, { risk: "error", kind: "network", words: "connects to 1.2.3.4:5 (tcp)" })],
      removed: [aChange(8)],
      altered: [{ ...aChange(9), before: point(1), after: point(9), differs: [] }],
    },
  ];

  it("points each result at its rule, its program and the line of its coefficient", () => {
    const { results, tool } = logOf({ programs });
    const [first] = results;
    assert.equal(first?.ruleId, "behaviour-added/network");
    assert.equal(first.level, "error");
    assert.match(first.message.text, /"\/bin\/cat" now connects to 1\.2\.3\.4:5/);
    const [location] = first.locations;
    assert.equal(location?.physicalLocation.artifactLocation.uri, "models/b.json");
    assert.equal(location.physicalLocation.region.startLine, 70);
    assert.equal(location.logicalLocations?.[0]?.fullyQualifiedName, "/bin/sh > /bin/cat");
    assert.deepEqual(Object.values(first.partialFingerprints), [point(7)]);
    for (const { ruleId, ruleIndex } of results)
      assert.equal(tool.driver.rules[ruleIndex]?.id, ruleId);
  });

  it("has a result for rules, terms, contents and what has no name", () => {
    const { results } = logOf({
      programs,
      contents: [{ path: "/bin/sh", use: "program", behaviours: 3 }],
      unnamed: { a: [point(1)], b: [point(2), point(3)] },
    });
    const ids = results.map(({ ruleId }) => ruleId);
    for (const id of ["rule-changed", "terms-changed", "content-changed", "behaviour-unnamed"])
      assert.ok(ids.includes(id), id);
  });

  it("keeps what matters most within the limit, and says what it left out", () => {
    const many = Array.from({ length: MAX_SARIF_RESULTS }, (_, n) => aChange(n + 100));
    const [program] = programs;
    assert.ok(program);
    const { results, invocations } = logOf({
      programs: [{ ...program, added: [...many, ...program.added] }],
    });
    assert.equal(results.length, MAX_SARIF_RESULTS);
    assert.equal(results[0]?.level, "error");
    assert.equal(invocations[0]?.toolExecutionNotifications.length, 1);
  });
});

describe("riskOf", () => {
  const tcp = { family: 2, type: 1, protocol: 6 };
  const cases = [
    ["error", anEvent("file_open", { file: aFile("/bin/ls", { flags: 0x20 }) })],
    ["error", anEvent("file_open", { file: aFile("/root/.ssh/id_rsa") })],
    ["note", anEvent("file_open", { file: aFile("/srv/data") })],
    ["warning", anEvent("file_open", { file: aFile("/srv/data", { flags: 1 }) })],
    ["error", anEvent("file_open", { file: aFile("/etc/cron.d/x", { flags: 1 }) })],
    ["warning", anEvent("file_open", { file: aFile("/dev/null", { flags: 1 }) })],
    ["error", anEvent("mmap_file", { prot: 7, flags: 2 })],
    ["warning", anEvent("socket_create", { ...tcp, kern: 0 })],
    [
      "error",
      anEvent("socket_connect", { sock: tcp, addr: { family: "inet", port: 1, address: 1 } }),
    ],
    [
      "warning",
      anEvent("socket_connect", { sock: tcp, addr: { family: "unix", address: "/run/x" } }),
    ],
  ] as const;
  for (const [level, event] of cases)
    it(`${level}: ${event.hook} ${JSON.stringify(event.cell).slice(0, 80)}`, () => {
      assert.equal(riskOf(event), level);
    });
});
