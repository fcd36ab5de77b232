// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { der, oid } from "../../../test/helpers/der-writer.ts";
import { certify, extension, party, pem } from "../../../test/helpers/vendor-chains.ts";
import { parseCertificate, parsePemChain } from "./certificate.ts";
import { CcError, type CcErrorCode } from "./errors.ts";
import { AMD_ROOTS, INTEL_QUOTING_ENCLAVES, INTEL_ROOTS } from "./roots.ts";

const refused = (run: () => unknown, code: CcErrorCode, message: RegExp): void => {
  assert.throws(run, (error) => {
    assert.ok(error instanceof CcError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  });
};

describe("certificates", () => {
  const root = party("root", "P-384");
  const made = certify({ subject: root, issuer: root, authority: true, serial: 255 });

  it("say what node's reader says", () => {
    const mine = parseCertificate(made);
    const theirs = new X509Certificate(made);
    assert.equal(mine.serial.replace(/^00/, ""), theirs.serialNumber.toLowerCase());
    assert.equal(mine.notBefore, Date.parse(theirs.validFrom));
    assert.equal(mine.notAfter, Date.parse(theirs.validTo));
    assert.equal(mine.name, "root");
    assert.equal(mine.authority, theirs.ca);
    assert.deepEqual(
      Buffer.from(mine.spki),
      theirs.publicKey.export({ format: "der", type: "spki" }),
    );
    assert.deepEqual(
      parsePemChain(`text\n${pem([made, made])}`).map(({ name }) => name),
      ["root", "root"],
    );
  });

  it("are refused when cut, when something follows, and when a form is not theirs", () => {
    for (let size = 0; size < made.length; size++) {
      refused(
        () => parseCertificate(made.subarray(0, size)),
        "TRUNCATED",
        /ends (within|before) its/,
      );
    }
    refused(() => parseCertificate(Buffer.concat([made, Buffer.of(0)])), "BAD_FORM", /bytes after/);
    refused(() => parseCertificate(new Uint8Array(20_000)), "TOO_LARGE", /more than 16384/);
    const twice = [extension("1.2.3", Buffer.of(1)), extension("1.2.3", Buffer.of(2))];
    const double = certify({ subject: root, issuer: root, extensions: twice });
    refused(() => parseCertificate(double), "BAD_FORM", /1\.2\.3 stands twice/);
    const rsa = made
      .toString("latin1")
      .replaceAll(
        oid("1.2.840.10045.4.3.3").toString("latin1"),
        oid("1.2.840.10045.4.3.4").toString("latin1"),
      );
    refused(
      () => parseCertificate(Buffer.from(rsa, "latin1")),
      "UNSUPPORTED",
      /1\.2\.840\.10045\.4\.3\.4/,
    );
    const inner = Buffer.from(made);
    const second = inner.lastIndexOf(oid("1.2.840.10045.4.3.3"));
    inner[second + 9] = 2;
    refused(() => parseCertificate(inner), "BAD_FORM", /differs within and without/);
  });

  it("take no authority from a usage without signing", () => {
    const usage = extension("2.5.29.15", der(3, Buffer.of(7, 0x80)), true);
    const may = extension("2.5.29.15", der(3, Buffer.of(1, 0x06)), true);
    const wish = { subject: root, issuer: root, authority: true };
    assert.equal(parseCertificate(certify({ ...wish, extensions: [usage] })).authority, false);
    assert.equal(parseCertificate(certify({ ...wish, extensions: [may] })).authority, true);
    assert.equal(parseCertificate(certify({ subject: root, issuer: root })).authority, false);
  });

  it("read as something or throw their own error, whatever the bytes", () => {
    const edit = fc.tuple(fc.nat({ max: made.length - 1 }), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.uint8Array(), fc.array(edit, { maxLength: 5 }), (any, edits) => {
        const edited = Buffer.from(made);
        for (const [at, value] of edits) edited[at] = value;
        for (const bytes of [any, edited]) {
          try {
            parseCertificate(bytes);
          } catch (error) {
            assert.ok(error instanceof CcError, String(error));
          }
        }
      }),
    );
  });
});

describe("pinned vendors", () => {
  it("are named by whole digests", () => {
    const prints = [...AMD_ROOTS, ...INTEL_ROOTS].map(({ sha256 }) => sha256);
    const signers = Object.values(INTEL_QUOTING_ENCLAVES).map(({ signer }) => signer);
    for (const text of [...prints, ...signers]) assert.match(text, /^[0-9a-f]{64}$/);
    assert.equal(new Set(prints).size, 4);
  });
});
