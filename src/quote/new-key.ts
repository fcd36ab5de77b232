// SPDX-License-Identifier: Apache-2.0
// New key pairs for signing models, in two files: the private half for its owner only, the public half for everybody.
import { generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { closeSync, fchmodSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { publicKeyOfSpki } from "../attest/keys/keys.ts";
import type { PublicKey } from "../attest/keys/keys.ts";
import { SignatureError } from "../attest/signed/errors.ts";
import { quote } from "../base/quote.ts";
import { nodeVerifier } from "./node-verifier.ts";

/** Kinds of keys that sign models. */
export const NEW_KEY_KINDS = ["ed25519", "p256"] as const;

export type NewKeyKind = (typeof NEW_KEY_KINDS)[number];

/** Where both halves go; neither file may be there. */
export interface KeyPairFiles {
  readonly privateFile: string;
  readonly publicFile: string;
}

/**
 * Makes a key pair and writes both halves as PEM text. What is there is never replaced: a key that is gone can not be made again.
 * @throws SignatureError BAD_KEY: a file is there, or can not be written
 */
export function writeNewKey(
  kind: NewKeyKind,
  { privateFile, publicFile }: KeyPairFiles,
): PublicKey {
  const { publicKey, privateKey } = pairOf(kind);
  const spki = publicKey.export({ format: "der", type: "spki" });
  writeNew(publicFile, String(publicKey.export({ format: "pem", type: "spki" })), 0o644);
  try {
    writeNew(privateFile, String(privateKey.export({ format: "pem", type: "pkcs8" })), 0o600);
  } catch (error) {
    rmSync(publicFile, { force: true });
    throw error;
  }
  return publicKeyOfSpki(spki, nodeVerifier, quote(publicFile));
}

function pairOf(kind: NewKeyKind): { publicKey: KeyObject; privateKey: KeyObject } {
  return kind === "ed25519"
    ? generateKeyPairSync("ed25519")
    : generateKeyPairSync("ec", { namedCurve: "P-256" });
}

function writeNew(file: string, text: string, mode: number): void {
  let descriptor: number;
  try {
    descriptor = openSync(file, "wx", mode);
  } catch (cause) {
    throw notWritten(file, cause);
  }
  try {
    fchmodSync(descriptor, mode);
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } catch (cause) {
    rmSync(file, { force: true });
    throw notWritten(file, cause);
  } finally {
    closeSync(descriptor);
  }
}

function notWritten(file: string, cause: unknown): SignatureError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  const why = code === "EEXIST" ? "is there already, and no key is replaced" : quote(code, 80);
  return new SignatureError("BAD_KEY", `can not write the key ${quote(file)}: ${why}`, { cause });
}
