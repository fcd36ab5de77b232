// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  asciiList,
  type Bank,
  binaryList,
  EVERY_TEMPLATE,
  hash,
  type Measured,
  templateData,
} from "../../../test/helpers/ima-lists.ts";
import { parseAsciiList } from "./ascii.ts";
import { parseBinaryList } from "./binary.ts";
import { ImaError } from "./errors.ts";
import { MAX_TEMPLATE_NAME } from "./types.ts";

const BANKS: readonly Bank[] = ["sha1", "sha256", "sha384", "sha512"];
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const refuses = (run: () => unknown, code: string, message: RegExp): void => {
  assert.throws(run, (error) => {
    assert.ok(error instanceof ImaError);
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });
};

describe("measurement lists", () => {
  for (const bank of BANKS) {
    it(`says the same of a binary and an ascii list of ${bank}`, () => {
      const binary = parseBinaryList(binaryList(EVERY_TEMPLATE, bank), bank);
      const ascii = parseAsciiList(bytes(asciiList(EVERY_TEMPLATE, bank)));
      assert.deepEqual(plain(ascii), plain(binary));
    });
  }

  it("tells what was measured", () => {
    const { entries } = parseBinaryList(binaryList(EVERY_TEMPLATE));
    for (const [i, wanted] of EVERY_TEMPLATE.entries()) {
      const entry = entries[i];
      assert.equal(entry?.path, wanted.path);
      assert.equal(entry.pcr, wanted.pcr ?? 10);
      assert.equal(entry.violation, wanted.violation ?? false);
      assert.deepEqual(Buffer.from(entry.file?.digest ?? []), wanted.digest);
      assert.deepEqual(Buffer.from(entry.hashed), templateData(wanted));
      assert.deepEqual(entry.signature && Buffer.from(entry.signature), wanted.signature);
      assert.deepEqual(entry.buffer && Buffer.from(entry.buffer), wanted.buffer);
    }
    assert.equal(entries[6]?.file?.kind, "verity");
    assert.equal(entries[6].file.algorithm, "sha256");
  });

  it("keeps a binary entry of a template not known here, and refuses its text", () => {
    const name = "site-own";
    const data = Buffer.from("anything");
    const u32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);
    const parts = [u32(10), hash("sha1", data), u32(name.length), Buffer.from(name)];
    const list = parseBinaryList(Buffer.concat([...parts, u32(data.length), data]));
    assert.equal(list.entries[0]?.path, undefined);
    assert.deepEqual(Buffer.from(list.entries[0]?.hashed ?? []), data);
    const line = bytes(`10 ${"aa".repeat(20)} ${name} x\n`);
    refuses(() => parseAsciiList(line), "UNKNOWN_TEMPLATE", /line 1.*site-own.*binary list/);
  });

  it("reads a template that is told by its format", () => {
    const [one] = EVERY_TEMPLATE;
    assert.ok(one);
    const line = asciiList([one]).replace(" ima-ng ", " d-ng|n-ng ");
    assert.equal(parseAsciiList(bytes(line)).entries[0]?.path, "boot_aggregate");
  });

  it("reads a digest of any length, as the binary list does", () => {
    const line = `10 ${"aa".repeat(20)} ima-ng sha1:${"bb".repeat(300_000)} /x\n`;
    assert.equal(parseAsciiList(bytes(line)).entries[0]?.file?.digest.length, 300_000);
  });

  it("reads a line whose empty signature lost its blank", () => {
    const bare: Measured = { ...(EVERY_TEMPLATE[4] as Measured) };
    const line = asciiList([bare]).replace(/ \n$/, "\n");
    assert.deepEqual(
      plain(parseAsciiList(bytes(line))),
      plain(parseBinaryList(binaryList([bare]))),
    );
  });

  it("refuses what no list has", () => {
    const good = `10 ${"aa".repeat(20)} ima-ng sha1:${"bb".repeat(20)} /x\n`;
    const cases: readonly (readonly [string, string, RegExp])[] = [
      [good.slice(0, -1), "BAD_LINE", /line 1: ends without a line break/],
      [`${good}nonsense\n`, "BAD_LINE", /line 2: not a register/],
      [good.replace("10 ", "24 "), "BAD_LINE", /register 24/],
      [good.replace("aa", ""), "BAD_LINE", /template digest of no known length/],
      [good.replace("/x", "/x y"), "BAD_LINE", /3 fields; ima-ng has 2/],
      [good.replace("sha1:", ""), "BAD_LINE", /without algorithm/],
      [good.replace("sha1:", "sha1:b"), "BAD_LINE", /not hex/],
      [good.replace("sha1:", "a:sha1:"), "BAD_LINE", /fields that no ima-ng/],
      [
        good + good.replace("aa".repeat(20), "aa".repeat(32)),
        "BAD_LINE",
        /line 2: a template digest/,
      ],
      [good.replace("/x", "/x\n/y"), "BAD_LINE", /line 2/],
    ];
    for (const [text, code, message] of cases) {
      refuses(() => parseAsciiList(bytes(text)), code, message);
    }
    const list = binaryList(EVERY_TEMPLATE.slice(0, 1));
    const edited = (at: number, value: number): Buffer => {
      const copy = Buffer.from(list);
      copy.writeUInt32LE(value, at);
      return copy;
    };
    refuses(() => parseBinaryList(edited(0, 24)), "BAD_ENTRY", /entry 1: register 24/);
    refuses(
      () => parseBinaryList(edited(24, MAX_TEMPLATE_NAME + 1)),
      "BAD_ENTRY",
      /template name of 256/,
    );
    refuses(
      () => parseBinaryList(edited(34, 0xffffffff)),
      "BAD_ENTRY",
      /template data of 4294967295/,
    );
    refuses(() => parseBinaryList(edited(38, 7)), "BAD_ENTRY", /entry 1/);
    for (const bank of BANKS) {
      const text = bytes(asciiList(EVERY_TEMPLATE, bank));
      refuses(() => parseBinaryList(text), "BAD_ENTRY", /as text; wanted is the binary one/);
    }
  });

  it("refuses a binary list that is cut anywhere but between entries", () => {
    const list = binaryList(EVERY_TEMPLATE);
    const ends = new Set(
      EVERY_TEMPLATE.map((_, i) => binaryList(EVERY_TEMPLATE.slice(0, i)).length),
    );
    for (let size = 0; size < list.length; size++) {
      const cut = list.subarray(0, size);
      if (ends.has(size)) assert.doesNotThrow(() => parseBinaryList(cut));
      else refuses(() => parseBinaryList(cut), "TRUNCATED", /ends within its/);
    }
  });

  it("reads what is random, or throws its own error", () => {
    const settled = (run: () => unknown): void => {
      try {
        run();
      } catch (error) {
        assert.ok(error instanceof ImaError, String(error));
      }
    };
    const list = binaryList(EVERY_TEMPLATE);
    const text = Buffer.from(asciiList(EVERY_TEMPLATE));
    const flip = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));
    const flipped = (from: Buffer, [at, mask]: readonly [number, number]): Buffer => {
      const copy = Buffer.from(from);
      copy[at % copy.length] = (copy[at % copy.length] ?? 0) ^ mask;
      return copy;
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), flip, flip, (any, one, other) => {
        settled(() => parseBinaryList(any));
        settled(() => parseAsciiList(any));
        settled(() => parseBinaryList(flipped(flipped(list, one), other)));
        settled(() => parseAsciiList(flipped(flipped(text, one), other)));
      }),
    );
  });
});

/** Bytes as hex, to compare: Buffers and Uint8Arrays alike. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
