// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  BUILTIN_PROFILES,
  ModelError,
  type OwnRule,
  parseRule,
  printRule,
  RULE_FORMS,
  withAskedRules,
} from "../index.ts";

const asked = true as const;
const RULES: readonly (readonly [string, readonly OwnRule[]])[] = [
  ["path:/srv/data/{path}", [{ rule: "path-template", template: "/srv/data/{path}", asked }]],
  ["path:@x-{tmp}", [{ rule: "path-template", template: "@x-{tmp}", asked }]],
  ["no-digest:/srv/db.json", [{ rule: "no-digest", path: "/srv/db.json", asked }]],
  ["no-digest:/srv/a:b {{x}", [{ rule: "no-digest", path: "/srv/a:b {x}", asked }]],
  ["program:/srv/app/bin/x", [{ rule: "no-program-digest", path: "/srv/app/bin/x", asked }]],
  [
    "program:/srv/app/bin/{name}",
    [
      { rule: "path-template", template: "/srv/app/bin/{name}", asked },
      { rule: "no-program-digest", path: "/srv/app/bin//{name}", asked },
    ],
  ],
  [
    "no-digest:/srv/{n}/db.json",
    [
      { rule: "path-template", template: "/srv/{n}/db.json", asked },
      { rule: "no-digest", path: "/srv//{n}/db.json", asked },
    ],
  ],
  [
    "ports:/usr/bin/node:bind:1024-65535",
    [
      {
        rule: "port-class",
        program: "/usr/bin/node",
        use: "socket_bind",
        from: 1024,
        to: 65_535,
        asked,
      },
    ],
  ],
  [
    "ports:/opt/a:bind:c:accept:80",
    [
      {
        rule: "port-class",
        program: "/opt/a:bind:c",
        use: "socket_accept",
        from: 80,
        to: 80,
        asked,
      },
    ],
  ],
  [
    "hosts:/usr/bin/curl:connect:192.0.2.0/24",
    [
      {
        rule: "host-class",
        program: "/usr/bin/curl",
        use: "socket_connect",
        network: "192.0.2.0/24",
        asked,
      },
    ],
  ],
  [
    "hosts:/usr/bin/curl:send:2001:db8::/32",
    [
      {
        rule: "host-class",
        program: "/usr/bin/curl",
        use: "socket_sendmsg",
        network: "2001:db8::/32",
        asked,
      },
    ],
  ],
  [
    "value:/usr/bin/x:socket_listen:backlog",
    [
      {
        rule: "value-class",
        program: "/usr/bin/x",
        hook: "socket_listen",
        member: "backlog",
        asked,
      },
    ],
  ],
  [
    "value:/usr/bin/x:syscall.memfd_create:args.0",
    [
      {
        rule: "value-class",
        program: "/usr/bin/x",
        hook: "syscall",
        syscall: "memfd_create",
        member: "args.0",
        asked,
      },
    ],
  ],
];

const WRONG: readonly (readonly [string, RegExp])[] = [
  ["", /is no rule; there are: path:TEMPLATE/],
  ["/srv/data", /is no rule; there are/],
  ["paths:/srv/{n}", /is no rule; there are/],
  ["constructor:x", /is no rule; there are/],
  ["path:", /nothing follows the colon/],
  ["path:/srv/x", /has no hole/],
  ["path:/srv/{nn}", /\{nn\}"? is no hole/],
  ["no-digest:srv/x", /does not begin with a slash; write no-digest:PATH/],
  ["no-digest:/srv/{x}", /is no hole/],
  ["program:/srv/{n}/", /is a directory/],
  ["ports:/usr/bin/x:80", /has no use \(bind, connect, accept, send\)/],
  ["ports:/usr/bin/x:listen:80", /has no use/],
  ["ports:/usr/bin/x:bind:80-", /is no range of ports/],
  ["ports:/usr/bin/x:bind:1-70000", /is no range of ports/],
  ["ports:/usr/bin/x:bind:90-80", /from is above to/],
  ["ports:x:bind:80-90", /program does not begin with a slash/],
  ["hosts:/usr/bin/x:connect:192.0.2.1/24", /write 192\.0\.2\.0\/24/],
  ["hosts:/usr/bin/x:connect:example.org", /can not be read/],
  ["hosts:/usr/bin/x:connect:1.2.3.4", /its length is not/],
  ["value:/usr/bin/x:listen:backlog", /has no hook and member/],
  [
    "value:/usr/bin/x:socket_listen:sock",
    /member is no number or text of socket_listen; there are: backlog/,
  ],
  ["value:/usr/bin/x:syscall:args.0", /syscall is missing/],
  ["value:/usr/bin/x:socket_listen.listen:backlog", /does not go with the hook/],
];

describe("a rule as text", () => {
  for (const [text, rules] of RULES) {
    it(`is read: ${text}`, () => assert.deepEqual(parseRule(text), rules));
  }

  for (const [text, why] of WRONG) {
    it(`is refused with a reason: ${text}`, () => {
      assert.throws(() => parseRule(text), { code: "BAD_RULE", message: why });
    });
  }

  it("is written as it is read", () => {
    for (const [text, [rule, ...more]] of RULES)
      if (rule !== undefined && more.length === 0)
        assert.equal(printRule(rule), text.replace(":80", ":80-80"));
    assert.equal(printRule({ rule: "proc-self" }), undefined);
  });

  it("that can not be read is an error of its own kind, whatever it is", () => {
    const parts = [
      ...Object.keys(RULE_FORMS).map((kind) => `${kind}:`),
      "/x",
      ":bind:",
      "{n}",
      "{",
      "1-2",
      "\n",
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 6 }), (some) => {
        try {
          for (const rule of parseRule(some.join(""))) assert.equal(rule.asked, true);
        } catch (error) {
          assert.ok(error instanceof ModelError && error.code === "BAD_RULE");
        }
      }),
    );
  });
});

describe("a profile with rules that were asked for", () => {
  const { portable, exact } = BUILTIN_PROFILES;
  const rules = RULES.flatMap(([, some]) => some);

  it("has them in the order of a model, each once", () => {
    const profile = withAskedRules(portable, [...rules, ...rules]);
    assert.equal(profile.rules.length, portable.rules.length + rules.length);
    assert.deepEqual(withAskedRules(portable, [...rules].reverse()), profile);
    assert.equal(withAskedRules(portable, []), portable);
  });

  it("is refused when they do not go together", () => {
    const overlap = ["ports:/a:bind:1000-2000", "ports:/a:bind:1500-3000"].flatMap(parseRule);
    assert.throws(() => withAskedRules(portable, overlap), {
      code: "BAD_RULE",
      message: /ports:\/a:bind:1500-3000 overlaps/,
    });
    assert.throws(() => withAskedRules(exact, rules), { message: /--profile portable/ });
    assert.equal(withAskedRules(exact, []), exact);
  });
});
