// SPDX-License-Identifier: Apache-2.0
// Lists of real kernels and the registers that these extended; nothing in them was written by us.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  realDigest as digest,
  type RealBank,
  type RealLists,
  realList,
  realLists,
  signedFiles,
} from "../../../test/helpers/real-ima.ts";
import { checkBootAggregate } from "./aggregate.ts";
import { parseAsciiList } from "./ascii.ts";
import { parseBinaryList } from "./binary.ts";
import { ImaError } from "./errors.ts";
import { findFiles } from "./files.ts";
import { imaFaults, matchIma, replayIma } from "./replay.ts";
import { IMA_BANK_SIZES, IMA_BANKS, IMA_PCR, type ImaList } from "./types.ts";

const hex = (data: Uint8Array | undefined): string => Buffer.from(data ?? []).toString("hex");
const bankOf = (name: string): RealBank => IMA_BANKS.find((bank) => name.endsWith(bank)) ?? "sha1";

/** Banks whose algorithm the kernel does not have when it begins to measure. */
const OLD_BANKS: ReadonlyMap<string, readonly RealBank[]> = new Map([
  ["6.1-ima-sig", ["sha384", "sha512"]],
]);
/** `ima_hash` of the command line, where it is not the usual one. */
const BOOT_BANKS: ReadonlyMap<string, RealBank> = new Map([
  ["6.12-ima", "sha1"],
  ["6.12-ima-ng", "sha512"],
]);

function parsed(name: string, bytes: Uint8Array): ImaList {
  return name.startsWith("ascii") ? parseAsciiList(bytes) : parseBinaryList(bytes, bankOf(name));
}

function pcr10({ registers }: RealLists, bank: RealBank): Uint8Array {
  const value = registers.get(bank)?.get(IMA_PCR);
  assert.ok(value);
  return value;
}

function binaryOf({ lists }: RealLists): ImaList {
  const found = [...lists].find(([name]) => name.startsWith("binary"));
  assert.ok(found);
  return parsed(...found);
}

describe("measurement lists of real kernels", () => {
  for (const real of realLists()) {
    for (const [name, bytes] of real.lists) {
      it(`${real.name}, ${name}: template digests are right, and all banks' PCR 10 follow`, () => {
        const list = parsed(name, bytes);
        assert.equal(list.bank, bankOf(name));
        assert.equal(list.entries.length, real.entries);
        assert.deepEqual(imaFaults(list, digest), []);
        for (const bank of IMA_BANKS) {
          const extension = OLD_BANKS.get(real.name)?.includes(bank) ? "padded-sha1" : "own";
          const value = replayIma(list.entries, { bank, digest, extension });
          assert.equal(hex(value), hex(pcr10(real, bank)), bank);
          const match = matchIma(list.entries, value, { bank, digest });
          assert.deepEqual(match, {
            matched: true,
            entries: real.entries,
            extension,
            violations: list.entries.filter((entry) => entry.violation).length,
          });
        }
      });
    }

    it(`${real.name}: begins with the aggregate of the registers that the firmware made`, () => {
      const verdict = checkBootAggregate(binaryOf(real).entries, real.registers, digest);
      const bank = BOOT_BANKS.get(real.name) ?? "sha256";
      assert.deepEqual(verdict, { verdict: "bound", bank });
      const empty = new Uint8Array(IMA_BANK_SIZES[bank]);
      const other = new Map(real.registers.get(bank)).set(4, empty);
      const refused = checkBootAggregate(binaryOf(real).entries, new Map([[bank, other]]), digest);
      assert.equal(refused.verdict, "differs");
    });

    const forms = new Set([...real.lists.keys()].map((name) => name.split("_")[0]));
    if (forms.size === 2)
      it(`${real.name}: binary and ascii say the same`, () => {
        const [binary, ascii] = ["binary", "ascii"].map((form) => {
          const [name = "", bytes] =
            [...real.lists].findLast(([key]) => key.startsWith(form)) ?? [];
          assert.ok(bytes);
          return parsed(name, bytes).entries.map(({ path, file, hashed, violation }) => {
            return [path, file?.kind, file?.algorithm, hex(file?.digest), hex(hashed), violation];
          });
        });
        assert.deepEqual(ascii, binary);
      });

    it(`${real.name}: no bit can be changed so that PCR 10 vouches for other things`, () => {
      const [name = "", bytes] = [...real.lists].find(([key]) => key.startsWith("binary")) ?? [];
      assert.ok(bytes);
      const value = pcr10(real, "sha256");
      const truth = says(bytes, name, value);
      assert.ok(truth);
      // a step that is prime to all sizes in a list
      for (let bit = 0; bit < bytes.length * 8; bit += 1009) {
        const copy = Uint8Array.from(bytes);
        copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const said = says(copy, name, value);
        // names of templates are not bound: what is not known then is told to be so
        for (const [i, one] of (said ?? []).entries())
          assert.ok(one === "unknown" || one === truth[i], `bit ${bit}`);
      }
    });
  }

  it("tell signatures of files as they were made", () => {
    for (const name of ["6.12-ima-sig", "6.12-ima-sigv2", "6.12-format", "6.1-ima-sig"]) {
      const { entries } = binaryOf(realList(name));
      for (const file of signedFiles()) {
        const entry = entries.find(({ path }) => path === file.name);
        assert.equal(hex(entry?.signature), file.signature, `${name}: ${file.name}`);
      }
    }
  });

  it("have violations for files that are read and written at once, which say nothing of the file", () => {
    const { entries } = binaryOf(realList("6.12-ima-sig"));
    const violated = entries.filter((entry) => entry.violation).map(({ path }) => path);
    assert.ok(violated.includes("/root/violated-before"), violated.join());
    assert.ok(violated.includes("/root/violated-after"), violated.join());
  });

  it("tell whether files were measured with the content that is wanted", () => {
    const { entries } = binaryOf(realList("6.12-ima-sig"));
    const content = [hex(digest("sha256", Buffer.from("content\n")))];
    const digests = { sha256: content };
    const paths = [
      "/root/two words",
      "/root/Žluťoučký",
      "/root/changed",
      "/root/violated-after",
      "/root/nothing",
    ];
    const found = findFiles(
      entries,
      paths.map((path) => ({ path, digests })),
    );
    const statuses = found.map(({ status }) => status);
    assert.deepEqual(statuses, ["measured", "measured", "changed", "violated", "absent"]);
  });

  it("hold what the kernel measured of itself", () => {
    const { entries } = binaryOf(realList("6.12-ima-sig"));
    const own = entries.find(({ template }) => template === "ima-buf");
    assert.equal(own?.path, "kernel_version");
    assert.equal(Buffer.from(own.buffer ?? []).toString(), realList("6.12-ima-sig").kernel);
  });
});

/** What the entries say that PCR 10 vouches for; undefined when it vouches for none. */
function says(bytes: Uint8Array, name: string, value: Uint8Array): readonly string[] | undefined {
  try {
    const { entries } = parsed(name, bytes);
    const match = matchIma(entries, value, { bank: "sha256", digest });
    if (!match.matched) return undefined;
    return entries.slice(0, match.entries).map(({ path, file, violation }) => {
      if (violation) return "violation";
      if (path === undefined) return "unknown";
      return [path, file?.kind, file?.algorithm, hex(file?.digest)].join(" ");
    });
  } catch (error) {
    if (error instanceof ImaError) return undefined;
    throw error;
  }
}
