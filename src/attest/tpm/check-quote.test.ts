// SPDX-License-Identifier: Apache-2.0
// Quotes of a made up TPM: keys of Node, structures written here. A real one is in test/system/tpm.test.ts.
import assert from "node:assert/strict";
import type { KeyObject } from "node:crypto";
import { constants, generateKeyPairSync, sign } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { nodeTpmCrypto as crypto } from "../../../test/helpers/tpm-parts.ts";
import { ALG, ATTRIBUTE, GENERATED, HANDLE } from "./algorithms-table.ts";
import type { QuoteCase, QuoteReason } from "./check-quote.ts";
import { checkQuote } from "./check-quote.ts";
import { encodeSelection, pcrDigest } from "./pcr.ts";
import type { PcrBank } from "./pcr.ts";
import { nameOf, parsePublic, qualifiedNameOf } from "./public-area.ts";
import { TpmWriter } from "./wire.ts";

const EMPTY = new Uint8Array(0);
const NONCE = Uint8Array.from({ length: 32 }, (_, i) => i);
const AK_BITS =
  ATTRIBUTE.fixedTpm | ATTRIBUTE.sensitiveDataOrigin | ATTRIBUTE.restricted | ATTRIBUTE.sign;
const pcrOf = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const PCRS: PcrBank = {
  hash: "sha256",
  values: new Map([
    [11, pcrOf(1)],
    [0, pcrOf(2)],
  ]),
};

type Hash = "sha1" | "sha256" | "sha384";
type Scheme = "ecdsa" | "rsassa" | "rsapss";
interface Maker {
  readonly bits?: number;
  readonly attributes?: number;
  readonly keyHash?: Hash;
  readonly hash?: Hash;
  readonly scheme?: Scheme;
  readonly nonce?: Uint8Array;
  readonly pcrs?: readonly number[];
  readonly pcrHash?: "sha1" | "sha256";
  readonly magic?: number;
  readonly type?: number;
}

const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const weak = generateKeyPairSync("rsa", { modulusLength: 1024 });
const member = (key: KeyObject, name: "x" | "y" | "n"): Uint8Array =>
  new Uint8Array(Buffer.from(key.export({ format: "jwk" })[name] ?? "", "base64url"));

function publicArea({
  bits,
  attributes = AK_BITS,
  keyHash = "sha256",
  scheme = "ecdsa",
}: Maker): Uint8Array {
  const isEcc = scheme === "ecdsa";
  const area = new TpmWriter()
    .u16(isEcc ? ALG.ecc : ALG.rsa)
    .u16(ALG.sha256)
    .u32(attributes)
    .sized(EMPTY);
  area.u16(ALG.null).u16(ALG[scheme]).u16(ALG[keyHash]);
  if (!isEcc)
    return area
      .u16(bits ?? 2048)
      .u32(0)
      .sized(member((bits === 1024 ? weak : rsa).publicKey, "n"))
      .bytes();
  area.u16(3).u16(ALG.null);
  return area.sized(member(ec.publicKey, "x")).sized(member(ec.publicKey, "y")).bytes();
}

function signatureOf(
  data: Uint8Array,
  { bits, hash = "sha256", scheme = "ecdsa" }: Maker,
): Uint8Array {
  const head = new TpmWriter().u16(ALG[scheme]).u16(ALG[hash]);
  if (scheme === "ecdsa") {
    const both = sign(hash, data, { key: ec.privateKey, dsaEncoding: "ieee-p1363" });
    // A TPM may leave out zeros at the front.
    const short = (number: Uint8Array): Uint8Array =>
      number.subarray(number.findIndex((byte) => byte !== 0));
    return head
      .sized(short(both.subarray(0, 32)))
      .sized(short(both.subarray(32)))
      .bytes();
  }
  const padding =
    scheme === "rsassa" ? constants.RSA_PKCS1_PADDING : constants.RSA_PKCS1_PSS_PADDING;
  const key = (bits === 1024 ? weak : rsa).privateKey;
  return head.sized(sign(hash, data, { key, padding })).bytes();
}

function made(maker: Maker = {}): QuoteCase {
  const akPublic = publicArea(maker);
  const { magic = GENERATED, type = 0x8018, pcrs = [0, 11], pcrHash = "sha256" } = maker;
  const attest = new TpmWriter()
    .u32(magic)
    .u16(type)
    .sized(qualifiedNameOf(parsePublic(akPublic), HANDLE.endorsement, crypto))
    .sized(maker.nonce ?? NONCE)
    .raw(new Uint8Array(8))
    .u32(7)
    .u32(1)
    .u8(1)
    .raw(new Uint8Array(8))
    .raw(encodeSelection({ hash: pcrHash, pcrs }))
    .sized(pcrDigest(PCRS, maker.hash ?? "sha256", crypto))
    .bytes();
  const signature = signatureOf(attest, maker);
  return { attest, signature, akPublic, nonce: NONCE, pcrs: PCRS, hierarchy: HANDLE.endorsement };
}

async function reasons(given: QuoteCase): Promise<readonly QuoteReason[]> {
  return (await checkQuote(given, crypto)).refusals.map((each) => each.reason);
}

