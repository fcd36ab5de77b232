// SPDX-License-Identifier: Apache-2.0
// Rules that a model may not list, whatever its schema says.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aModel } from "../../../test/helpers/models.ts";
import { SHA256 } from "../../../test/helpers/test-hasher.ts";
import {
  BUILTIN_PROFILES,
  compareRules,
  lintModel,
  parseWorkloadModel,
  type RuleEvidence,
  type RuleSpec,
  ruleListFaults,
  stringifyWorkloadModel,
} from "../index.ts";

const asked = true as const;
const program = "/usr/bin/x";
const use = "socket_connect" as const;
const evidence: RuleEvidence = {
  runs: ["0".repeat(16), "1".repeat(16)],
  distinct: 2,
  values: ["/a/1"],
};
const listen = { rule: "value-class", program, hook: "socket_listen", member: "backlog" } as const;

const FINE: readonly RuleSpec[] = [
  { rule: "path-template", template: "/srv/app/x-{n}", evidence },
  { rule: "no-digest", path: "/srv/app//x-{n}" },
  { rule: "no-digest", path: "/srv/b", evidence },
  { rule: "no-program-digest", path: "/srv/app/bin/x", asked },
  { rule: "port-class", program, use, from: 1024, to: 2000, evidence },
  { rule: "port-class", program, use, from: 2001, to: 3000, evidence },
  { rule: "port-class", program: "/usr/bin/y", use, from: 1024, to: 3000, evidence },
  { rule: "host-class", program, use, network: "192.0.2.0/24", evidence },
  { rule: "host-class", program, use, network: "2001:db8::/48", evidence },
  { ...listen, evidence },
  {
    rule: "value-class",
    program,
    hook: "syscall",
    syscall: "memfd_create",
    member: "text",
    evidence,
  },
];

const WRONG: readonly (readonly [string, RuleSpec | readonly RuleSpec[], RegExp])[] = [
  [
    "no template",
    { rule: "path-template", template: "/a/{x}", evidence },
    /^\[0\]\.template is wrong: .*no hole/,
  ],
  [
    "a path of no text",
    { rule: "no-digest", path: "/\udc80" },
    /^\[0\]\.path is not well-formed text/,
  ],
  [
    "a value of no text",
    { ...listen, evidence: { ...evidence, values: ["\udc80"] } },
    /evidence\.values\[0\] is not/,
  ],
  ["no program", { ...listen, program: "x", evidence }, /\.program does not begin with a slash/],
  [
    "ports in disorder",
    { rule: "port-class", program, use, from: 2000, to: 1999, evidence },
    /\.from is above to/,
  ],
  [
    "no network",
    { rule: "host-class", program, use, network: "192.0.2.1/24", evidence },
    /write 192\.0\.2\.0\/24/,
  ],
  [
    "no member",
    { ...listen, member: "size", evidence },
    /\.member is no number or text .* there are: backlog/,
  ],
  ["an object", { ...listen, member: "sock", evidence }, /\.member is no number/],
  [
    "a list as a whole",
    { ...listen, hook: "syscall", syscall: "x", member: "args", evidence },
    /args\.N, text/,
  ],
  [
    "a call without name",
    { ...listen, hook: "syscall", member: "text", evidence },
    /\.syscall is missing/,
  ],
  [
    "a call elsewhere",
    { ...listen, syscall: "listen", evidence },
    /\.syscall does not go with the hook socket_listen/,
  ],
  [
    "values of an identity",
    { ...listen, hook: "bprm_committed_creds", evidence },
    /\.hook has no values/,
  ],
  ["no grounds", listen, /^\[0\] has neither evidence nor asked/],
  ["two grounds", { ...listen, evidence, asked }, /^\[0\] has both/],
  [
    "runs in disorder",
    { ...listen, evidence: { ...evidence, runs: ["1".repeat(16), "0".repeat(16)] } },
    /runs is not in ascending/,
  ],
  [
    "more values than there are",
    { ...listen, evidence: { ...evidence, distinct: 0 } },
    /distinct is less/,
  ],
  [
    "too wide",
    { rule: "path-template", template: "/etc/{name}", evidence },
    /^\[0\] is too wide: .* asked for/,
  ],
  [
    "twice the same with other grounds",
    [
      { ...listen, evidence },
      { ...listen, asked },
    ],
    /^\[1\] is doubled/,
  ],
  [
    "ports that overlap",
    [
      { rule: "port-class", program, use, from: 1024, to: 2000, evidence },
      { rule: "port-class", program, use, from: 2000, to: 3000, evidence },
    ],
    /^\[1\] overlaps/,
  ],
  [
    "networks that overlap",
    [
      { rule: "host-class", program, use, network: "10.1.0.0/16", evidence },
      { rule: "host-class", program, use, network: "10.1.2.0/24", evidence },
    ],
    /^\[1\] overlaps/,
  ],
];

describe("the rules of a model", () => {
  it("are fine when each can be, rests on something, and they agree", () => {
    const rules = [...BUILTIN_PROFILES.portable.rules, ...FINE].sort(compareRules);
    assert.deepEqual(ruleListFaults(rules), []);
    const model = aModel({ profile: { name: "portable", rules } });
    assert.deepEqual(
      parseWorkloadModel(stringifyWorkloadModel(model), { source: "m", hasher: () => SHA256 }),
      model,
    );
  });

  for (const [name, rules, fault] of WRONG) {
    it(`are refused with ${name}`, () => {
      const list = "rule" in rules ? [rules] : rules;
      assert.match(ruleListFaults(list).join("; "), fault);
      const all = [...BUILTIN_PROFILES.portable.rules, ...list];
      const text = stringifyWorkloadModel(aModel({ profile: { name: "portable", rules: all } }));
      assert.throws(() => parseWorkloadModel(text, { source: "m", hasher: () => SHA256 }), {
        code: "BAD_FIELD",
      });
    });
  }
});

describe("a model of an older build", () => {
  const rules = BUILTIN_PROFILES.portable.rules.filter(({ rule }) => rule !== "filesystem-class");
  const model = aModel({ profile: { name: "portable", rules } });

  it("is read without the rules that came later", () => {
    assert.deepEqual(
      parseWorkloadModel(stringifyWorkloadModel(model), { source: "m", hasher: () => SHA256 }),
      model,
    );
  });

  it("is told of by lint, with what to do", () => {
    const [found] = lintModel(model).filter(({ code }) => code === "OLD_RULES");
    assert.match(found?.message ?? "", /before there was the rule filesystem-class .* learn again/);
  });
});
