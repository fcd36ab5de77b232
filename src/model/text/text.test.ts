// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { constants, generateKeyPairSync, sign, verify } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { coefficient } from "../../../test/helpers/models.ts";
import { SHA256, testHasher } from "../../../test/helpers/test-hasher.ts";
import { ModelError } from "../errors.ts";
import { MAX_TEXT_LINE_CHARS } from "../limits.ts";
import { modelOfText } from "./convert.ts";
import { readTextModel, type TextReading } from "./read.ts";
import type { SignatureCheck, TextModel, TextSigner } from "./text-model.ts";
import { writeTextModel } from "./write.ts";

const PADDING = { padding: constants.RSA_PKCS1_PADDING };
const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
const KEY = String(pair.publicKey.export({ type: "spki", format: "pem" }));
const SIGNER: TextSigner = {
  key: KEY,
  sign: (bytes) => sign("sha256", bytes, { key: pair.privateKey, ...PADDING }),
};
const check: SignatureCheck = (key, signed, signature) => {
  try {
    return verify("sha256", signed, { key, ...PADDING }, signature) ? "good" : { bad: "other" };
  } catch {
    return { bad: "no key" };
  }
};

const [A, B, C] = [1, 2, 3].map(coefficient) as [string, string, string];
const MODEL: TextModel = {
  base: "11".repeat(32),
  aggregate: "22".repeat(32),
  pseudonyms: [C],
  states: [B, A],
  sealed: true,
};
const UNSIGNED = writeTextModel(MODEL);
const SIGNED = writeTextModel(MODEL, SIGNER);

const read = (text: string): TextReading =>
  readTextModel(text, { source: "model.txt", digest: "sha256", check });

/** What is wrong with a text, or undefined when it is read. */
function fault(text: string): string | undefined {
  try {
    read(text);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof ModelError, String(error));
    return `${error.code} ${error.message}`;
  }
}

const lines = (...all: readonly string[]): string => all.map((line) => `${line}\n`).join("");

