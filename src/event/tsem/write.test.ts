// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { anyEvent, anyEventOf, anyText } from "../../../test/helpers/any-event.ts";
import { anEvent } from "../../../test/helpers/events.ts";
import type { SecurityEvent } from "../event.ts";
import { HOOK_NAMES, HOOKS } from "../hooks.ts";
import { writeRecord } from "../record.ts";
import { RecordError } from "../record-error.ts";
import { recordParts } from "./parts.ts";
import { isModelled } from "./quixote-cell.ts";
import { quixoteText } from "./quixote-text.ts";
import { readTsemRecord } from "./read.ts";
import type { TsemRecord } from "./tsem-record.ts";
import { exportedRecord, writeTsemRecord } from "./write.ts";

/** The record of one kind about an event. */
function recordOf(
  kind: "event" | "async_event" | "trajectory" | "log",
  event: SecurityEvent,
): TsemRecord {
  return kind === "log"
    ? { kind, event, process: event.process, hook: event.hook }
    : { kind, event };
}

const anyKind = fc.constantFrom("event", "async_event", "trajectory", "log");
const anyRecord: fc.Arbitrary<TsemRecord> = fc.oneof(
  fc.tuple(anyKind, anyEvent).map(([kind, event]) => recordOf(kind, event)),
  fc
    .tuple(anyText, fc.constantFrom(...HOOK_NAMES), fc.constantFrom("LOG", "DENY"))
    .map(([process, hook, action]) => ({ kind: "log" as const, process, hook, action })),
  fc.constant({ kind: "aggregate" as const, value: "0f".repeat(48) }),
  fc.constant({ kind: "nothing" as const }),
);

describe("written records", () => {
  for (const hook of HOOK_NAMES) {
    it(`of ${hook} are read back, whatever they hold`, () => {
      fc.assert(
        fc.property(anyKind, anyEventOf(hook), (kind, event) => {
          const record = recordOf(kind, event);
          assert.deepEqual(readTsemRecord(writeTsemRecord(record)), record);
        }),
        { numRuns: 12 },
      );
    });
  }

  it("are the same when they are made out of records", () => {
    const exported = fc.constantFrom("event", "async_event", "log");
    fc.assert(
      fc.property(exported, anyEvent, fc.boolean(), (kind, event, known) => {
        const one = known ? event : { ...event, pid: 0 };
        const record: unknown = JSON.parse(writeRecord(one));
        assert.equal(exportedRecord(record, kind), writeTsemRecord(recordOf(kind, one)));
      }),
      { numRuns: 150 },
    );
    for (const none of [undefined, "text", [], { event: { pid: 1 } }, { event: null }])
      assert.equal(exportedRecord(none, "event"), undefined);
  });

  it("are one line of valid JSON", () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        const line = writeTsemRecord(record);
        assert.doesNotThrow(() => JSON.parse(line));
        assert.match(line, /^[^\n\r\u0085\u2028\u2029]*$/);
        assert.deepEqual(readTsemRecord(line), record);
      }),
      { numRuns: 150 },
    );
  });

  it("are in the kernel's spelling unless a text needs escapes", () => {
    const kill = anEvent("task_kill", { target: "11".repeat(32), sig: 9, crossNs: 0 });
    const line = writeTsemRecord({ kind: "async_event", event: kill });
    assert.match(line, /^\{"export": \{"type": "async_event"\}, "event": \{"pid": "/);
    assert.match(line, /"sig": "9", "cross_ns": "0"\}\}$/);
    assert.notEqual(recordParts(line), undefined);
    const child = { child: "11".repeat(32), mode: 16 };
    const traced = writeTsemRecord({ kind: "event", event: anEvent("ptrace_access_check", child) });
    assert.match(traced, /"\} *$|", {2}"mode": "16"\}\}$/);
    const odd = writeTsemRecord({ kind: "event", event: { ...kill, process: 'a"b' } });
    assert.match(odd, /^\{"export":\{"type":"event"\},/);
  });

  it("of a log need an event or an action", () => {
    assert.throws(
      () => writeTsemRecord({ kind: "log", process: "a", hook: "file_open" }),
      (error) => error instanceof RecordError && error.code === "NOT_EXPRESSIBLE",
    );
  });
});

