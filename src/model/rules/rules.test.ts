// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { BUILTIN_PROFILES, compareRules, describeGrounds, describeRule } from "../index.ts";
import type { OwnRule, RuleSpec } from "../index.ts";
import { RULE_ORDER } from "./rules.ts";

const program = "/usr/bin/x";
const use = "socket_connect";
const OWN: readonly OwnRule[] = [
  { rule: "path-template", template: "/a/{n}" },
  { rule: "path-template", template: "/b/{n}" },
  { rule: "no-digest", path: "/a\n" },
  { rule: "no-digest", path: "/b" },
  { rule: "found-or-made", path: "/a" },
  { rule: "no-program-digest", path: "/a\n" },
  { rule: "port-class", program, use: "socket_bind", from: 9000, to: 9001 },
  { rule: "port-class", program, use, from: 9000, to: 9001 },
  { rule: "port-class", program, use, from: 9000, to: 10_000 },
  { rule: "port-class", program, use, from: 10_000, to: 10_001 },
  { rule: "port-class", program: "/usr/bin/y", use, from: 1, to: 2 },
  { rule: "host-class", program, use, network: "192.0.2.0/24" },
  { rule: "host-class", program, use, network: "198.51.100.0/24" },
  { rule: "value-class", program, hook: "socket_listen", member: "backlog" },
  { rule: "value-class", program, hook: "syscall", syscall: "add_key", member: "args.0" },
  { rule: "value-class", program, hook: "syscall", syscall: "unshare", member: "args.0" },
  { rule: "value-class", program, hook: "syscall", syscall: "unshare", member: "args.1" },
];
const IN_ORDER: readonly RuleSpec[] = [...BUILTIN_PROFILES.portable.rules, ...OWN];

describe("compareRules", () => {
  it("is one total order over all kinds and members", () => {
    assert.deepEqual(new Set(IN_ORDER.map(({ rule }) => rule)), new Set(RULE_ORDER));
    for (const [i, a] of IN_ORDER.entries())
      for (const [j, b] of IN_ORDER.entries())
        assert.equal(Math.sign(compareRules(a, b)), Math.sign(i - j), `${i} ${j}`);
  });

  it("sorts any shuffle into it", () => {
    const shuffled = fc.shuffledSubarray([...IN_ORDER], { minLength: IN_ORDER.length });
    fc.assert(
      fc.property(shuffled, (rules) => assert.deepEqual([...rules].sort(compareRules), IN_ORDER)),
    );
  });

  it("does not look at what a rule rests on", () => {
    const evidence = { runs: ["0".repeat(16)], distinct: 1, values: ["/a/1"] };
    for (const rule of OWN) {
      assert.equal(compareRules(rule, { ...rule, asked: true }), 0);
      assert.equal(compareRules(rule, { ...rule, evidence }), 0);
    }
  });
});

describe("describeRule", () => {
  it("has words of its own for every rule", () => {
    const words = IN_ORDER.map(describeRule);
    assert.equal(new Set(words).size, IN_ORDER.length);
    assert.match(words.join(" "), /"\/a\\n"/);
    assert.doesNotMatch(words.join(""), /undefined|\n/);
  });
});

describe("describeGrounds", () => {
  it("says who wanted the rule, or what was seen", () => {
    const evidence = { runs: ["0".repeat(16), "1".repeat(16)], distinct: 3, values: ["a", "b c"] };
    assert.equal(describeGrounds({ asked: true }), "asked for by name");
    assert.equal(describeGrounds({}), undefined);
    assert.equal(describeGrounds({ evidence }), '3 values in 2 runs: a, "b c", ...');
  });
});
