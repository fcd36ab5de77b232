// SPDX-License-Identifier: Apache-2.0
// Verdicts over a real list, and over what somebody who can not change PCR 10 may make of it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { binaryList, hash, type Measured, pcrOf } from "../../../test/helpers/ima-lists.ts";
import { realDigest as digest, realList } from "../../../test/helpers/real-ima.ts";
import { appraiseIma, type ImaCase, type ImaReason, type ImaResult } from "./appraise.ts";
import { parseBinaryList } from "./binary.ts";
import type { WantedFile } from "./files.ts";

const real = realList("6.12-ima-sig");
const list = real.lists.get("binary_sha1") ?? new Uint8Array();
const registers = real.registers.get("sha256") ?? new Map<number, Uint8Array>();
const { entries } = parseBinaryList(list);
const violations = entries.filter((entry) => entry.violation).length;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const file = (path: string, text: string): WantedFile => ({
  path,
  digests: { sha256: [hex(digest("sha256", Buffer.from(text)))] },
});
const GOOD = file("/root/two words", "content\n");
const CHANGED = file("/root/changed", "content\n");

function judged(more: Partial<ImaCase> = {}): ImaResult {
  const given = { list, bank: "sha256", registers, files: [GOOD], violations } as const;
  return appraiseIma({ ...given, ...more }, digest);
}
function reasons(more: Partial<ImaCase>): readonly ImaReason[] {
  return judged(more).refusals.map(({ reason }) => reason);
}
const without = (number: number) => new Map([...registers].filter(([key]) => key !== number));

/** Where each entry of the list begins, and at the end where the list does. */
function offsets(bytes: Uint8Array): readonly number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const found = [0];
  for (let at = 0; at < bytes.length; found.push(at)) {
    const name = view.getUint32(at + 24, true);
    at += 28 + name;
    at += 4 + view.getUint32(at, true);
  }
  return found;
}

/** The list with the entry of this path made anew. */
function edited(path: string, edit: (entry: Buffer) => Buffer): Uint8Array {
  const at = offsets(list);
  const which = entries.findLastIndex((entry) => entry.path === path);
  assert.ok(which >= 0);
  const [from, to] = [at[which], at[which + 1]];
  const entry = Buffer.from(list.slice(from, to));
  return Buffer.concat([list.slice(0, from), edit(entry), list.slice(to)]);
}
function renamed(entry: Buffer, name: string): Buffer {
  const head = Buffer.from(entry.subarray(0, 28));
  head.writeUInt32LE(name.length, 24);
  const rest = entry.subarray(28 + entry.readUInt32LE(24));
  return Buffer.concat([head, Buffer.from(name), rest]);
}