/** Text that Quixote can be given. */
const fitText = fc
  .string({ unit: fc.constantFrom(...'ab/\\" ,:\u00ef'), minLength: 1, maxLength: 12 })
  .map((text) => `/${text}.`);
const fitInode = {
  uid: 1,
  gid: 2,
  mode: 0o100755,
  sMagic: 0xef53,
  sId: "vda",
  sUuid: "1f".repeat(16),
};
const fitSock = { family: 2, type: 1, protocol: 6, owner: "22".repeat(32) };

/** Events of the hooks that Quixote models, as its kernel tells them. */
const modelled: fc.Arbitrary<SecurityEvent> = fc
  .tuple(fitText, fc.boolean(), fc.bigInt({ min: 1n, max: 0x7fff_ffff_ffff_ffffn }), fc.nat(0xffff))
  .chain(([pathname, isNew, instance, port]) => {
    const created = isNew ? { owner: "33".repeat(32), instance } : {};
    const path = { dev: { major: 8, minor: 1 }, ...created, type: "chroot", pathname };
    const file = { flags: 0x8000, inode: fitInode, path, digest: "44".repeat(32) };
    const inet6 = { family: "inet6" as const, port, address: "55".repeat(16) };
    const sock = (family: number): typeof fitSock => ({ ...fitSock, family });
    return fc.constantFrom<SecurityEvent>(
      anEvent("file_open", { file }),
      anEvent("mmap_file", { file, prot: 5, flags: 2 }),
      anEvent("mmap_file", { prot: 5, flags: 2 }),
      anEvent("socket_create", { family: 2, type: 1, protocol: 6, kern: 0 }),
      anEvent("socket_connect", { sock: fitSock, addr: { family: "inet", port, address: 7 } }),
      anEvent("socket_bind", { sock: sock(10), addr: { ...inet6, flow: 1, scope: 2 } }),
      anEvent("socket_bind", { sock: sock(1), addr: { family: "unix", address: pathname } }),
      anEvent("socket_connect", {
        sock: sock(16),
        addr: { family: "other", digest: "66".repeat(32) },
      }),
      anEvent("socket_accept", { sock: sock(10), addr: inet6 }),
      anEvent("task_kill", { target: "77".repeat(32), sig: 9, crossNs: 1 }),
    );
  });

const roundTrip = (event: SecurityEvent): TsemRecord =>
  readTsemRecord(writeTsemRecord({ kind: "event", event }, "quixote"), { dialect: "quixote" });

describe("records written for Quixote", () => {
  it("are read as the same event by its rules, of hooks that it models", () => {
    fc.assert(
      fc.property(modelled, fitText, (event, process) => {
        const named = { ...event, process };
        assert.deepEqual(roundTrip(named), { kind: "event", event: named });
      }),
      { numRuns: 200 },
    );
  });

  it("are read as the same event by its rules, of the others but for what it does not look at", () => {
    const others = HOOK_NAMES.filter((hook) => HOOKS[hook].origin === "tsem" && !isModelled(hook));
    for (const hook of others) {
      fc.assert(
        fc.property(anyEventOf(hook), (event) => {
          const capeff = event.coe.capeff & 0x7fff_ffff_ffff_ffffn;
          const plain = { ...event, process: "bash", coe: { ...event.coe, capeff } };
          let record: TsemRecord;
          try {
            record = roundTrip(plain);
          } catch (error) {
            assert.ok(error instanceof RecordError && error.code === "NOT_EXPRESSIBLE");
            return;
          }
          assert.ok(record.kind === "event");
          assert.deepEqual({ ...record.event, cell: 0 }, { ...plain, cell: 0 });
        }),
        { numRuns: 6 },
      );
    }
  });

  it("are refused when its parser can not be given a text", () => {
    for (const process of ["", "a\nb", "\udc80", "ends\\", "{", "}{"]) {
      const event = {
        ...anEvent("capset", { effective: 0n, inheritable: 0n, permitted: 0n }),
        process,
      };
      assert.throws(
        () => writeTsemRecord({ kind: "event", event }, "quixote"),
        (error) => error instanceof RecordError && error.code === "NOT_EXPRESSIBLE",
        process,
      );
    }
  });

  it("are printed as JSON in its text form", () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const text = quixoteText(event);
        assert.deepEqual(Object.keys(JSON.parse(text) as object), ["event", "COE", event.hook]);
      }),
    );
  });
});