describe("a quote", () => {
  const good: readonly Maker[] = [
    {},
    { hash: "sha384", keyHash: "sha384" },
    { scheme: "rsassa" },
    { scheme: "rsapss" },
  ];
  for (const maker of good)
    it(`signed with ${maker.scheme ?? "ecdsa"} and ${maker.hash ?? "sha256"} is believed`, async () => {
      const { refusals, quote } = await checkQuote(made(maker), crypto);
      assert.deepEqual(refusals, []);
      assert.deepEqual([quote?.resets, quote?.restarts, quote?.clockSafe], [7, 1, true]);
    });

  const off = (bit: number): Maker => ({ attributes: AK_BITS & ~bit });
  const wrong: readonly (readonly [string, QuoteCase, readonly QuoteReason[]])[] = [
    [
      "of a key that may sign anything",
      made(off(ATTRIBUTE.restricted)),
      ["NOT_AN_ATTESTATION_KEY"],
    ],
    ["of a key that may leave its TPM", made(off(ATTRIBUTE.fixedTpm)), ["NOT_AN_ATTESTATION_KEY"]],
    [
      "of a key that was brought",
      made(off(ATTRIBUTE.sensitiveDataOrigin)),
      ["NOT_AN_ATTESTATION_KEY"],
    ],
    [
      "of a key that decrypts, too",
      made({ attributes: AK_BITS | ATTRIBUTE.decrypt }),
      ["NOT_AN_ATTESTATION_KEY"],
    ],
    ["of a short key", made({ scheme: "rsassa", bits: 1024 }), ["WEAK_KEY"]],
    ["signed with SHA-1", made({ hash: "sha1", keyHash: "sha1" }), ["WEAK_HASH"]],
    ["signed with another hash than its key", made({ hash: "sha384" }), ["WRONG_SCHEME"]],
    ["for another nonce", made({ nonce: NONCE.toReversed() }), ["WRONG_NONCE"]],
    ["without a nonce", { ...made({ nonce: EMPTY }), nonce: EMPTY }, ["WRONG_NONCE"]],
    ["for the beginning of a nonce", made({ nonce: NONCE.subarray(0, 31) }), ["WRONG_NONCE"]],
    ["of a key below another hierarchy", { ...made(), hierarchy: HANDLE.owner }, ["WRONG_SIGNER"]],
    ["over fewer PCRs", made({ pcrs: [0] }), ["WRONG_SELECTION"]],
    ["over more PCRs", made({ pcrs: [0, 10, 11] }), ["WRONG_SELECTION"]],
    ["over no PCR", made({ pcrs: [] }), ["WRONG_SELECTION"]],
    ["over another bank", made({ pcrHash: "sha1" }), ["WRONG_SELECTION"]],
    [
      "over other values",
      { ...made(), pcrs: { ...PCRS, values: new Map([...PCRS.values, [11, pcrOf(3)]]) } },
      ["WRONG_PCR"],
    ],
    [
      "with values of another length",
      { ...made(), pcrs: { ...PCRS, values: new Map([[11, EMPTY]]) } },
      ["MALFORMED"],
    ],
    ["that says to come from elsewhere", made({ magic: 1 }), ["MALFORMED"]],
    ["that is a certification", made({ type: 0x8017 }), ["MALFORMED"]],
    [
      "with the signature of another",
      { ...made(), signature: made({ nonce: EMPTY }).signature },
      ["BAD_SIGNATURE"],
    ],
    [
      "with a signature of another kind",
      { ...made(), signature: made({ scheme: "rsassa" }).signature },
      ["WRONG_SCHEME", "BAD_SIGNATURE"],
    ],
    [
      "with all of it wrong",
      { ...made({ nonce: EMPTY, pcrs: [1] }), hierarchy: 1 },
      ["WRONG_NONCE", "WRONG_SIGNER", "WRONG_SELECTION"],
    ],
  ];
  for (const [what, given, wanted] of wrong)
    it(`${what} is refused: ${wanted.join(", ")}`, async () => {
      assert.deepEqual(await reasons(given), wanted);
    });

  it("of the key whose name is known is believed, and of no other", async () => {
    const given = made();
    const akName = nameOf(parsePublic(given.akPublic), crypto);
    assert.deepEqual(await reasons({ ...given, akName }), []);
    const other = akName.map((byte, i) => (i === 5 ? byte ^ 1 : byte));
    assert.deepEqual(await reasons({ ...given, akName: other }), ["WRONG_KEY"]);
    assert.deepEqual(await reasons({ ...given, akName: EMPTY }), ["WRONG_KEY"]);
  });

  it("of a key whose point is not on the curve is refused", async () => {
    const given = made();
    const akPublic = given.akPublic.map((byte, i, all) => (i === all.length - 1 ? byte ^ 1 : byte));
    assert.deepEqual(await reasons({ ...given, akPublic }), ["BAD_SIGNATURE", "WRONG_SIGNER"]);
  });
});

describe("a quote with something changed", () => {
  const good = made();
  const parts = ["attest", "signature", "akPublic"] as const;

  for (const part of parts)
    it(`in any bit of ${part} is refused`, async () => {
      for (let at = 0; at < good[part].length * 8; at++) {
        const changed = good[part].map((byte, i) =>
          i === at >> 3 ? byte ^ (1 << (at & 7)) : byte,
        );
        assert.notDeepEqual(await reasons({ ...good, [part]: changed }), [], `bit ${at}`);
      }
    });

  for (const part of parts)
    it(`cut anywhere in ${part}, or with a byte more, is malformed`, async () => {
      for (let size = 0; size < good[part].length; size++)
        assert.deepEqual(await reasons({ ...good, [part]: good[part].subarray(0, size) }), [
          "MALFORMED",
        ]);
      const more = new Uint8Array([...good[part], 0]);
      assert.deepEqual(await reasons({ ...good, [part]: more }), ["MALFORMED"]);
    });

  it("into any bytes is refused and never an error", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 5000 }),
        fc.constantFrom(...parts),
        async (bytes, part) => {
          assert.deepEqual(await reasons({ ...good, [part]: bytes }), ["MALFORMED"]);
        },
      ),
    );
  });
});
