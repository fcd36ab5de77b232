// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { deflateSync, inflateSync } from "node:zlib";
import fc from "fast-check";
import {
  type CountsItem,
  enrolTokenText,
  hostRights,
  isHostId,
  isInboxOf,
  type Item,
  MAX_MESSAGE_BYTES,
  MAX_PARCEL_BYTES,
  type Parcel,
  parseEnrolToken,
  parseUpSubject,
  rangesOf,
  readCommitted,
  readEnrolAsk,
  readHeartbeat,
  readParcel,
  statesDigest,
  upSubject,
  writeParcel,
} from "./index.ts";

const HOST = "abcdefghij2345672345";
const OTHER = "bbcdefghij2345672345";
const EPOCH = "1700000000000-0123abcd";
const inflate = (bytes: Uint8Array, max: number): Uint8Array =>
  inflateSync(bytes, { maxOutputLength: max });
const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

const COUNTS = { events: 1, points: 2, trajectory: 3, violations: 4, refused: 5, lost: 6 };
const counted: CountsItem = { kind: "counts", at: 1, run: "run-1", counts: COUNTS };
const parcelOf = (items: readonly Item[]): Parcel => ({
  v: 1,
  host: HOST,
  epoch: EPOCH,
  seq: 1,
  at: 5,
  items,
});

describe("subjects", () => {
  it("tell the host and what it sends, or nothing", () => {
    assert.deepEqual(parseUpSubject(upSubject(HOST, "ask.renew")), {
      host: HOST,
      kind: "ask.renew",
    });
    const odd = ["galgo.up", `galgo.up.${HOST}`, `galgo.up.${HOST}.x`, `galgo.down.${HOST}.hb`];
    for (const subject of [...odd, "galgo.up.*.hb", `galgo.up.${HOST}.hb.more`, "galgo.up.all.hb"])
      assert.equal(parseUpSubject(subject), undefined, subject);
  });

  it("know the inboxes of a host, and no name that means more", () => {
    assert.ok(isInboxOf(HOST, `_INBOX.${HOST}.AbC.1`));
    const others = [
      `_INBOX.${OTHER}.a`,
      `_INBOX.${HOST}`,
      `_INBOX.${HOST}.`,
      `_INBOX.${HOST}.a..b`,
    ];
    const wild = [
      `_INBOX.${HOST}.*`,
      `_INBOX.${HOST}.>`,
      `_INBOX.${HOST}.a b`,
      `_INBOX.${HOST}x.a`,
    ];
    for (const reply of [...others, ...wild, "", "galgo.down.all.cmd", "$JS.API.STREAM.DELETE.X"])
      assert.equal(isInboxOf(HOST, reply), false, reply);
  });

  it("give a host its own and no more", () => {
    for (const subject of [...hostRights(HOST).publish, ...hostRights(HOST).subscribe])
      assert.match(subject, new RegExp(`\\.(?:${HOST}|all)\\.>$`));
    for (const id of [
      "",
      "all",
      "ABCDEFGHIJ2345672345",
      `${HOST}a`,
      "2bcdefghij2345672345",
      "a.cdefghij2345672345",
    ])
      assert.equal(isHostId(id), false, id);
  });
});

