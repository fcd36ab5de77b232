// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aFile, anEvent, ROOT } from "../../../test/helpers/events.ts";
import { SHA256 } from "../../../test/helpers/test-hasher.ts";
import type { SecurityEvent } from "../../event/index.ts";
import { BUILTIN_PROFILES, createMapper, createProfile, nearestBehaviours } from "../index.ts";
import type { RuleSpec } from "../index.ts";
import { type Advice, adviceFor, likelyTemplate, misfitOf } from "./index.ts";

const mapper = createMapper(SHA256);
const open = (name: string, changes: Parameters<typeof aFile>[1] = {}) =>
  anEvent("file_open", { file: aFile(name, changes) });
const tcp = { family: 2, type: 1, protocol: 6 };
const connect = (port: number, address = 1) =>
  anEvent("socket_connect", {
    sock: tcp,
    addr: { family: "inet", port: ((port & 255) << 8) | (port >> 8), address },
  });

function advice(
  event: SecurityEvent,
  allowed: readonly SecurityEvent[],
  more: readonly RuleSpec[] = [],
): readonly Advice[] {
  const rules = [...BUILTIN_PROFILES.portable.rules, ...more];
  const profile = createProfile({ name: "portable", rules }, mapper);
  const mapped = profile.rewrite(event);
  const candidates = allowed.map((e) => profile.rewrite(e));
  const nearest = nearestBehaviours(mapped, candidates, 3);
  return adviceFor({ event, mapped, nearest, rules, program: "/bin/app" });
}

const rulesIn = (found: readonly Advice[]) => found.flatMap(({ rule }) => rule ?? []);
const SHA1 = "0123456789abcdef0123456789abcdef01234567";

describe("likelyTemplate", () => {
  const cases: readonly (readonly [string, string, string | undefined])[] = [
    ["/c/0123456789ab.js", "/c/ba9876543210.js", "/c/{hex:12}.js"],
    [`/c/${SHA1}`, `/c/${SHA1.replace("0", "f")}`, "/c/{hex:40}"],
    ["/log/app.1.log", "/log/app.23.log", "/log/app.{n}.log"],
    ["/w/worker1", "/w/worker22", "/w/worker{n}"],
    ["/t/tmp.aB3dE6gH", "/t/tmp.Zx9Yw8Vu", "/t/tmp.{tmp}"],
    [
      "/u/123e4567-e89b-12d3-a456-426614174000/x",
      "/u/00000000-e89b-12d3-a456-426614174000/x",
      "/u/{uuid}/x",
    ],
    ["/a/{x}1", "/a/{x}2", "/a/{{x}{n}"],
    ["/etc/passwd", "/etc/shadow", undefined],
    ["/a/b/c", "/a/b", undefined],
    ["/1/2/3", "/4/5/6", undefined],
    ["/a/same", "/a/same", undefined],
  ];
  for (const [a, b, template] of cases) {
    it(`${a} and ${b}: ${template}`, () => {
      assert.equal(likelyTemplate(a, b)?.template, template);
      assert.equal(likelyTemplate(b, a)?.template, template);
    });
  }
});

describe("misfitOf", () => {
  it("names the hole and what stands in it", () => {
    assert.deepEqual(misfitOf("/cache/{hex:40}/index.{n}.js", `/cache/${SHA1}/index.x.js`), {
      template: "/cache/{hex:40}/index.{n}.js",
      hole: "{n}",
      value: "x",
    });
  });

  for (const [template, pathname] of [
    ["/cache/{hex:8}.js", "/cache/01234567.js"],
    ["/cache/{hex:8}.js", "/cache/zz.css"],
    ["/cache/{hex:8}.js", "/other/zz.js"],
    ["/cache/{hex:8}/{n}", "/cache/zz/zz"],
    ["/cache/{hex:8}", "relative"],
  ] as const) {
    it(`has nothing to say of ${template} and ${pathname}`, () => {
      assert.equal(misfitOf(template, pathname), undefined);
    });
  }
});

