// SPDX-License-Identifier: Apache-2.0
// Files of a verifier: policies with what they name, tokens, models and coefficients that were brought along.
import { dirname, resolve } from "node:path";
import {
  MAX_COEFFICIENTS,
  type NamedText,
  readVerifierPolicy,
  VerifyError,
  type VerifierPolicy,
  type VerifyCrypto,
} from "../attest/verify/index.ts";
import { CodedError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";
import { readAtMost } from "../quote/read-file.ts";
import { nodeVerifyCrypto } from "../quote/verify-crypto.ts";
import { nodeHasher } from "../tma/index.ts";
import { MAX_FILE_BYTES } from "./limits.ts";

/** NO_FILE: it can not be read. TOO_LARGE: beyond what is read. */
export class VerifierFileError extends CodedError<"NO_FILE" | "TOO_LARGE"> {}

/** All cryptography, by Node. */
export const VERIFY_CRYPTO: VerifyCrypto = nodeVerifyCrypto(nodeHasher);

/**
 * Reads a policy; files that it names are looked for beside it.
 * @throws VerifyError, SignatureError, VerifierFileError
 */
export function readPolicyFile(path: string): VerifierPolicy {
  const folder = dirname(path);
  return readVerifierPolicy(textOf(path), {
    name: quote(path),
    crypto: VERIFY_CRYPTO,
    file: (name) => textOf(resolve(folder, name)),
  });
}

/** A model that comes with evidence. @throws VerifierFileError */
export function readBrought(path: string): NamedText {
  return { name: quote(path), text: textOf(path) };
}

/**
 * Coefficients, hex, one a line or as a JSON list.
 * @throws VerifyError BAD_COEFFICIENTS, VerifierFileError
 */
export function readCoefficients(path: string): readonly string[] {
  const text = textOf(path).trim();
  const lines = text.startsWith("[") ? listOf(text, path) : text.split(/\r?\n/);
  if (lines.length > MAX_COEFFICIENTS) {
    const problem = `${quote(path)} has ${lines.length} coefficients, at most ${MAX_COEFFICIENTS} are read`;
    throw new VerifyError("TOO_LARGE", problem);
  }
  const wrong = lines.findIndex(
    (line) => !/^([0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$/.test(line),
  );
  if (wrong < 0) return lines;
  const problem = `${quote(path)}: item ${wrong + 1} is no coefficient in lower-case hex`;
  throw new VerifyError("BAD_COEFFICIENTS", problem);
}

function listOf(text: string, path: string): readonly string[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    // told below
  }
  if (Array.isArray(list) && list.every((each) => typeof each === "string")) return list;
  throw new VerifyError("BAD_COEFFICIENTS", `${quote(path)} is no JSON list of coefficients`);
}

function textOf(path: string): string {
  return readBytes(path).toString("utf8");
}

/** A file, whole. @throws VerifierFileError */
export function readBytes(path: string): Buffer {
  try {
    const bytes = readAtMost(path, MAX_FILE_BYTES);
    if (bytes !== undefined) return bytes;
    const problem = `${quote(path)} has more than ${MAX_FILE_BYTES} bytes, which is what is read`;
    throw new VerifierFileError("TOO_LARGE", problem);
  } catch (cause) {
    if (cause instanceof VerifierFileError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new VerifierFileError("NO_FILE", `can not read ${quote(path)} (${quote(code, 80)})`, {
      cause,
    });
  }
}
