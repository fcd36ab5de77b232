// SPDX-License-Identifier: Apache-2.0
// The key that signs results, and what others need to know of it.
import type { PublicKey } from "../../attest/keys/keys.ts";
import { signResult, type VerifyResult } from "../../attest/verify/index.ts";
import { publicPem } from "../../quote/key-files.ts";
import { readTokenKey, readTokenSigner } from "../../quote/token-signer.ts";
import type { TokenSigner } from "../../attest/evidence/index.ts";

export interface SignerFacts {
  /** SHA-256 of the key, hex: the kid of results. */
  readonly id: string;
  readonly alg: string;
  /** PEM */
  readonly publicKey: string;
}

export class ResultSigner {
  readonly #signer: TokenSigner;
  readonly #key: PublicKey;
  readonly #version: string;

  /** @param file with the private key (PEM) @throws SignatureError BAD_KEY */
  constructor(file: string, version: string) {
    this.#signer = readTokenSigner(file);
    this.#key = readTokenKey(file);
    this.#version = version;
  }

  get facts(): SignerFacts {
    return { id: this.#key.id, alg: this.#signer.alg, publicKey: publicPem(this.#key) };
  }

  /** The result as a token. */
  async sign(result: VerifyResult, nonce: string): Promise<string> {
    return await signResult(result, { version: this.#version, nonce }, this.#signer);
  }
}
