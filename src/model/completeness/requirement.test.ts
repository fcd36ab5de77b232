// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  aFile,
  anEvent,
  aPath,
  DIRECTORY_INODE,
  FILE_INODE,
} from "../../../test/helpers/events.ts";
import type { SecurityEvent, SockAddr } from "../../event/index.ts";
import { checkRequirements } from "./completeness.ts";
import { MAX_REQUIREMENT_CHARS, MAX_REQUIREMENTS } from "./completeness-limits.ts";
import { ModelError } from "../errors.ts";
import { globTest } from "./glob.ts";
import type { LearningRun } from "../learning/learning-run.ts";
import { parseRequirement } from "./requirement.ts";

const runOf = (...events: readonly SecurityEvent[]): LearningRun => ({
  id: "0".repeat(16),
  records: events.map((event) => ({ event, count: 1 })),
  facts: { eventsSeen: 1, eventsLost: 0, durationMs: 1, saturation: [] },
});
const met = (require: string, ...events: readonly SecurityEvent[]): boolean | undefined =>
  checkRequirements([require], [runOf(...events)])[0]?.met;

const open = (pathname: string, flags: number) =>
  anEvent("file_open", { file: aFile(pathname, { flags }) });
const READ = open("/etc/app.conf", 0);
const WRITE = open("/var/lib/app/a/b", 1);
const BOTH = open("/var/lib/app/db", 2);
const RUN = open("/usr/bin/git", 0x20);
const HERE = open("/srv", 0o10000000);
const dir = DIRECTORY_INODE;
const dentry = (pathname: string) => ({ path: aPath(pathname) });
const CREATE = anEvent("inode_create", { dir, dentry: dentry("/tmp/new"), mode: 0o600 });
const UNLINK = anEvent("inode_unlink", { dir, dentry: dentry("/tmp/old") });
const RENAME = anEvent("inode_rename", {
  oldDir: dir,
  oldDentry: dentry("/tmp/from"),
  newDir: dir,
  newDentry: dentry("/tmp/to"),
});
const CUT = anEvent("inode_setattr", {
  dentry: { inode: FILE_INODE, path: aPath("/tmp/cut") },
  attr: { valid: 8, mode: 0, uid: 0, gid: 0, size: 0n },
});
const sock = { family: 2, type: 1, protocol: 6 };
const inet = (host: readonly number[], port: number): SockAddr => ({
  family: "inet",
  port: ((port & 0xff) << 8) | (port >> 8),
  address: host.reduceRight((word, byte) => word * 256 + byte, 0),
});
const connect = (addr: SockAddr) => anEvent("socket_connect", { sock, addr });
const DB = connect(inet([10, 1, 2, 3], 5432));
const SIX = connect({
  family: "inet6",
  port: 0xbb01,
  address: `20010db8${"0".repeat(23)}1`,
});
const LOCAL = connect({ family: "unix", address: "/run/app.sock" });
const ABSTRACT = connect({ family: "unix", address: "\0bus-1" });
const BIND = anEvent("socket_bind", { sock, addr: inet([0, 0, 0, 0], 8080) });
const LISTEN = anEvent("socket_listen", { sock, backlog: 5 });
const ACCEPT = anEvent("socket_accept", { sock, addr: { family: "inet", port: 8080, address: 0 } });
const KILL = anEvent("task_kill", { target: "00", sig: 15, crossNs: 0 });

