// SPDX-License-Identifier: Apache-2.0
// Messages that others have signed: RFC 8392, A.3, and the examples of the COSE working group.
import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { describe, it } from "node:test";
import { bytesToHex, hexToBytes } from "../../base/hex.ts";
import { tokenKey } from "../../../test/helpers/evidence.ts";
import { decodeCbor } from "./cbor-read.ts";
import { encodeCbor } from "./cbor-write.ts";
import { parseSign1, toBeSigned } from "./cose.ts";
import { openEatCwt } from "./eat-cwt.ts";
import { TokenError } from "./errors.ts";

const CWT = {
  key: {
    x: "143329cce7868e416927599cf65a34f3ce2ffda55a7eca69ed8919a394d42f0f",
    y: "60f7f1a780d8a783bfb7a2dd6b2796e8128dbbcef9d3d168db9529971a36e7b9",
  },
  token:
    "d28443a10126a104524173796d6d657472696345434453413235365850a70175636f61703a2f2f61732e6578616d706c652e636f6d02656572696b77" +
    "037818636f61703a2f2f6c696768742e6578616d706c652e636f6d041a5612aeb0051a5610d9f0061a5610d9f007420b7158405427c1ff28d23fbad1" +
    "f29c4c7c6a555e601d6fa29f9179bc3d7438bacaca5acd08c8d4d4f96131680c429a01f85951ecee743a52b9b63632c57209120e1c9e30",
};

const GROUP_KEY = {
  x: "bac5b11cad8f99f9c72b05cf4b9e26d244dc189f745228255a219a86d6a09eff",
  y: "20138bf82dc1b6d562be0fa54ab7804a3a64b6d72ccfed6b6fb6ed28bbfc117e",
};
const CONTENT = "546869732069732074686520636f6e74656e742e";
const PARTS = `a10442313154${CONTENT}`;
const PASS_01 =
  "d28441a0a201260442313154546869732069732074686520636f6e74656e742e5840eae868ecc176883766c5dc5ba5b8dca25dab3c2e56a551ce57" +
  "05b793914348e11a02e5f0344bf2d4ee5c7fd75a68a9f5e0b3cc1f1fc1409c189566586ff9d610";
const PASS_02 =
  `d28443a10126${PARTS}5840eae868ecc176883766c5dc5ba5b8dca25dab3c2e56a551ce5705b793914348e155388b10c4f1b59a6733eab4` +
  "16870a945111a4b2fbdbef33a77234b1deff2f9b";
/** The content was changed behind the signature. */
const FAIL_02 =
  "d28443a10126a10442313154546869732069732074686520636f6e74656e742f5840eae868ecc176883766c5dc5ba5b8dca25dab3c2e56a551ce5705" +
  "b793914348e19f43d6c6ba654472da301b645b293c9ba939295b97c4bdb847782bff384c5794";

function verifies(token: string, point: typeof GROUP_KEY, external?: string): unknown {
  const message = parseSign1(hexToBytes(token));
  const jwk = {
    kty: "EC",
    crv: "P-256",
    x: Buffer.from(point.x, "hex").toString("base64url"),
    y: Buffer.from(point.y, "hex").toString("base64url"),
  };
  const key = tokenKey("ES256", createPublicKey({ key: jwk, format: "jwk" }));
  const data = toBeSigned(message, external === undefined ? undefined : hexToBytes(external));
  return key.verify(data, message.signature);
}

describe("COSE_Sign1", () => {
  it("reads and verifies the signed CWT of RFC 8392", () => {
    const message = parseSign1(hexToBytes(CWT.token));
    assert.deepEqual(message.protectedHeader, new Map([[1, -7]]));
    assert.equal(verifies(CWT.token, CWT.key), true);
    const claims = decodeCbor(message.payload);
    assert.ok(claims instanceof Map);
    assert.equal(claims.get(1), "coap://as.example.com");
    assert.equal(claims.get(6), 1_443_944_944);
  });

  it("verifies what the COSE working group signed, and not what it changed", () => {
    assert.equal(verifies(PASS_01, GROUP_KEY), true);
    assert.equal(verifies(PASS_02, GROUP_KEY, "11aa22bb33cc44dd55006699"), true);
    assert.equal(verifies(PASS_02, GROUP_KEY), false);
    assert.equal(verifies(FAIL_02, GROUP_KEY), false);
  });

  it("signs the structure of the standard", () => {
    const payload = hexToBytes(CONTENT);
    const protectedBytes = hexToBytes("a10126");
    const external = hexToBytes("11aa22bb33cc44dd55006699");
    assert.equal(
      bytesToHex(toBeSigned({ protectedBytes, payload }, external)),
      `846a5369676e61747572653143a101264c11aa22bb33cc44dd5500669954${CONTENT}`,
    );
  });

  it("does not take them for evidence: their key is named where nobody signed", async () => {
    await assert.rejects(
      openEatCwt(hexToBytes(CWT.token), { find: () => undefined }),
      (error) => error instanceof TokenError && error.code === "BAD_HEADER",
    );
  });

  it("reads no other message", () => {
    const none = new Uint8Array(0);
    const map = new Map();
    for (const value of [
      { tag: 18, value: [none, map, none] },
      { tag: 18, value: [none, map, none, none, none] },
      { tag: 18, value: [none, map, null, none] },
      { tag: 18, value: [none, none, none, none] },
      { tag: 18, value: [hexToBytes("00"), map, none, none] },
      { tag: 98, value: [none, map, none, none] },
      { tag: 61, value: { tag: 18, value: [none, map, none, none] } },
      [none, map, none, none],
      map,
      18,
    ])
      assert.throws(() => parseSign1(encodeCbor(value)), TokenError);
  });
});
