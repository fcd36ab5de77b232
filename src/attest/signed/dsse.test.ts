// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { nodeVerifier } from "../../../test/helpers/signing.ts";
import { readEnvelope, signedBytesOf, writeEnvelope } from "./dsse.ts";
import { publicKeyOfSpki } from "../keys/keys.ts";
import { SignatureError } from "./errors.ts";
import { MAX_ENVELOPE_CHARS, MAX_SIGNATURE_BYTES, MAX_SIGNATURES } from "./limits.ts";
import { base64OfBytes, bytesOfBase64 } from "../encoding/strict-base64.ts";

/** The example of DSSE's protocol.md. */
const TEXT =
  '{"payload": "aGVsbG8gd29ybGQ=", "payloadType": "http://example.com/HelloWorld", "signatures": ' +
  '[{"sig": "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="}]}';
const X = 46950820868899156662930047687818585632848591499744589407958293238635476079160n;
const Y = 5640078356564379163099075877009565129882514886557779369047442380624545832820n;

function exampleKey(): ReturnType<typeof publicKeyOfSpki> {
  const coordinate = (n: bigint): string =>
    Buffer.from(n.toString(16).padStart(64, "0"), "hex").toString("base64url");
  const jwk = { kty: "EC", crv: "P-256", x: coordinate(X), y: coordinate(Y) };
  const spki = createPublicKey({ key: jwk, format: "jwk" }).export({ format: "der", type: "spki" });
  return publicKeyOfSpki(spki, nodeVerifier, "the example's key");
}

function refusal(text: string): SignatureError {
  try {
    readEnvelope(text, "m.dsse.json");
  } catch (error) {
    assert.ok(error instanceof SignatureError, String(error));
    assert.match(error.message, /^m\.dsse\.json/);
    return error;
  }
  return assert.fail("was not refused");
}

const sig = base64OfBytes(Uint8Array.of(1, 2, 3));
const whole = { payload: "aGk=", payloadType: "text/plain", signatures: [{ sig }] };