describe("a measurement list and quoted registers", () => {
  it("vouch for files that were measured with the wanted content only", () => {
    const result = judged();
    assert.deepEqual(result.refusals, []);
    assert.equal(result.vouched, real.entries);
    assert.equal(result.entries, real.entries);
    assert.equal(result.violations, violations);
    assert.equal(result.findings[0]?.status, "measured");
  });

  it("give every reason against a list at once", () => {
    const files = [
      CHANGED,
      file("/root/violated-after", "content\n"),
      file("/root/absent", "x"),
      { path: GOOD.path, digests: { sha512: ["00"] } },
    ];
    assert.deepEqual(reasons({ files, violations: 1 }), [
      "VIOLATIONS",
      "FILE_CHANGED",
      "FILE_VIOLATED",
      "FILE_ABSENT",
      "FILE_INCOMPARABLE",
    ]);
  });

  it("say nothing of entries after those that the register speaks of", () => {
    const more = Buffer.concat([list, list.subarray(0, offsets(list)[2])]);
    const result = judged({ list: more });
    assert.deepEqual(result.refusals, []);
    assert.equal(result.entries, real.entries + 2);
    assert.equal(result.vouched, real.entries);
    const shorter = list.slice(0, offsets(list)[40]);
    assert.deepEqual(reasons({ list: shorter }), ["MISMATCH"]);
  });

  it("are refused when they are not of one boot, or no register was quoted", () => {
    assert.deepEqual(reasons({ registers: without(10) }), ["REGISTERS"]);
    assert.deepEqual(reasons({ bank: "sha1" }), ["REGISTERS"]);
    assert.deepEqual(reasons({ registers: without(9) }), ["NOT_BOUND"]);
    const rebooted = new Map(registers).set(3, new Uint8Array(32));
    assert.deepEqual(reasons({ registers: rebooted }), ["NOT_BOUND"]);
    const other = realList("6.12-ima-ng").registers.get("sha256");
    assert.deepEqual(reasons({ registers: other ?? new Map() }), ["MISMATCH"]);
    const empty = new Map(registers).set(10, new Uint8Array(32));
    assert.deepEqual(reasons({ registers: empty }), ["EMPTY", "FILE_ABSENT"]);
    assert.deepEqual(reasons({ list: new Uint8Array() }), ["MISMATCH"]);
    assert.deepEqual(reasons({ list: list.slice(0, -1) }), ["MALFORMED"]);
  });

  it("are not talked out of a changed file by another name for its entry's template", () => {
    assert.deepEqual(reasons({ files: [CHANGED] }), ["FILE_CHANGED"]);
    for (const name of ["site-own", "buf|n-ng|sig", "n-ng|d-ng|sig", "d-ng|sig|n-ng", "x"]) {
      const hidden = edited(CHANGED.path, (entry) => renamed(entry, name));
      assert.deepEqual(reasons({ list: hidden, files: [CHANGED] }), ["FILE_UNREADABLE"], name);
    }
    // a name by which the same fields stand first hides nothing
    for (const name of ["d-ng|n-ng|buf", "ima-buf"]) {
      const same = edited(CHANGED.path, (entry) => renamed(entry, name));
      assert.deepEqual(reasons({ list: same, files: [CHANGED] }), ["FILE_CHANGED"], name);
    }
  });

  it("do not believe entries that say they are of another register", () => {
    const alien = file("/root/planted", "content\n");
    const planted = edited("/root/two_words", (entry) => {
      const copy = Buffer.from(
        entry.toString("latin1").replace("two_words", "planted??"),
        "latin1",
      );
      const name = Buffer.from(copy);
      name.writeUInt32LE(9, 0);
      return Buffer.concat([name, entry]);
    });
    const path = "/root/planted??";
    assert.deepEqual(reasons({ list: planted, files: [{ ...alien, path }] }), ["FILE_ABSENT"]);
    assert.deepEqual(reasons({ list: planted }), []);
  });

  it("are not of this boot by an entry that says it is of another register", () => {
    const zeros: Uint8Array = new Uint8Array(32);
    const booted = new Map(Array.from({ length: 10 }, (_, pcr) => [pcr, zeros] as const));
    const one = { template: "ima-ng", algorithm: "sha256" } as const;
    const first: Measured = { ...one, path: "boot_aggregate", digest: hash("sha256", zeros) };
    const good: Measured = { ...first, digest: hash("sha256", Buffer.alloc(320)) };
    const told = booted.set(10, pcrOf([first], "sha256"));
    const more = { registers: told, files: [], violations: 0 };
    assert.deepEqual(reasons({ ...more, list: binaryList([first]) }), ["NOT_BOUND"]);
    const forged = judged({ ...more, list: binaryList([{ ...good, pcr: 9 }, first]) });
    assert.deepEqual(
      forged.refusals.map(({ reason }) => reason),
      ["NOT_BOUND"],
    );
    assert.equal(forged.vouched, 1);
  });

  it("may leave out files that are optional, and never have them otherwise", () => {
    const optional = (one: WantedFile): WantedFile => ({ ...one, optional: true });
    const absent = optional(file("/root/absent", "x"));
    assert.deepEqual(reasons({ files: [optional(GOOD), absent] }), []);
    assert.deepEqual(reasons({ files: [optional(CHANGED)] }), ["FILE_CHANGED"]);
    const hidden = edited(CHANGED.path, (entry) => renamed(entry, "x"));
    assert.deepEqual(reasons({ list: hidden, files: [absent] }), ["FILE_UNREADABLE"]);
    assert.deepEqual(reasons({ list: hidden, files: [], closed: ["/none"] }), ["FILE_UNREADABLE"]);
  });

  it("have none but known files in closed folders", () => {
    assert.deepEqual(reasons({ closed: ["/opt/galgo"] }), []);
    const { refusals } = judged({ closed: ["/root"] });
    assert.deepEqual([...new Set(refusals.map(({ reason }) => reason))], ["FILE_UNKNOWN"]);
    assert.match(refusals[0]?.message ?? "", /\/root\/.* was measured \(entry \d+\)/);
    assert.ok(!refusals.some(({ message }) => message.includes("two_words")));
    // a folder is no beginning of a name
    assert.deepEqual(reasons({ closed: ["/root/signed"] }), []);
    assert.equal(judged({ closed: ["/"] }).refusals.length, 20);
  });

  it("are judged, not thrown at, whatever the bytes are", () => {
    const spoilt = fc.tuple(fc.nat(list.length - 1), fc.nat(255)).map(([at, byte]) => {
      const copy = Uint8Array.from(list);
      copy[at] = byte;
      return copy;
    });
    const any = fc.oneof(fc.uint8Array({ maxLength: 300 }), spoilt);
    fc.assert(
      fc.property(any, (bytes) => {
        const result = judged({ list: bytes });
        if (result.refusals.length > 0) return;
        assert.equal(result.findings[0]?.status, "measured");
        assert.equal(result.vouched, real.entries);
      }),
      { numRuns: 150 },
    );
  });
});
