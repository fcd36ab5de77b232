// SPDX-License-Identifier: Apache-2.0
// Tokens of both kinds: what is refused, and with which reason.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { anEvidence, aTokenKey, NO_PLATFORM, SNP, TPM } from "../../../test/helpers/evidence.ts";
import { decodeBase64url, encodeBase64url } from "../encoding/strict-base64.ts";
import type { CborMap, CborValue } from "./cbor.ts";
import { encodeCbor } from "./cbor-write.ts";
import { evidenceToCbor, evidenceToJson } from "./claims.ts";
import { encodeSign1, parseSign1, toBeSigned } from "./cose.ts";
import { openEatCwt, signEatCwt } from "./eat-cwt.ts";
import { openEatJwt, signEatJwt } from "./eat-jwt.ts";
import { TokenError } from "./errors.ts";
import type { TokenErrorCode } from "./errors.ts";
import { MAX_BLOB_BYTES, MAX_TOKEN_BYTES } from "./limits.ts";
import type { TokenAlgorithm } from "./token-keys.ts";

const { signer, keys } = aTokenKey("EdDSA");
const SMALL = anEvidence({ platform: NO_PLATFORM });
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

async function refused(opening: Promise<unknown>, ...codes: TokenErrorCode[]): Promise<void> {
  await assert.rejects(opening, (error) => {
    assert.ok(error instanceof TokenError, String(error));
    assert.ok(codes.length === 0 || codes.includes(error.code), `${error.code}: ${error.message}`);
    return true;
  });
}

for (const alg of ["ES256", "ES384", "EdDSA"] satisfies TokenAlgorithm[]) {
  describe(`a token of ${alg}`, () => {
    it("is opened with its key and no other", async () => {
      const one = aTokenKey(alg);
      const other = aTokenKey(alg);
      for (const evidence of [SMALL, anEvidence(), anEvidence({ platform: SNP })]) {
        const opened = { evidence, signature: { alg, kid: "key-1" } };
        const jwt = await signEatJwt(evidence, one.signer);
        assert.deepEqual(await openEatJwt(jwt, one.keys), opened);
        await refused(openEatJwt(jwt, other.keys), "BAD_SIGNATURE");
        await refused(openEatJwt(jwt, { find: () => undefined }), "UNKNOWN_KEY");
        const cwt = await signEatCwt(evidence, one.signer);
        assert.deepEqual(await openEatCwt(cwt, one.keys), opened);
        await refused(openEatCwt(cwt, other.keys), "BAD_SIGNATURE");
        await refused(openEatCwt(cwt, { find: () => undefined }), "UNKNOWN_KEY");
      }
    });
  });
}

describe("evidence with the longest list of measurements", () => {
  it("fits into both tokens", async () => {
    const ima = new Uint8Array(MAX_BLOB_BYTES).fill(7);
    const evidence = anEvidence({ platform: { ...TPM, ima } });
    const jwt = await openEatJwt(await signEatJwt(evidence, signer), keys);
    const cwt = await openEatCwt(await signEatCwt(evidence, signer), keys);
    for (const { platform } of [jwt.evidence, cwt.evidence])
      assert.ok(platform.kind === "tpm" && Buffer.from(ima).equals(platform.ima ?? assert.fail()));
  });
});

/** A JWT with any header and payload, rightly signed. */
async function jwtOf(header: string, payload = evidenceToJson(SMALL)): Promise<string> {
  const signed = `${encodeBase64url(utf8(header))}.${encodeBase64url(payload)}`;
  return `${signed}.${encodeBase64url(await signer.sign(utf8(signed)))}`;
}