describe("adviceFor", () => {
  it("says that a file was there which the workload had made, of that file only", () => {
    const path = (pathname: string) => ({
      path: { pathname, owner: mapper.zeroDigest, instance: 1n },
    });
    const kinds = (made: string) =>
      advice(open("/srv/stamp"), [open(made, path(made))]).map(({ kind }) => kind);
    assert.deepEqual(kinds("/srv/stamp"), ["made before"]);
    assert.deepEqual(kinds("/srv/other"), []);
  });

  it("offers a template for a name that varies", () => {
    const [first] = advice(open("/srv/c/aabbccdd.js"), [open("/srv/c/00112233.js")]);
    assert.equal(first?.kind, "name varies");
    assert.deepEqual(first.rule, {
      rule: "path-template",
      template: "/srv/c/{hex:8}.js",
      asked: true,
    });
  });

  it("offers none for a program, however its name varies", () => {
    const runs = (name: string, n: number) =>
      open(name, { flags: 0x20, digest: `${n}${n}`.repeat(32) });
    assert.deepEqual(rulesIn(advice(runs("/tmp/aabbccdd", 1), [runs("/tmp/00112233", 2)])), []);
  });

  it("tells the value that does not fit a rule", () => {
    const rule: RuleSpec = { rule: "path-template", template: "/srv/c/{hex:8}.js", asked: true };
    const [first] = advice(open("/srv/c/EVIL\u001b[1m.js"), [open("/srv/c/00112233.js")], [rule]);
    assert.equal(first?.kind, "does not fit the rule");
    assert.match(first.words, /"EVIL\\x1b\[1m" is no \{hex:8\}/);
  });

  it("offers that the content of a file does not count, but not of a program", () => {
    const changed = { digest: "dd".repeat(32) };
    assert.deepEqual(rulesIn(advice(open("/data", changed), [open("/data")])), [
      { rule: "no-digest", path: "/data", asked: true },
    ]);
    const run = { flags: 0x20 };
    const found = advice(open("/bin/x", { ...changed, ...run }), [open("/bin/x", run)]);
    assert.deepEqual(
      found.map(({ kind }) => kind),
      ["content"],
    );
    assert.deepEqual(rulesIn(found), []);
  });

  it("offers a class for another port, and no rule for another host", () => {
    assert.deepEqual(rulesIn(advice(connect(8081), [connect(8080)])), [
      {
        rule: "port-class",
        program: "/bin/app",
        use: "socket_connect",
        from: 8080,
        to: 8081,
        asked: true,
      },
    ]);
    const host = advice(connect(443, 2), [connect(443)]);
    assert.deepEqual(
      host.map(({ kind }) => kind),
      ["host"],
    );
  });

  it("tells how far a rule for ports of the program reaches", () => {
    const rule: RuleSpec = {
      rule: "port-class",
      program: "/bin/app",
      use: "socket_connect",
      from: 8000,
      to: 8099,
      asked: true,
    };
    const [first] = advice(connect(8100), [connect(8000)], [rule]);
    assert.equal(first?.kind, "does not fit the rule");
    assert.match(first.words, /ports 8000 to 8099 .*; here it is port 8100$/);
    const other = { ...rule, program: "/bin/other" };
    assert.notEqual(advice(connect(8100), [connect(8000)], [other])[0]?.kind, first.kind);
  });

  it("knows other rights", () => {
    const other = anEvent("file_open", { file: aFile("/a") }, { coe: { ...ROOT, euid: 5 } });
    assert.match(advice(other, [open("/a")])[0]?.words ?? "", /other credentials/);
  });

  it("says nothing of what has nothing to do with what is allowed", () => {
    assert.deepEqual(advice(open("/etc/shadow"), [open("/srv/data/a")]), []);
  });
});
