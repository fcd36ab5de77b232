// SPDX-License-Identifier: Apache-2.0
// A trust policy made of key files: the beginning that people go on writing from.
import { basename } from "node:path";
import {
  POLICY_API_VERSION,
  POLICY_KIND,
  readTrustPolicy,
  type TrustPolicyFile,
} from "../../attest/policy/trust-file.ts";
import { quote } from "../../base/quote.ts";
import { publicPem, readPublicKey } from "../../quote/key-files.ts";
import { nodeVerifier } from "../../quote/node-verifier.ts";
import { ModelUseError } from "../errors.ts";

export interface PolicyRequest {
  /** Files of public keys; each key gets the name of its file. */
  readonly keys: readonly string[];
  /** Names of models, `*` for any characters. */
  readonly models: readonly string[];
  /** Signers that are wanted. */
  readonly threshold: number;
  /** The model has to be for what runs. */
  readonly subject: boolean;
}

/**
 * The text of a policy with one rule. It has been read as one.
 * @throws SignatureError BAD_KEY, BAD_POLICY; ModelUseError BAD_OPTION: a file whose name names no key
 */
export function policyText({ keys, models, threshold, subject }: PolicyRequest): string {
  const named = keys.map((file) => ({
    name: nameOf(file),
    publicKey: publicPem(readPublicKey(file)),
  }));
  const policy: TrustPolicyFile = {
    apiVersion: POLICY_API_VERSION,
    kind: POLICY_KIND,
    keys: named,
    rules: [
      {
        models,
        keys: named.map(({ name }) => name),
        ...(threshold === 1 ? {} : { threshold }),
        ...(subject ? { subject: "required" } : {}),
      },
    ],
    revoked: { keys: [], models: [] },
  };
  const text = `${JSON.stringify(policy, null, 2)}\n`;
  readTrustPolicy(text, "the policy", nodeVerifier);
  return text;
}

function nameOf(file: string): string {
  const name = basename(file).replace(/(?:\.pub)?\.pem$/, "");
  if (/^[A-Za-z0-9._-]{1,64}$/.test(name)) return name;
  throw new ModelUseError(
    "BAD_OPTION",
    `the key is named after its file, and ${quote(file)} makes no name: letters, digits, . _ - (64 at most)`,
  );
}
