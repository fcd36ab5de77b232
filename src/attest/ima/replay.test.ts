// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import {
  asciiList,
  type Bank,
  binaryList,
  EVERY_TEMPLATE,
  hash,
  type Measured,
  pcrOf,
} from "../../../test/helpers/ima-lists.ts";
import { bootAggregate, checkBootAggregate } from "./aggregate.ts";
import { parseAsciiList } from "./ascii.ts";
import { parseBinaryList } from "./binary.ts";
import { findFiles } from "./files.ts";
import { imaFaults, matchIma, replayIma } from "./replay.ts";
import { IMA_BANKS, type ImaBank, type ImaDigest } from "./types.ts";

const digest: ImaDigest = (bank, data) => new Uint8Array(createHash(bank).update(data).digest());
const entriesOf = (list: readonly Measured[]) => parseBinaryList(binaryList(list)).entries;
const entries = entriesOf(EVERY_TEMPLATE);
const hex = (data: Uint8Array): string => Buffer.from(data).toString("hex");

describe("replay of a measurement list", () => {
  for (const bank of IMA_BANKS) {
    it(`makes PCR 10 of ${bank}, as new and as old kernels extend it`, () => {
      const own = replayIma(entries, { bank, digest });
      assert.equal(hex(own), hex(pcrOf(EVERY_TEMPLATE, bank)));
      const padded = replayIma(entries, { bank, digest, extension: "padded-sha1" });
      assert.equal(hex(padded), hex(pcrOf(EVERY_TEMPLATE, bank, true)));
      for (const value of [own, padded]) {
        const match = matchIma(entries, value, { bank, digest });
        assert.ok(match.matched);
        assert.equal(match.entries, 9);
        assert.equal(match.violations, 1);
        const which = bank !== "sha1" && value === padded ? "padded-sha1" : "own";
        assert.equal(match.extension, which);
      }
    });
  }

  it("vouches for the beginning that a register speaks of, and for nothing after it", () => {
    for (let count = 0; count < 9; count++) {
      const value = pcrOf(EVERY_TEMPLATE.slice(0, count), "sha256");
      const match = matchIma(entries, value, { bank: "sha256", digest });
      assert.ok(match.matched);
      assert.equal(match.entries, count);
    }
  });

  it("finds no beginning once an entry is changed, gone, added in front or in another place", () => {
    const value = pcrOf(EVERY_TEMPLATE, "sha256");
    const [first, second, ...rest] = EVERY_TEMPLATE;
    assert.ok(first && second);
    const lists = [
      [first, ...rest],
      [second, first, ...rest],
      [first, first, second, ...rest],
      [first, { ...second, path: "/usr/bin/other" }, ...rest],
    ];
    for (const list of lists) {
      const match = matchIma(entriesOf(list), value, { bank: "sha256", digest });
      assert.equal(match.matched, false);
    }
    assert.throws(() => matchIma(entries, value, { bank: "sha1", digest }), /20 bytes, not 32/);
  });

  it("replays another register", () => {
    const other = EVERY_TEMPLATE.filter(({ pcr }) => pcr === 9);
    const moved = other.map((one) => ({ ...one, pcr: 10 }));
    const value = replayIma(entries, { bank: "sha256", digest, pcr: 9 });
    assert.equal(hex(value), hex(pcrOf(moved, "sha256")));
  });

  for (const bank of ["sha1", "sha256", "sha512"] as const satisfies readonly Bank[]) {
    it(`names the entries whose ${bank} template digest is wrong`, () => {
      const text = asciiList(EVERY_TEMPLATE, bank);
      const list = parseAsciiList(new Uint8Array(Buffer.from(text)));
      assert.deepEqual(imaFaults(list, digest), []);
      const forged = text.replace("/usr/bin/signed", "/usr/bin/signee");
      const faults = imaFaults(parseAsciiList(new Uint8Array(Buffer.from(forged))), digest);
      assert.deepEqual(
        faults.map(({ number }) => number),
        [4],
      );
    });
  }
});

describe("boot_aggregate", () => {
  const registers = (bank: ImaBank): ReadonlyMap<number, Uint8Array> =>
    new Map(Array.from({ length: 10 }, (_, i) => [i, digest(bank, Uint8Array.of(i))]));
  const known = new Map(IMA_BANKS.map((bank) => [bank, registers(bank)] as const));
  const listOf = (algorithm: string, value: Uint8Array, path = "boot_aggregate") =>
    entriesOf([{ template: "ima-ng", path, algorithm, digest: Buffer.from(value) }]);

  it("is over eight registers of SHA-1 and ten of the others", () => {
    for (const bank of IMA_BANKS) {
      const count = bank === "sha1" ? 8 : 10;
      const parts = [...registers(bank).values()].slice(0, count);
      const expected = hash(bank, ...parts);
      assert.equal(
        hex(bootAggregate(bank, registers(bank), digest) ?? new Uint8Array()),
        hex(expected),
      );
      const found = checkBootAggregate(listOf(bank, expected), known, digest);
      assert.deepEqual(found, { verdict: "bound", bank });
    }
  });

  it("tells what else there may be", () => {
    const value = hash("sha256", Buffer.from("other"));
    const verdict = (list: ReturnType<typeof listOf>, by = known): string =>
      checkBootAggregate(list, by, digest).verdict;
    assert.equal(verdict(listOf("sha256", value)), "differs");
    assert.equal(verdict(listOf("sha256", new Uint8Array(32))), "no-tpm");
    assert.equal(verdict(listOf("sha256", value), new Map()), "unknown");
    assert.equal(verdict(listOf("sm3", value)), "unknown");
    assert.equal(verdict(listOf("sha256", value, "/bin/sh")), "missing");
    assert.equal(verdict([]), "missing");
  });
});

describe("files of a list", () => {
  const one = hash("sha256", Buffer.from("one"));
  const two = hash("sha256", Buffer.from("two"));
  const file = (path: string, value: Buffer, violation = false): Measured => ({
    template: "ima-ng",
    path,
    algorithm: "sha256",
    digest: value,
    violation,
  });
  const list = entriesOf([
    file("/a_b", one),
    file("/changed", one),
    file("/changed", two),
    file("/back", two),
    file("/back", one),
    file("/torn", Buffer.alloc(32), true),
    file("/torn", one),
    file("/moved", two),
    file("/hidden", one),
    { ...file("/hidden", hash("sha512")), algorithm: "sha512" },
  ]);
  const status = (path: string, value: Buffer, algorithm = "sha256"): string =>
    findFiles(list, [{ path, digests: { [algorithm]: [hex(value)] } }])[0]?.status ?? "";

  it("are measured only when every measurement is the expected one", () => {
    assert.equal(status("/a b", one), "measured");
    assert.equal(status("/a b", two), "changed");
    assert.equal(status("/changed", one), "changed");
    assert.equal(status("/back", one), "changed");
    assert.equal(status("/torn", one), "violated");
    assert.equal(status("/a b", one, "sha512"), "incomparable");
    // a content that nobody can compare takes nothing back of one that is known, and is not forgotten for it either
    assert.equal(status("/hidden", one), "incomparable");
    assert.equal(status("/hidden", two), "changed");
    assert.equal(status("/nowhere", hash("sha256")), "absent");
    const [moved] = findFiles(list, [{ path: "/here", digests: { sha256: [hex(two)] } }]);
    assert.match(moved?.why ?? "", /its content is, as \/changed \(entry 3\)/);
  });
});
