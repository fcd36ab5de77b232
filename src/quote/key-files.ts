// SPDX-License-Identifier: Apache-2.0
// Key files: PEM text of Ed25519 and ECDSA keys, as openssl writes them, for signing models and tokens.
import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from "node:fs";
import { envelopeAlg } from "../attest/signed/envelope-signatures.ts";
import { publicKeyOfPem, publicKeyOfSpki } from "../attest/keys/keys.ts";
import type { PublicKey, SignatureAlg, Signer } from "../attest/keys/keys.ts";
import { SignatureError } from "../attest/signed/errors.ts";
import { MAX_PEM_CHARS } from "../attest/signed/limits.ts";
import { quote } from "../base/quote.ts";
import { NODE_TERMS, nodeVerifier } from "./node-verifier.ts";

const PRIVATE = /^-----BEGIN (?:EC |RSA )?PRIVATE KEY-----$/m;
const LOCKED = /^-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m;

/** What keys of a kind sign with. @throws SignatureError BAD_KEY: they do not */
export type AlgOf = (key: PublicKey, name: string) => SignatureAlg;

/**
 * The public key in a file: its PEM text, or that of the private key (whose public half is taken).
 * @param refuse throws for kinds that are not meant; when nothing else is said, for those that do not sign models
 * @throws SignatureError BAD_KEY: no such file, no key, or of a kind that is not meant
 */
export function readPublicKey(
  file: string,
  refuse: (...given: Parameters<AlgOf>) => unknown = envelopeAlg,
): PublicKey {
  const text = readPem(file);
  const key = PRIVATE.test(text)
    ? publicOf(privateKey(text, file), file)
    : publicKeyOfPem(text, nodeVerifier, quote(file));
  refuse(key, quote(file));
  return key;
}

/**
 * A signer from a file with a private key.
 * @param algOf what keys of a kind sign with; throws for kinds that are not meant
 * @throws SignatureError BAD_KEY
 */
export function readSigner(file: string, algOf: AlgOf = envelopeAlg): Signer {
  const secret = privateKey(readPem(file), file);
  const key = publicOf(secret, file);
  const alg = algOf(key, quote(file));
  const { digest, options } = NODE_TERMS[alg];
  return { key, alg, sign: (data) => sign(digest, data, { key: secret, ...options }) };
}

/** Whether somebody else than the owner of a key file may read it. False where nobody can tell. */
export function othersMayRead(file: string): boolean {
  return ((statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0;
}

/** PEM text of a public key. */
export function publicPem({ spki }: PublicKey): string {
  const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  return String(key.export({ format: "pem", type: "spki" }));
}

function publicOf(secret: KeyObject, file: string): PublicKey {
  const spki = createPublicKey(secret).export({ format: "der", type: "spki" });
  return publicKeyOfSpki(spki, nodeVerifier, quote(file));
}

function privateKey(text: string, file: string): KeyObject {
  if (LOCKED.test(text)) {
    throw bad(
      file,
      "has a passphrase; a copy without one is made by: openssl pkey -in OLD -out NEW",
    );
  }
  if (!PRIVATE.test(text)) throw bad(file, "is not the PEM text of a private key (PRIVATE KEY)");
  try {
    return createPrivateKey(text);
  } catch (cause) {
    throw bad(file, "can not be read as a private key: it is damaged or of an unknown kind", cause);
  }
}

/** Text of a small file; a key is never larger. */
function readPem(file: string): string {
  let descriptor: number | undefined;
  try {
    // Without waiting: a pipe that nobody writes to would hold us for ever.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!fstatSync(descriptor).isFile()) throw bad(file, "is no regular file");
    const bytes = Buffer.alloc(MAX_PEM_CHARS + 1);
    const size = readSync(descriptor, bytes, 0, bytes.length, 0);
    if (size > MAX_PEM_CHARS) throw bad(file, `is larger than any key (${MAX_PEM_CHARS} bytes)`);
    return bytes.toString("latin1", 0, size);
  } catch (cause) {
    if (cause instanceof SignatureError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw bad(file, `can not be read (${quote(code, 80)})`, cause);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function bad(file: string, why: string, cause?: unknown): SignatureError {
  return new SignatureError("BAD_KEY", `${quote(file)} ${why}`, { cause });
}
