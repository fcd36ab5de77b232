// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { anyEvent } from "../../test/helpers/any-event.ts";
import { aFile, anEvent, aSyscall, ROOT, TASK } from "../../test/helpers/events.ts";
import type { SecurityEvent } from "../event/index.ts";
import { nearestBehaviours } from "./index.ts";

const open = (name: string, changes: Parameters<typeof aFile>[1] = {}) =>
  anEvent("file_open", { file: aFile(name, changes) });
const tcp = { family: 2, type: 1, protocol: 6 };
const connect = (port: number, address = 16777343) =>
  anEvent("socket_connect", { sock: tcp, addr: { family: "inet", port, address } });

describe("nearestBehaviours", () => {
  it("puts the same hook first, then what shares most", () => {
    const other = { ...TASK, taskId: "33".repeat(32) };
    const candidates: readonly SecurityEvent[] = [
      anEvent("syslog", { type: 3 }),
      open("/var/lib/x"),
      open("/etc/passwd"),
      anEvent("file_open", { file: aFile("/etc/shadow") }, { task: other }),
    ];
    const names = nearestBehaviours(open("/etc/shadow"), candidates, 3).map(({ event }) =>
      candidates.indexOf(event),
    );
    assert.deepEqual(names, [2, 3, 1]);
  });

  it("says what differs, heaviest first", () => {
    const known = open("/etc/passwd", { flags: 0x8001 });
    const [nearest] = nearestBehaviours(
      anEvent("file_open", { file: aFile("/etc/shadow") }, { coe: { ...ROOT, euid: 5 } }),
      [known],
      1,
    );
    assert.deepEqual(nearest?.differs, [
      { field: "file.path.pathname", expected: "/etc/passwd", got: "/etc/shadow" },
      { field: "file.flags", expected: "32769", got: "32768" },
      { field: "coe.euid", expected: "0", got: "5" },
    ]);
  });

  it("sees an absent member", () => {
    const [nearest] = nearestBehaviours(
      anEvent("mmap_file", { prot: 5, flags: 2 }),
      [anEvent("mmap_file", { file: aFile("/l"), prot: 5, flags: 2 })],
      1,
    );
    assert.ok(
      nearest?.differs.some(({ field, got }) => field === "file.path.pathname" && got === "absent"),
    );
  });

  it("prefers another port of the same host to another host", () => {
    const candidates = [connect(1, 1), connect(2)];
    assert.equal(nearestBehaviours(connect(1), candidates, 1)[0]?.event, candidates[1]);
  });

  it("tells system calls without a hook apart by name", () => {
    const candidates = [aSyscall("unshare", [1n]), aSyscall("setns", [2n])];
    const [nearest] = nearestBehaviours(aSyscall("setns", [1n]), candidates, 1);
    assert.equal(nearest?.event, candidates[1]);
  });

  it("holds what a kernel's hook is about against who is acted on", () => {
    const target = "33".repeat(32);
    const capget = { effective: 1n, inheritable: 0n, permitted: 1n };
    const candidates = [
      anEvent("capget", { ...capget, target, effective: 0n, permitted: 0n }),
      anEvent("capget", { ...capget, target: "44".repeat(32) }),
    ];
    const [nearest] = nearestBehaviours(anEvent("capget", { ...capget, target }), candidates, 1);
    assert.equal(nearest?.event, candidates[0]);
    const modules = ["net-pf-30", "crypto-sha384"].map((kmodName) =>
      anEvent("kernel_module_request", { kmodName }),
    );
    const asked = anEvent(
      "kernel_module_request",
      { kmodName: "net-pf-30" },
      { coe: { ...ROOT, uid: 5 } },
    );
    assert.equal(nearestBehaviours(asked, modules, 1)[0]?.event, modules[0]);
  });

  it("falls back to other hooks only when there are too few", () => {
    const candidates = [open("/a"), anEvent("syslog", { type: 3 })];
    assert.equal(nearestBehaviours(open("/b"), candidates, 1).length, 1);
    const two = nearestBehaviours(open("/b"), candidates, 2);
    assert.equal(two[1]?.differs[0]?.field, "hook");
  });

  it("names alike candidates once", () => {
    assert.equal(nearestBehaviours(open("/a"), [open("/b"), open("/b"), open("/c")], 5).length, 2);
  });

  it("finds the event itself at distance 0 and is ordered", () => {
    fc.assert(
      fc.property(anyEvent, fc.array(anyEvent, { maxLength: 6 }), fc.nat(8), (event, others, n) => {
        const found = nearestBehaviours(event, [...others, event], n + 1);
        assert.ok(found.length >= 1 && found.length <= n + 1);
        assert.equal(found[0]?.distance, 0);
        assert.deepEqual(found[0]?.differs, []);
        const distances = found.map(({ distance }) => distance);
        assert.deepEqual(
          distances,
          [...distances].sort((a, b) => a - b),
        );
      }),
      { numRuns: 100 },
    );
  });
});