describe("parcels", () => {
  it("come as they were sent, deflated or not", () => {
    const items = Array.from({ length: 50 }, () => counted);
    const plain = writeParcel(parcelOf(items));
    const packed = writeParcel(parcelOf(items), deflateSync);
    assert.ok(packed.length < plain.length / 5);
    for (const bytes of [plain, packed])
      assert.deepEqual(readParcel(bytes, HOST, inflate), parcelOf(items));
  });

  it("are of the host of their subject", () => {
    const bytes = writeParcel(parcelOf([counted]));
    assert.throws(() => readParcel(bytes, OTHER, inflate), { code: "NOT_FOR_US" });
  });

  it("are refused with the member that is wrong", () => {
    const cases: readonly (readonly [object, RegExp])[] = [
      [{ v: 2 }, /"?v"? has to be/],
      [{ seq: 0 }, /seq has to be at least 1/],
      [{ epoch: "x" }, /epoch has to be the epoch/],
      [{ more: 1 }, /more is not known/],
      [{ items: [{ ...counted, counts: { ...COUNTS, lost: -1 } }] }, /items\.0\.counts\.lost/],
      [{ items: [{ ...counted, kind: "strange" }] }, /items\.0/],
      [{ items: [{ ...counted, run: "../x" }] }, /items\.0\.run has to be the id of a run/],
      [{ items: [{ ...counted, run: undefined }] }, /items\.0\.run is missing/],
    ];
    for (const [change, message] of cases) {
      const bytes = bytesOf({ ...parcelOf([counted]), ...change });
      assert.throws(() => readParcel(bytes, HOST, inflate), { code: "BAD_MESSAGE", message });
    }
  });

  it("have limits, also when they are inflated", () => {
    const bomb = deflateSync(Buffer.alloc(MAX_PARCEL_BYTES * 8, " "));
    assert.ok(bomb.length < MAX_MESSAGE_BYTES);
    const marked = Buffer.concat([Buffer.from("z"), bomb]);
    assert.throws(() => readParcel(marked, HOST, inflate), { code: "BAD_MESSAGE" });
    const large = Buffer.alloc(MAX_MESSAGE_BYTES + 1, "{");
    assert.throws(() => readParcel(large, HOST, inflate), { code: "TOO_LARGE" });
  });

  it("throw nothing but their own error, whatever comes", () => {
    const whole = writeParcel(parcelOf([counted]), deflateSync);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const edited = Uint8Array.from(whole);
        edited[at] = byte;
        try {
          readParcel(edited, HOST, inflate);
        } catch (error) {
          assert.equal((error as Error).name, "LinkError", String(error));
        }
      }),
    );
  });
});

describe("what is committed", () => {
  it("is ranges that are exactly the numbers", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60)), (seqs) => {
        const ranges = rangesOf(seqs);
        const told = ranges.flatMap(([first, last]) =>
          Array.from({ length: last - first + 1 }, (_, i) => first + i),
        );
        assert.deepEqual(
          told,
          [...new Set(seqs)].sort((a, b) => a - b),
        );
        const bytes = bytesOf({ v: 1, epoch: EPOCH, ranges });
        assert.deepEqual(readCommitted(bytes).ranges, ranges);
      }),
    );
    for (const ranges of [
      [[2, 1]],
      [
        [1, 3],
        [3, 4],
      ],
      [
        [5, 6],
        [1, 2],
      ],
    ])
      assert.throws(() => readCommitted(bytesOf({ v: 1, epoch: EPOCH, ranges })), /ascending/);
  });
});

describe("heartbeats", () => {
  it("name all states by one digest, in whatever order they are told", () => {
    const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
    const [a, b] = [
      { run: "a", state: "11" },
      { run: "b", state: "22" },
    ] as const;
    const states = statesDigest([a, b], sha256);
    assert.equal(statesDigest([b, a], sha256), states);
    assert.notEqual(statesDigest([a, { ...b, state: "23" }], sha256), states);
    const spool = { epoch: EPOCH, oldest: 1, next: 1, bytes: 0 };
    const beat = { v: 1, at: 1, rev: 3, states, workloads: 2, spool };
    assert.deepEqual(readHeartbeat(bytesOf(beat)), beat);
    assert.throws(() => readHeartbeat(bytesOf({ ...beat, rev: 1.5 })), /rev has to be a whole/);
  });
});

describe("enrolment", () => {
  it("has tokens of one form, and does not repeat a wrong one", () => {
    const token = { secret: "A".repeat(32), caDigest: "0".repeat(64) };
    assert.deepEqual(parseEnrolToken(`${enrolTokenText(token)}\n`), token);
    for (const text of [
      "",
      "galgo1.secret",
      enrolTokenText(token).toUpperCase(),
      `x${enrolTokenText(token)}`,
    ])
      assert.throws(
        () => parseEnrolToken(text),
        (error: Error) =>
          /is no enrolment token/.test(error.message) && !error.message.includes("secret"),
      );
  });

  it("asks for a key of a user, and for labels that are labels", () => {
    const ask = { v: 1, token: "t", key: `U${"A".repeat(55)}`, name: "host" };
    assert.equal(readEnrolAsk(ask).name, "host");
    assert.throws(() => readEnrolAsk({ ...ask, key: `A${"A".repeat(55)}` }), /public user nkey/);
    assert.throws(() => readEnrolAsk({ ...ask, labels: { "a b": "x" } }), /labels/);
    const odd = readEnrolAsk({ ...ask, labels: JSON.parse('{"__proto__":"x","a":"b"}') as object });
    assert.deepEqual(odd.labels, { a: "b" });
    assert.throws(() => readEnrolAsk({ ...ask, name: "" }), /name has to have at least 1/);
  });
});