describe("a JWT", () => {
  const right = '{"alg":"EdDSA","kid":"key-1","typ":"eat+jwt"}';

  it("made by hand as the standard says is opened", async () => {
    assert.deepEqual((await openEatJwt(await jwtOf(right), keys)).evidence, SMALL);
  });

  const headers: readonly [string, TokenErrorCode, string][] = [
    ["alg none", "ALGORITHM_REFUSED", '{"alg":"none","kid":"key-1","typ":"eat+jwt"}'],
    ["alg None", "ALGORITHM_REFUSED", '{"alg":"None","kid":"key-1","typ":"eat+jwt"}'],
    ["alg none alone", "ALGORITHM_REFUSED", '{"alg":"none"}'],
    ["an algorithm of a shared key", "ALGORITHM_REFUSED", right.replace("EdDSA", "HS256")],
    ["RSA", "ALGORITHM_REFUSED", right.replace("EdDSA", "RS256")],
    ["a name of JavaScript's", "ALGORITHM_REFUSED", right.replace("EdDSA", "toString")],
    ["an algorithm that is not the key's", "ALGORITHM_REFUSED", right.replace("EdDSA", "ES256")],
    ["no algorithm", "ALGORITHM_REFUSED", '{"kid":"key-1","typ":"eat+jwt"}'],
    ["an algorithm that is a list", "ALGORITHM_REFUSED", right.replace('"EdDSA"', '["EdDSA"]')],
    ["another type", "BAD_HEADER", right.replace("eat+jwt", "JWT")],
    ["no type", "BAD_HEADER", '{"alg":"EdDSA","kid":"key-1"}'],
    ["no key", "BAD_HEADER", '{"alg":"EdDSA","typ":"eat+jwt"}'],
    ["an empty key", "BAD_HEADER", right.replace("key-1", "")],
    ["a key that is a number", "BAD_HEADER", right.replace('"key-1"', "1")],
    ["a key inside", "BAD_HEADER", '{"alg":"EdDSA","jwk":{},"kid":"key-1","typ":"eat+jwt"}'],
    ["something critical", "BAD_HEADER", right.replace('"kid"', '"crit":["b64"],"kid"')],
    ["an algorithm twice", "MALFORMED", right.replace("{", '{"alg":"none",')],
    ["blanks", "MALFORMED", right.replace(",", ", ")],
    ["members out of order", "MALFORMED", '{"typ":"eat+jwt","alg":"EdDSA","kid":"key-1"}'],
    ["an escape that need not be", "MALFORMED", right.replace("EdDSA", "Ed\\u0044SA")],
    ["a byte order mark", "MALFORMED", `\ufeff${right}`],
    ["no JSON", "MALFORMED", "{"],
    ["another person's key", "UNKNOWN_KEY", right.replace("key-1", "key-2")],
    ["a list", "BAD_HEADER", "[]"],
    ["a text", "BAD_HEADER", '"none"'],
    ["a header that is large", "BAD_HEADER", right.replace("key-1", "k".repeat(1_024))],
  ];
  for (const [what, code, header] of headers) {
    it(`is refused with ${what} in its header`, async () => {
      await refused(openEatJwt(await jwtOf(header), keys), code);
    });
  }

  it("is refused without a signature, whatever its header says", async () => {
    const [head, body] = (await signEatJwt(SMALL, signer)).split(".");
    await refused(openEatJwt(`${head}.${body}.`, keys), "BAD_SIGNATURE");
    const none = encodeBase64url(utf8('{"alg":"none","kid":"key-1","typ":"eat+jwt"}'));
    await refused(openEatJwt(`${none}.${body}.`, keys), "ALGORITHM_REFUSED");
    await refused(openEatJwt(`${none}.${body}`, keys), "MALFORMED");
  });

  it("is refused when its claims are not canonical, though they are signed", async () => {
    const text = new TextDecoder().decode(evidenceToJson(SMALL));
    for (const changed of [
      ` ${text}`,
      text.replace("{", '{"eat_nonce":"AAAAAAAAAAAAAAAAAAAAAA",'),
      text.replace('"iat":1790000000', '"iat":1.79e9'),
      "[".repeat(100_000),
      "",
    ])
      await refused(openEatJwt(await jwtOf(right, utf8(changed)), keys), "MALFORMED");
    for (const other of ["{}", text.replace("{", '{"__proto__":{},')])
      await refused(openEatJwt(await jwtOf(right, utf8(other)), keys), "BAD_CLAIMS");
    await refused(
      openEatJwt(await jwtOf(right, Uint8Array.of(0x22, 0xff, 0x22)), keys),
      "MALFORMED",
    );
  });

  it("is refused when it is cut anywhere or goes on", async () => {
    const token = await signEatJwt(SMALL, signer);
    for (let length = 0; length < token.length; length++)
      await refused(openEatJwt(token.slice(0, length), keys));
    for (const more of [".", "A", "AA", "AAAA", "=", "\n", `.${token}`])
      await refused(openEatJwt(`${token}${more}`, keys));
  });

  it("is refused with any one bit of it changed", async () => {
    const parts = (await signEatJwt(SMALL, signer)).split(".");
    for (const [number, part] of parts.entries()) {
      const bytes = decodeBase64url(part) ?? assert.fail();
      for (let i = 0; i < bytes.length; i++) {
        const changed = bytes.slice();
        changed[i] = (changed[i] ?? 0) ^ (1 << (i % 8));
        const token = parts.with(number, encodeBase64url(changed)).join(".");
        await refused(openEatJwt(token, keys));
      }
    }
  });

  it("is refused when it is larger than a token can be", async () => {
    await refused(openEatJwt("A".repeat(MAX_TOKEN_BYTES + 1), keys), "TOO_LARGE");
  });

  it("is refused, never misread, when it is any text", async () => {
    const near = fc.string({ unit: fc.constantFrom(...'eyJ0.-_A9= {"') });
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), near), (text) => refused(openEatJwt(text, keys))),
    );
  });

  it("is not signed by a key without a proper name, or that gives no signature of its algorithm", async () => {
    await refused(signEatJwt(SMALL, { ...signer, kid: "a key" }), "BAD_HEADER");
    const short = { ...signer, sign: () => new Uint8Array(63) };
    await refused(signEatJwt(SMALL, short), "BAD_SIGNATURE");
    await refused(signEatCwt(SMALL, { ...signer, kid: "k\u00e9y" }), "BAD_HEADER");
    await refused(signEatCwt(SMALL, short), "BAD_SIGNATURE");
  });
});

