// SPDX-License-Identifier: Apache-2.0
// Certificates of endorsement keys: which are believed, and why others are not. The certificates are openssl's.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  type EndorsementTrust,
  isCertificateOf,
  isEndorsementKey,
  parsePublic,
  readAuthorities,
  verifyEndorsement,
} from "../../src/attest/tpm/index.ts";
import { revocationName } from "../../src/attest/cc/chain.ts";
import { nodeCcCrypto } from "../../src/quote/cc-crypto.ts";
import { someEndorsement } from "../helpers/some-endorsement.ts";
import { TpmMaker } from "../helpers/tpm-maker.ts";

const NOT_EK = "basicConstraints = critical, CA:FALSE\nextendedKeyUsage = serverAuth\n";
const CA = "basicConstraints = critical, CA:TRUE\nextendedKeyUsage = 2.23.133.8.1\n";
const STRANGE =
  "basicConstraints = critical, CA:FALSE\nextendedKeyUsage = 2.23.133.8.1\n1.2.3.4 = critical, DER:0500\n";

describe("the certificate of an endorsement key", () => {
  const makers = new Map<string, TpmMaker>();
  let maker: TpmMaker;
  let trust: EndorsementTrust;
  const [ecc, rsa] = [someEndorsement("ecc"), someEndorsement("rsa")];
  before(() => {
    for (const kind of ["rsa", "ec"] as const) makers.set(kind, new TpmMaker(kind));
    maker = makerOf("ec");
    trust = trustIn(maker.authorities);
  });
  after(() => {
    for (const each of makers.values()) each.remove();
  });
  function makerOf(kind: string): TpmMaker {
    const found = makers.get(kind);
    assert.ok(found !== undefined);
    return found;
  }
  const trustIn = (pem: string): EndorsementTrust => ({
    authorities: readAuthorities(pem, "makers.pem"),
    crypto: nodeCcCrypto,
    // certificates that openssl makes begin with its second
    now: Date.now() + 60_000,
  });

  for (const kind of ["rsa", "ec"])
    for (const [family, key] of [
      ["ecc", ecc],
      ["rsa", rsa],
    ] as const)
      it(`of an ${family} key, by a maker with ${kind} keys, is believed`, async () => {
        const by = makerOf(kind);
        const facts = await verifyEndorsement(
          by.certify(key),
          parsePublic(key),
          trustIn(by.authorities),
        );
        assert.equal(facts.manufacturer, "id:474C474F");
        assert.equal(facts.model, "Look-alike");
        assert.equal(facts.root, "Look-alike TPM Root");
      });

  for (const order of [
    ["rsa", "ec"],
    ["ec", "rsa"],
  ])
    it(`by a maker who has keys of both kinds under one name, ${order.join(" before ")}, is believed`, async () => {
      const all = trustIn(order.map((kind) => makerOf(kind).authorities).join(""));
      for (const kind of order)
        await verifyEndorsement(makerOf(kind).certify(ecc), parsePublic(ecc), all);
    });

  it("of a maker whose name others have too is not theirs", async () => {
    const forged = maker.certify(ecc);
    const strange = trustIn(makerOf("rsa").authorities);
    await assert.rejects(verifyEndorsement(forged, parsePublic(ecc), strange), {
      code: "BAD_SIGNATURE",
    });
  });

  it("tells which key it is for", () => {
    const certificate = maker.certify(rsa);
    assert.equal(isCertificateOf(certificate, parsePublic(rsa)), true);
    assert.equal(isCertificateOf(certificate, parsePublic(ecc)), false);
    assert.equal(isCertificateOf(certificate, parsePublic(someEndorsement("rsa"))), false);
  });

  for (const digest of ["sha384", "sha512"] as const)
    it(`signed with RSA and ${digest} is believed`, async () => {
      const by = makerOf("rsa");
      const certificate = by.certify(ecc, { digest });
      await verifyEndorsement(certificate, parsePublic(ecc), trustIn(by.authorities));
    });

  const refused: readonly [
    why: string,
    code: string,
    make: () => [Uint8Array, EndorsementTrust],
  ][] = [
    ["for another key", "WRONG_KEY", () => [maker.certify(someEndorsement("ecc")), trust]],
    ["for a key of another kind", "WRONG_KEY", () => [maker.certify(rsa), trust]],
    ["of another maker", "NO_ISSUER", () => [maker.certify(ecc), trustIn(makerOf("rsa").root)]],
    [
      "whose way to the root is missing",
      "NO_ISSUER",
      () => [maker.certify(ecc), trustIn(maker.root)],
    ],
    ["that has ended", "EXPIRED", () => [maker.certify(ecc), { ...trust, now: Date.now() + 4e9 }]],
    ["that has not begun", "EXPIRED", () => [maker.certify(ecc), { ...trust, now: 1e12 }]],
    ["of a server", "NOT_AN_EK", () => [maker.certify(ecc, { extensions: NOT_EK }), trust]],
    ["of an authority", "NOT_AN_EK", () => [maker.certify(ecc, { extensions: CA }), trust]],
    [
      "that demands what nobody looks at",
      "UNSUPPORTED",
      () => [maker.certify(ecc, { extensions: STRANGE }), trust],
    ],
    [
      "signed with SHA-1",
      "UNSUPPORTED",
      () => [makerOf("rsa").certify(ecc, { digest: "sha1" }), trustIn(makerOf("rsa").authorities)],
    ],
    ["that was cut", "TRUNCATED", () => [maker.certify(ecc).slice(0, -1), trust]],
  ];
  for (const [why, code, make] of refused)
    it(`${why} is refused: ${code}`, async () => {
      const [certificate, by] = make();
      await assert.rejects(verifyEndorsement(certificate, parsePublic(ecc), by), { code });
    });

  it("of a maker whose certificate was revoked is refused", async () => {
    const certificate = maker.certify(ecc);
    const [below] = trust.authorities.others;
    assert.ok(below !== undefined);
    const { serial } = await verifyEndorsement(certificate, parsePublic(ecc), trust);
    const issuer = Buffer.from(nodeCcCrypto.digest("sha256", below.raw)).toString("hex");
    await assert.rejects(
      verifyEndorsement(certificate, parsePublic(ecc), {
        ...trust,
        revoked: new Set([revocationName(issuer, serial)]),
      }),
      { code: "REVOKED" },
    );
  });

  it("with any byte changed is another one, or none", async () => {
    const certificate = maker.certify(ecc);
    const key = parsePublic(ecc);
    assert.equal(isEndorsementKey(key), true);
    for (let at = 0; at < certificate.length; at++) {
      const other = certificate.slice();
      other[at] = (other[at] ?? 0) ^ 1;
      await assert.rejects(verifyEndorsement(other, key, trust), `byte ${at}`);
    }
  });

  it("can not be asked for when no maker's are given", () => {
    assert.throws(() => readAuthorities("nothing", "makers.pem"), { code: "BAD_FILE" });
  });
});