describe("a requirement", () => {
  const cases: readonly (readonly [string, SecurityEvent, boolean])[] = [
    ["exec:/usr/bin/git", RUN, true],
    ["exec:git", RUN, true],
    ["exec:it", RUN, false],
    ["exec", RUN, true],
    ["exec:/usr/bin/git", open("/usr/bin/git", 0), false],
    ["open:/usr/bin/git", RUN, false],
    ["open:/etc/app.conf", READ, true],
    ["open:/srv", HERE, false],
    ["read:/etc/*.conf", READ, true],
    ["read:/etc/*", open("/etc/a/b", 0), false],
    ["read:/var/lib/app/db", BOTH, true],
    ["read:/var/**", WRITE, false],
    ["write:/var/lib/app/**", WRITE, true],
    ["write:/var/lib/app/*", WRITE, false],
    ["write:/etc/app.conf", READ, false],
    ["write:/tmp/cut", CUT, true],
    ["write:/tmp/new", CREATE, true],
    ["write:/tmp/to", RENAME, true],
    ["create:/tmp/to", RENAME, true],
    ["create:/tmp/from", RENAME, false],
    ["remove:/tmp/from", RENAME, true],
    ["remove:old", UNLINK, true],
    ["connect:*:5432", DB, true],
    ["connect:5432", DB, true],
    ["connect:10.1.*:5000-6000", DB, true],
    ["connect:10.1.2.4:5432", DB, false],
    ["connect:*:5433", DB, false],
    ["connect:[2001:db8::1]:443", SIX, true],
    ["connect:2001:db8::1:443", SIX, true],
    ["connect:*:443", SIX, true],
    ["connect:/run/*.sock", LOCAL, true],
    ["connect:@bus-*", ABSTRACT, true],
    ["connect:*:*", LOCAL, false],
    ["connect", LOCAL, true],
    ["bind:0.0.0.0:8080", BIND, true],
    ["listen", LISTEN, true],
    ["listen:8080", BIND, false],
    ["signal", KILL, true],
    ["signal:TERM", KILL, true],
    ["signal:SIGTERM", KILL, true],
    ["signal:9", KILL, false],
    ["hook:task_kill", KILL, true],
    ["hook:task_kill", LISTEN, false],
  ];
  for (const [text, event, expected] of cases) {
    it(`${text} is ${expected ? "" : "not "}met by ${event.hook}`, () =>
      assert.equal(met(text, event), expected));
  }

  it("listen:PORT is met by a bound socket of a program that listens", () => {
    assert.equal(met("listen:8080", BIND, LISTEN), true);
    assert.equal(met("listen:8081", BIND, LISTEN), false);
  });

  it("accept is met when somebody came", () => {
    assert.equal(met("accept", BIND, LISTEN, ACCEPT), false);
    assert.equal(met("accept:8080", BIND, LISTEN, ACCEPT, READ), true);
    assert.equal(met("accept:8081", BIND, LISTEN, ACCEPT, READ), false);
  });

  it("is met by any of the runs", () => {
    const results = checkRequirements(
      ["connect:5432", "exec:git", "exec:git"],
      [runOf(DB), runOf(RUN)],
    );
    assert.deepEqual(results, [
      { require: "connect:5432", met: true },
      { require: "exec:git", met: true },
    ]);
  });
});

describe("a requirement that is wrong", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["", /must begin with one of exec, open/],
    ["run:/bin/sh", /"?run:\/bin\/sh"? must begin with/],
    ["exec:", /says nothing after the colon/],
    ["connect:db.example.org:5432", /events know addresses, not names/],
    ["connect:db:5432", /no address in db: events/],
    ["connect:*:99999", /no port in 99999/],
    ["connect:*:90-80", /no port in 90-80/],
    ["connect:[::1]", /has no port/],
    ["signal:HELLO", /knows no signal HELLO/],
    ["hook:file_opn", /needs the name of a hook/],
    ["hook", /needs the name of a hook/],
    [`exec:${"a".repeat(MAX_REQUIREMENT_CHARS)}`, /is longer than/],
  ];
  for (const [text, message] of cases) {
    it(`${JSON.stringify(text.slice(0, 40))} is refused with a reason`, () =>
      assert.throws(
        () => parseRequirement(text),
        (e) => e instanceof ModelError && e.code === "BAD_REQUIREMENT" && message.test(e.message),
      ));
  }

  it("is quoted before it is shown", () => {
    assert.throws(
      () => parseRequirement("evil\u001b[31m"),
      (e) => e instanceof ModelError && !e.message.includes("\u001b"),
    );
  });

  it("is refused when there are too many", () => {
    const many = Array.from({ length: MAX_REQUIREMENTS + 1 }, (_, i) => `exec:/bin/${i}`);
    assert.throws(() => checkRequirements(many, []), /at most 200 are allowed/);
  });
});

describe("a pattern of names", () => {
  it("has stars, question marks and backslashes", () => {
    assert.ok(globTest("/a/*/c")("/a/b/c"));
    assert.ok(!globTest("/a/*/c")("/a/b/b/c"));
    assert.ok(globTest("/a/**/c")("/a/b/b/c"));
    assert.ok(globTest("**")(""));
    assert.ok(globTest("a?c")("abc") && !globTest("a?c")("a/c") && !globTest("a?c")("ac"));
    assert.ok(globTest("a\\*")("a*") && !globTest("a\\*")("ab"));
    assert.ok(globTest("*\ndcff")("x\ndcff"));
  });

  it("takes no more time for patterns that others take for ever for", () => {
    assert.ok(!globTest(`${"*a".repeat(200)}b`)("a".repeat(4000)));
  });
});
