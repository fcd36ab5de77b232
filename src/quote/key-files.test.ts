// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { generateKeyPairSync, verify } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { aSigner } from "../../test/helpers/signing.ts";
import { derOfRaw } from "../attest/keys/ecdsa-der.ts";
import { publicPem, readPublicKey, readSigner } from "./key-files.ts";
import { nodeVerifier } from "./node-verifier.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-keys-"));
after(() => rmSync(folder, { recursive: true }));
const data = new TextEncoder().encode("signed");
let files = 0;

function file(text: string): string {
  const path = join(folder, `${files++}.pem`);
  writeFileSync(path, text);
  return path;
}

describe("a key file", () => {
  for (const alg of ["Ed25519", "ES256"] as const) {
    it(`signs and verifies with ${alg}`, () => {
      const made = aSigner(alg);
      const signer = readSigner(file(made.privatePem));
      const key = readPublicKey(file(made.publicPem));
      assert.deepEqual(signer.key.id, key.id);
      assert.equal(signer.alg, alg);
      assert.equal(publicPem(key), made.publicPem);
      const signature = signer.sign(data);
      assert.equal(signature.length, 64);
      assert.equal(nodeVerifier.verify(alg, key, data, signature), true);
      assert.equal(nodeVerifier.verify(alg, key, Uint8Array.of(1), signature), false);
      assert.equal(nodeVerifier.verify(alg, aSigner(alg).key, data, signature), false);
    });
  }

  it("with a private key has a public one as well", () => {
    const made = aSigner("ES256");
    assert.equal(readPublicKey(file(made.privatePem)).id, made.key.id);
  });

  it("may be what openssl writes, and openssl verifies what it signs", () => {
    const [secret, open, sig, message] = ["s", "o", "sig", "m"].map((name) => join(folder, name));
    assert.ok(secret && open && sig && message);
    const openssl = (...args: readonly string[]): string =>
      execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    // This form has EC PARAMETERS in front and "EC PRIVATE KEY" as its head.
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-out", secret);
    openssl("pkey", "-in", secret, "-pubout", "-out", open);
    assert.equal(readPublicKey(open).id, readSigner(secret).key.id);
    writeFileSync(message, data);
    writeFileSync(sig, derOfRaw(readSigner(secret).sign(data)));
    const answer = openssl("dgst", "-sha256", "-verify", open, "-signature", sig, message);
    assert.match(answer, /Verified OK/);
  });

  it("makes signatures that node:crypto verifies by itself", () => {
    const made = aSigner("Ed25519");
    const signature = readSigner(file(made.privatePem)).sign(data);
    assert.equal(verify(null, data, made.publicPem, signature), true);
  });

  const locked = generateKeyPairSync("ed25519").privateKey.export({
    format: "pem",
    type: "pkcs8",
    cipher: "aes-256-cbc",
    passphrase: "x",
  });
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ["a passphrase", String(locked), /has a passphrase; .*openssl pkey/],
    ["a public key only", aSigner().publicPem, /not the PEM text of a private key/],
    ["an RSA key", aSigner("RS256").privatePem, /is the rsa key .*Ed25519 and ECDSA P-256/],
    ["a P-384 key", aSigner("ES384").privatePem, /is the p384 key/],
    ["damage", aSigner().privatePem.replace(/\nM/, "\nA"), /damaged/],
    ["nothing in it", "", /not the PEM text/],
    ["too much in it", "x".repeat(20_000), /larger than any key/],
  ];
  for (const [what, text, why] of cases) {
    it(`is refused for signing with ${what}`, () => {
      const path = file(text);
      assert.throws(
        () => readSigner(path),
        (error) =>
          error instanceof Error &&
          "code" in error &&
          error.code === "BAD_KEY" &&
          error.message.startsWith(path) &&
          why.test(error.message),
      );
    });
  }

  it("is refused for verifying when it is no key, not there, a folder or a pipe", () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    assert.throws(() => readPublicKey(file("words")), { code: "BAD_KEY" });
    assert.throws(() => readPublicKey(join(folder, "none")), /none can not be read \(ENOENT\)/);
    assert.throws(() => readPublicKey(folder), /is no regular file/);
    assert.throws(() => readPublicKey(pipe), /is no regular file/);
    assert.throws(() => readPublicKey(file(aSigner("RS256").publicPem)), /is the rsa key/);
  });
});
