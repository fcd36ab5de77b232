// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { AttestError } from "./errors.ts";
import { parseAttestAnswer, parseAttestOrder, readNonce } from "./order.ts";

function refuses(read: () => unknown, code: AttestError["code"], part: string): void {
  assert.throws(read, (error) => {
    assert.ok(error instanceof AttestError && error.code === code, String(error));
    assert.ok(error.message.includes(part), error.message);
    return true;
  });
}

const JWT = { form: "jwt" } as const;
const NONCE = "00112233445566ff";

describe("an order for evidence", () => {
  it("is a nonce, and the form that is wanted", () => {
    assert.deepEqual(parseAttestOrder(`{"nonce":"${NONCE}"}`), { nonce: NONCE, form: "jwt" });
    const asked = `{"form":"cwt","nonce":"${NONCE.toUpperCase()}"}`;
    assert.deepEqual(parseAttestOrder(asked), { nonce: NONCE, form: "cwt" });
    assert.equal(readNonce("ab".repeat(64)).length, 128);
  });

  for (const [what, text, part] of [
    ["no JSON", "nonce", "is no JSON"],
    ["no object", "[]", "an order is"],
    ["without a nonce", "{}", "an order is"],
    ["with more in it", `{"nonce":"${NONCE}","key":"x"}`, "an order is"],
    ["with an unknown form", `{"nonce":"${NONCE}","form":"xml"}`, "an order is"],
    ["with a nonce that is too short", '{"nonce":"00112233445566"}', "8 to 64 bytes"],
    ["with a nonce that is too long", `{"nonce":"${"ab".repeat(65)}"}`, "8 to 64 bytes"],
    ["with half of a byte", `{"nonce":"${NONCE}0"}`, "8 to 64 bytes"],
    ["with a nonce that is no hex", '{"nonce":"0x112233445566ff"}', "8 to 64 bytes"],
  ] as const)
    it(`is refused ${what}`, () => refuses(() => parseAttestOrder(text), "BAD_ORDER", part));

  it("is read or refused, whatever it is", () => {
    const form = fc.constantFrom(undefined, "jwt", "cwt", 1, null);
    const json = fc.record({ nonce: fc.anything(), form }, { requiredKeys: [] });
    const texts = fc.oneof(fc.string(), fc.json(), json.map(textOf));
    const read = fc.property(texts, (text) => {
      try {
        const order = parseAttestOrder(text);
        assert.match(order.nonce, /^(?:[0-9a-f]{2}){8,64}$/);
      } catch (error) {
        assert.ok(error instanceof AttestError, String(error));
      }
    });
    fc.assert(read);
  });
});

/** Some values have no JSON. */
function textOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return "";
  }
}

describe("an answer", () => {
  it("has a form that is known and a text", () => {
    for (const answer of [
      { form: "jwt", evidence: "a.b_.-c" },
      { form: "cwt", evidence: "a_-1" },
    ] as const)
      assert.deepEqual(parseAttestAnswer(JSON.stringify(answer), answer), answer);
    for (const text of ["", "null", "[]", '{"form":"jwt"}', '{"form":"xml","evidence":"a"}'])
      refuses(() => parseAttestAnswer(text, JWT), "NO_ANSWER", "no Galgo of this version");
  });

  it("is a token of the form that was asked for, and draws on no terminal", () => {
    for (const [form, evidence] of [
      ["cwt", "abc"],
      ["jwt", "abc"],
      ["jwt", "a.b.c\u001b[2J"],
      ["jwt", "a.b.c\n"],
      ["jwt", ""],
    ])
      refuses(
        () => parseAttestAnswer(JSON.stringify({ form, evidence }), JWT),
        "NO_ANSWER",
        "no Galgo of this version",
      );
  });
});