interface Changed {
  readonly header?: ReadonlyMap<number, CborValue>;
  readonly payload?: Uint8Array;
  readonly loose?: CborMap;
}

const HEADER = new Map<number, CborValue>([
  [1, -8],
  [4, utf8("key-1")],
  [16, "application/eat+cwt"],
]);

/** A CWT with any header and payload, rightly signed. */
async function cwtOf({ header = HEADER, payload, loose }: Changed): Promise<Uint8Array> {
  const message = { protectedBytes: encodeCbor(header), payload: payload ?? evidenceToCbor(SMALL) };
  const signature = await signer.sign(toBeSigned(message));
  if (loose === undefined) return encodeSign1({ ...message, signature });
  const parts = [message.protectedBytes, loose, message.payload, signature];
  return encodeCbor({ tag: 18, value: parts });
}

function withHeader(label: number, value?: CborValue): ReadonlyMap<number, CborValue> {
  const header = new Map(HEADER);
  if (value === undefined) header.delete(label);
  else header.set(label, value);
  return header;
}

describe("a CWT", () => {
  it("made by hand as the standard says is opened", async () => {
    assert.deepEqual((await openEatCwt(await cwtOf({}), keys)).evidence, SMALL);
  });

  it("is smaller than a JWT of the same evidence", async () => {
    const [jwt, cwt] = [await signEatJwt(SMALL, signer), await signEatCwt(SMALL, signer)];
    assert.ok(cwt.length < jwt.length / 2, `${cwt.length} and ${jwt.length} bytes`);
  });

  const changes: readonly [string, TokenErrorCode, Changed][] = [
    ["no algorithm", "ALGORITHM_REFUSED", { header: withHeader(1) }],
    ["algorithm 0", "ALGORITHM_REFUSED", { header: withHeader(1, 0) }],
    ["algorithm none", "ALGORITHM_REFUSED", { header: withHeader(1, "none") }],
    ["a MAC", "ALGORITHM_REFUSED", { header: withHeader(1, 5) }],
    ["an algorithm that is not the key's", "ALGORITHM_REFUSED", { header: withHeader(1, -7) }],
    ["no type", "BAD_HEADER", { header: withHeader(16) }],
    ["another type", "BAD_HEADER", { header: withHeader(16, "application/cwt") }],
    ["no key", "BAD_HEADER", { header: withHeader(4) }],
    ["a key that is a text", "BAD_HEADER", { header: withHeader(4, "key-1") }],
    ["a key that is not ASCII", "BAD_HEADER", { header: withHeader(4, Uint8Array.of(0xff)) }],
    ["another person's key", "UNKNOWN_KEY", { header: withHeader(4, utf8("key-2")) }],
    ["something critical", "BAD_HEADER", { header: withHeader(2, [4]) }],
    ["a header that nobody signed", "BAD_HEADER", { loose: new Map([[4, utf8("key-1")]]) }],
    ["claims that are no map", "BAD_CLAIMS", { payload: encodeCbor([]) }],
    ["no claims", "BAD_CLAIMS", { payload: encodeCbor(new Map()) }],
    ["claims that are no CBOR", "MALFORMED", { payload: Uint8Array.of(0xff) }],
    ["the claims of a JWT", "MALFORMED", { payload: evidenceToJson(SMALL) }],
  ];
  for (const [what, code, changed] of changes) {
    it(`is refused with ${what}`, async () => {
      await refused(openEatCwt(await cwtOf(changed), keys), code);
    });
  }

  it("is refused when the algorithm stands where nobody signed it", async () => {
    const loose = new Map<number, CborValue>([[1, -8]]);
    await refused(
      openEatCwt(await cwtOf({ header: withHeader(1), loose }), keys),
      "ALGORITHM_REFUSED",
    );
  });

  it("is refused when it is cut anywhere or goes on", async () => {
    const token = await signEatCwt(SMALL, signer);
    for (let length = 0; length < token.length; length++)
      await refused(openEatCwt(token.slice(0, length), keys), "MALFORMED");
    await refused(openEatCwt(Uint8Array.of(...token, 0), keys), "MALFORMED");
  });

  it("is refused with any one bit of it changed", async () => {
    const token = await signEatCwt(SMALL, signer);
    for (let bit = 0; bit < 8 * token.length; bit++) {
      const changed = token.slice();
      const at = bit >> 3;
      changed[at] = (changed[at] ?? 0) ^ (1 << (bit & 7));
      await refused(openEatCwt(changed, keys));
    }
  });

  it("is refused when its signature is another token's", async () => {
    const one = parseSign1(await signEatCwt(SMALL, signer));
    const other = parseSign1(await signEatCwt(anEvidence(), signer));
    const mixed = encodeSign1({ ...one, signature: other.signature });
    await refused(openEatCwt(mixed, keys), "BAD_SIGNATURE");
    const longer = encodeSign1({ ...one, signature: Uint8Array.of(...one.signature, 0) });
    await refused(openEatCwt(longer, keys), "BAD_SIGNATURE");
  });

  it("is refused, never misread, when it is any bytes", async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array(), (bytes) => refused(openEatCwt(bytes, keys))));
  });
});

