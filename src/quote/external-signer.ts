// SPDX-License-Identifier: Apache-2.0
// A signer whose key is not in a file: a program of the user's asks a token, a TPM or a service. It gets the bytes that are to be signed on
// its standard input and writes the signature to its standard output. What it answers is verified before anybody uses it.
import { spawnSync } from "node:child_process";
import { envelopeAlg } from "../attest/signed/envelope-signatures.ts";
import { rawOfDer } from "../attest/keys/ecdsa-der.ts";
import type { SignatureAlg, Signer } from "../attest/keys/keys.ts";
import { SignatureError } from "../attest/signed/errors.ts";
import { quote } from "../base/quote.ts";
import { readPublicKey } from "./key-files.ts";
import { nodeVerifier } from "./node-verifier.ts";

/** Somebody may have to touch a token. */
const MAX_MS = 120_000;
/** More than any signature of these kinds. */
const MAX_ANSWER_BYTES = 1_024;
const P256_BYTES = 32;

export interface ExternalSigner {
  /** Started without arguments and without a shell. */
  readonly program: string;
  /** File with the public half of its key (PEM). */
  readonly publicKey: string;
}

/**
 * A signer that asks a program. Ed25519: 64 bytes over the input. ECDSA P-256: DER, over the SHA-256 of the input.
 * @throws SignatureError BAD_KEY of the public key; `sign` throws it when the program fails or its answer is no signature of that key
 */
export function externalSigner({ program, publicKey }: ExternalSigner): Signer {
  const key = readPublicKey(publicKey);
  const alg = envelopeAlg(key, quote(publicKey));
  return {
    key,
    alg,
    sign: (data) => {
      const signature = rawSignature(alg, answerOf(program, data), program);
      if (nodeVerifier.verify(alg, key, data, signature)) return signature;
      throw bad(program, `answered with what is no signature of the key ${key.id} (${alg})`);
    },
  };
}

function answerOf(program: string, data: Uint8Array): Uint8Array {
  const { status, signal, error, stdout } = spawnSync(program, [], {
    input: data,
    stdio: ["pipe", "pipe", "inherit"],
    maxBuffer: MAX_ANSWER_BYTES,
    timeout: MAX_MS,
    killSignal: "SIGKILL",
  });
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  // one that has its answer early need not read all
  if (code === "ENOBUFS") throw bad(program, `answered with more than ${MAX_ANSWER_BYTES} bytes`);
  if (code === "ETIMEDOUT") throw bad(program, `did not answer within ${MAX_MS / 1_000} s`);
  if (error !== undefined && code !== "EPIPE") {
    throw bad(program, `can not be started (${quote(code ?? error.message, 80)})`, error);
  }
  if (status !== 0) {
    throw bad(program, `failed (${signal === null ? `status ${status}` : quote(signal)})`);
  }
  return stdout;
}

function rawSignature(alg: SignatureAlg, answer: Uint8Array, program: string): Uint8Array {
  if (alg !== "ES256") return answer;
  try {
    return rawOfDer(answer, P256_BYTES);
  } catch (cause) {
    const why = "answered with what is no ECDSA signature in DER";
    throw bad(program, why, cause);
  }
}

function bad(program: string, why: string, cause?: unknown): SignatureError {
  return new SignatureError("BAD_KEY", `the signer ${quote(program)} ${why}`, { cause });
}