describe("a DSSE envelope", () => {
  it("has the signed bytes and the signature of the specification's example", () => {
    const envelope = readEnvelope(TEXT, "the example");
    assert.equal(
      new TextDecoder().decode(signedBytesOf(envelope)),
      "DSSEv1 29 http://example.com/HelloWorld 11 hello world",
    );
    const [{ sig: raw } = { sig: new Uint8Array() }] = envelope.signatures;
    const good = nodeVerifier.verify("ES256", exampleKey(), signedBytesOf(envelope), raw);
    assert.equal(good, true);
  });

  it("counts bytes and not characters", () => {
    const bytes = signedBytesOf({ payloadType: "\u00e9", payload: Uint8Array.of(0, 255) });
    const head = new TextEncoder().encode("DSSEv1 2 \u00e9 2 ");
    assert.deepEqual(bytes, Uint8Array.of(...head, 0, 255));
  });

  it("has other signed bytes whenever type or payload differ", () => {
    const part = fc.string({ unit: fc.constantFrom("1", "2", " ", "a"), maxLength: 6 });
    const envelope = fc.record({
      payloadType: part,
      payload: part.map((text) => new TextEncoder().encode(text)),
    });
    fc.assert(
      fc.property(envelope, envelope, (a, b) => {
        const same = Buffer.compare(signedBytesOf(a), signedBytesOf(b)) === 0;
        const equal = a.payloadType === b.payloadType && Buffer.compare(a.payload, b.payload) === 0;
        assert.equal(same, equal);
      }),
      { numRuns: 1_000 },
    );
  });

  it("comes back from its text", () => {
    const signature = fc.record(
      {
        sig: fc.uint8Array({ minLength: 1, maxLength: 80 }),
        keyid: fc.string({ minLength: 1, maxLength: 64 }),
      },
      { requiredKeys: ["sig"] },
    );
    const envelope = fc.record({
      payloadType: fc.string({ unit: fc.constantFrom(..."az/+.-"), minLength: 1, maxLength: 30 }),
      payload: fc.uint8Array({ maxLength: 200 }),
      signatures: fc.array(signature, { minLength: 1, maxLength: 2 }),
    });
    fc.assert(
      fc.property(envelope, (each) => {
        assert.deepEqual(readEnvelope(writeEnvelope(each), "x"), plain(each));
      }),
    );
  });

  it("reads any text or refuses it", () => {
    const json = fc.record(
      {
        payload: fc.oneof(fc.base64String(), fc.string(), fc.jsonValue()),
        payloadType: fc.oneof(fc.string(), fc.jsonValue()),
        signatures: fc.oneof(
          fc.array(fc.record({ sig: fc.oneof(fc.base64String(), fc.jsonValue()) })),
          fc.jsonValue(),
        ),
      },
      { requiredKeys: [] },
    );
    const text = fc.oneof(
      json.map((value) => JSON.stringify(value)),
      fc.json(),
      fc.string(),
    );
    fc.assert(
      fc.property(text, (given) => {
        try {
          const read = readEnvelope(given, "x");
          assert.deepEqual(readEnvelope(writeEnvelope(read), "x"), read);
        } catch (error) {
          assert.ok(error instanceof SignatureError, String(error));
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it("takes an empty keyid for none", () => {
    const text = JSON.stringify({ ...whole, signatures: [{ keyid: "", sig }] });
    assert.deepEqual(readEnvelope(text, "x").signatures, [{ sig: bytesOfBase64(sig) }]);
  });

  for (const [what, change, why] of [
    ["no signatures", { signatures: [] }, /signatures has to have at least 1/],
    ["a member too many", { extra: 1 }, /extra is not known/],
    [
      "a signature with a member too many",
      { signatures: [{ sig, cert: "" }] },
      /cert is not known/,
    ],
    ["an empty signature", { signatures: [{ sig: "" }] }, /sig has to have at least 1/],
    ["a signature that is no base64", { signatures: [{ sig: "*" }] }, /signature 1 is not base64/],
    ["a payload that is no base64", { payload: "aGk" }, /payload is not base64/],
    ["a payload that is no text", { payload: 1 }, /payload has to be of the type string/],
    ["no payload", { payload: undefined }, /payload is missing/],
    ["an empty type", { payloadType: "" }, /payloadType/],
    ["a type with a blank", { payloadType: "a b" }, /payloadType/],
    ["a long type", { payloadType: "a".repeat(300) }, /payloadType may have at most 256/],
    [
      "too many signatures",
      { signatures: new Array(MAX_SIGNATURES + 1).fill({ sig }) },
      /signatures may have at most 16/,
    ],
    [
      "a signature that is too long",
      { signatures: [{ sig: base64OfBytes(new Uint8Array(MAX_SIGNATURE_BYTES + 1)) }] },
      /signature 1 has 2049 bytes/,
    ],
  ] as const) {
    it(`refuses ${what}`, () => {
      const { code, message } = refusal(JSON.stringify({ ...whole, ...change }));
      assert.equal(code, "BAD_ENVELOPE");
      assert.match(message, why);
    });
  }

  it("refuses what is no object, a key twice, and what is too large", () => {
    assert.equal(refusal("[]").code, "BAD_ENVELOPE");
    assert.equal(refusal("null").code, "BAD_ENVELOPE");
    assert.equal(refusal('{"payload":"","payload":""}').code, "BAD_JSON");
    assert.equal(refusal(TEXT.slice(0, -1)).code, "BAD_JSON");
    const unnamed = { ...whole, signatures: [{ sig }, { sig, keyid: "" }, { sig }] };
    assert.match(refusal(JSON.stringify(unnamed)).message, /3 signatures without a keyid/);
    assert.equal(refusal(" ".repeat(MAX_ENVELOPE_CHARS + 1)).code, "TOO_LARGE");
  });
});

/** Without the prototypes that fast-check gives. */
function plain<T>(value: T): T {
  return structuredClone(value);
}