describe("every field of evidence", () => {
  it("is signed: with another value the signature is not right", async () => {
    const token = await signEatJwt(anEvidence(), signer);
    const [head, body, tail] = token.split(".");
    const claims: unknown = JSON.parse(new TextDecoder().decode(decodeBase64url(body ?? "")));
    let fields = 0;
    for (const changed of eachLeafChanged(claims)) {
      fields += 1;
      const payload = encodeBase64url(utf8(JSON.stringify(changed)));
      await refused(openEatJwt(`${head}.${payload}.${tail}`, keys), "BAD_SIGNATURE");
    }
    assert.ok(fields > 40, `${fields} fields`);
  });
});

/** The tree as often as it has leaves, each time with another one changed. */
function* eachLeafChanged(tree: unknown): Generator<unknown> {
  if (typeof tree !== "object" || tree === null) {
    yield otherLeaf(tree);
    return;
  }
  for (const [name, item] of Object.entries(tree)) {
    for (const changed of eachLeafChanged(item)) {
      yield Array.isArray(tree) ? tree.with(Number(name), changed) : { ...tree, [name]: changed };
    }
  }
}

function otherLeaf(leaf: unknown): unknown {
  if (typeof leaf === "string") return `${leaf.slice(0, -1)}${leaf.endsWith("0") ? "1" : "0"}`;
  return typeof leaf === "number" ? leaf + 1 : !leaf;
}
