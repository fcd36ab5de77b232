// SPDX-License-Identifier: Apache-2.0
// The text form of a model that the tools of TSEM and Quixote exchange: one keyword a line. read.ts and write.ts keep its rules,
// convert.ts carries it over to Galgo's own form and back.

/** What a text model holds. It does not say with which mapping and digest its states were made. */
export interface TextModel {
  /** hex */
  readonly base?: string;
  /** hex, as given, not extended */
  readonly aggregate?: string;
  /** hex, each once, in the order of the file */
  readonly pseudonyms: readonly string[];
  /** Coefficients, hex, in the order of the file, repeated ones included: each time it is named counts. */
  readonly states: readonly string[];
  readonly sealed: boolean;
}

/** Something that Quixote accepts without a word and a person should look at. */
export interface TextWarning {
  /** from 1 */
  readonly line: number;
  readonly text: string;
}

/**
 * Says whether `signature` is the one that the owner of the key made over `signed`: RSA, PKCS#1 v1.5, SHA-256. The core has no
 * cryptography of its own, so the caller brings it.
 * @param key PEM text of the public key, as the file has it
 */
export type SignatureCheck = (
  key: string,
  signed: Uint8Array,
  signature: Uint8Array,
) => "good" | { readonly bad: string };

/** Makes signatures that `SignatureCheck` finds good. */
export interface TextSigner {
  /** PEM text of the public key. */
  readonly key: string;
  sign(bytes: Uint8Array): Uint8Array;
}

/** The bytes that a signature covers: each line with one NUL in place of its newline. */
export function signedBytes(
  lines: readonly string[],
  encode: (text: string) => Uint8Array,
): Uint8Array {
  return encode(lines.map((line) => `${line}\0`).join(""));
}