describe("the text form of a model", () => {
  it("is read as it was written", () => {
    assert.deepEqual(read(UNSIGNED), { model: MODEL, warnings: [] });
    assert.deepEqual(read(SIGNED), { model: MODEL, warnings: [], signer: KEY });
    const bare: TextModel = { pseudonyms: [], states: [], sealed: false };
    assert.deepEqual(read(writeTextModel(bare)).model, bare);
  });

  it("may hold comments and hex digits of either case", () => {
    const text = lines("# made by hand", `state ${A.toUpperCase()}`, "#", "end");
    assert.deepEqual(read(text), {
      model: { pseudonyms: [], states: [A], sealed: false },
      warnings: [],
    });
  });

  it("is matched by prefix, with a warning where the rest means nothing", () => {
    const { model, warnings } = read(lines(`state ${A}`, "sealed for good", "endgame"));
    assert.deepEqual(model, { pseudonyms: [], states: [A], sealed: true });
    assert.deepEqual(
      warnings.map(({ line }) => line),
      [2, 3],
    );
  });

  it("warns of what Quixote does without a word", () => {
    const { model, warnings } = read(
      lines(`state ${A}`, `state ${A}`, `aggregate ${B}`, "seal", `pseudonym ${C}`, "end"),
    );
    assert.deepEqual(model, { aggregate: B, pseudonyms: [C], states: [A, A], sealed: true });
    assert.deepEqual(
      warnings.map(({ line, text }) => `${line} ${text}`),
      [
        "2 this state was named before",
        "3 Quixote leaves the states before the aggregate out of its measurement",
        "5 the pseudonym stands behind `seal` but has its effect",
      ],
    );
  });

  it("knows its digest only from outside", () => {
    const long = "ab".repeat(48);
    const text = lines(`state ${long}`, "end");
    assert.match(fault(text) ?? "", /line 1: does not hold 64 hex digits \(sha256;/);
    const { model } = readTextModel(text, { source: "-", digest: "sha384", check });
    assert.deepEqual(model.states, [long]);
    assert.equal(modelOfText(model, testHasher("sha384")).state().length, 96);
  });

  const [key = "", ...signedLines] = SIGNED.slice(0, -1).split("\n");
  const signature = signedLines.at(-1) ?? "";
  const rest = signedLines.slice(0, -1);
  const faults: Readonly<Record<string, readonly [RegExp, string]>> = {
    "no end": [/line 2: end of file without `end`/, lines(`state ${A}`)],
    "nothing at all": [/line 1: end of file without/, ""],
    "an empty line": [/line 1: is empty/, lines("", "end")],
    "an unknown keyword": [/line 1: starts with no keyword/, lines("stat x", "end")],
    "a keyword in capitals": [/no keyword/, lines(`STATE ${A}`, "end")],
    "a keyword behind a blank": [/no keyword/, lines(` state ${A}`, "end")],
    "a keyword without its argument": [/line 1: has nothing after state/, lines("state ", "end")],
    "a state of odd length": [/64 hex digits/, lines(`state ${A.slice(1)}`, "end")],
    "a state with a blank behind it": [/64 hex digits/, lines(`state ${A} `, "end")],
    "a state with a carriage return": [/64 hex digits/, lines(`state ${A}\r`, "end")],
    "a long base, which upstream cuts": [/64 hex digits/, lines(`base ${A}00`, "end")],
    "a last line without newline": [/line 2: has no newline/, `state ${A}\nend`],
    "a last line without newline after the end": [/no newline/, `end\n# more`],
    "a comment after the end": [/line 2: follows `end`/, lines("end", "# more")],
    "a state after the end": [/line 2: follows `end`/, lines("end", `state ${A}`)],
    "a state after the seal": [
      /line 2: has a state after `seal`/,
      lines("seal", `state ${A}`, "end"),
    ],
    "an aggregate after the seal": [/ignores/, lines("seal", `aggregate ${A}`, "end")],
    "two aggregates": [/second, different/, lines(`aggregate ${A}`, `aggregate ${B}`, "end")],
    "two bases": [/second base/, lines(`base ${A}`, `base ${A}`, "end")],
    "a base after the aggregate": [
      /must stand before/,
      lines(`aggregate ${A}`, `base ${B}`, "end"),
    ],
    "a base after a state": [/must stand before/, lines(`state ${A}`, `base ${B}`, "end")],
    "a NUL": [/NUL/, lines("# a\0b", "end")],
    "a line without end": [/longer than/, lines(`#${"x".repeat(MAX_TEXT_LINE_CHARS)}`, "end")],
    "a key but no signature": [/BAD_SIGNATURE.*no signature/, lines(key, ...rest)],
    "a signature but no key": [/BAD_SIGNATURE.*no key/, lines(...rest, signature)],
    "a key behind a comment": [/first line/, lines("#", key, ...rest, signature)],
    "two keys": [/second key/, lines(key, key, ...rest, signature)],
    "a key that is no base64": [/base64/, lines("key ???", "end")],
    "a signature before the end": [/must follow `end`/, lines(key, signature, ...rest)],
    "something after the signature": [/follows the signature/, lines(key, ...rest, signature, "#")],
    "two signatures": [/follows the signature/, lines(key, ...rest, signature, signature)],
    "a changed order": [/BAD_SIGNATURE/, SIGNED.replace(`${B}\nstate ${A}`, `${A}\nstate ${B}`)],
    "a comment more": [/BAD_SIGNATURE/, lines(key, "# more", ...rest, signature)],
    "a key that nobody can read": [/BAD_SIGNATURE.*no key/, lines("key AAAA", "end", signature)],
  };
  for (const [what, [message, text]] of Object.entries(faults)) {
    it(`is refused with ${what}`, () => assert.match(fault(text) ?? "", message));
  }
});

const digest = fc.nat(5).map(coefficient);
const anyModel: fc.Arbitrary<TextModel> = fc.record(
  {
    base: digest,
    aggregate: digest,
    pseudonyms: fc.uniqueArray(digest),
    states: fc.array(digest),
    sealed: fc.boolean(),
  },
  { requiredKeys: ["pseudonyms", "states", "sealed"], noNullPrototype: true },
);
const anyLine = fc.oneof(
  fc.constantFrom("seal", "end", "#", `state ${A}`, `base ${A}`, `aggregate ${B}`, `key ${C}`),
  fc.string({ unit: "binary", maxLength: 8 }),
  fc
    .tuple(fc.constantFrom("key", "signature", "state", "pseudonym"), fc.base64String())
    .map(([word, text]) => `${word} ${text}`),
);

describe("any text", () => {
  it("that was written is read as it was", () => {
    fc.assert(
      fc.property(anyModel, (model) => assert.deepEqual(read(writeTextModel(model)).model, model)),
    );
  });

  it("is read, or refused with its line", () => {
    fc.assert(
      fc.property(fc.array(anyLine), fc.boolean(), (all, ended) => {
        const text = lines(...all, ...(ended ? ["end"] : []));
        assert.match(fault(text) ?? "read", /^read$|model\.txt line \d+: /);
      }),
    );
  });

  it("has the same state whatever the order of its lines, and another measurement", () => {
    fc.assert(
      fc.property(fc.uniqueArray(digest, { minLength: 2 }), (states) => {
        const of = (order: readonly string[]) =>
          modelOfText({ pseudonyms: [], states: order, sealed: true }, SHA256);
        const [one, two] = [of(states), of([...states].reverse())];
        assert.equal(one.state(), two.state());
        assert.equal(of([...states, ...states]).state(), one.state());
        assert.notEqual(one.measurement(), two.measurement());
      }),
    );
  });
});

/** Every single change of a byte of a text, and what becomes of it. */
function flipped(text: string): fc.Arbitrary<string> {
  return fc.tuple(fc.nat(text.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, bits]) => {
    const code = (text.charCodeAt(at) ^ bits) & 0xff;
    const byte = code < 0x80 ? String.fromCharCode(code) : String.fromCharCode(0xdc00 + code);
    return text.slice(0, at) + byte + text.slice(at + 1);
  });
}

describe("a changed byte", () => {
  it("of a signed text is always found", () => {
    fc.assert(
      fc.property(flipped(SIGNED), (text) => assert.notEqual(fault(text), undefined)),
      { numRuns: 2000 },
    );
  });

  it("of a text is an error, a change that shows, or none at all", () => {
    const state = (model: TextModel) => modelOfText(model, SHA256).state();
    fc.assert(
      fc.property(flipped(UNSIGNED), (text) => {
        if (fault(text) !== undefined) return;
        const { model } = read(text);
        const { states, aggregate, base } = model;
        const same = JSON.stringify([states, aggregate, base]);
        const before = JSON.stringify([MODEL.states, MODEL.aggregate, MODEL.base]);
        assert.equal(state(model) === state(MODEL), same === before);
      }),
      { numRuns: 2000 },
    );
  });
});
