// SPDX-License-Identifier: Apache-2.0
// Whose signature a model has to carry before it is used: public keys, or a trust policy, read once from their files.
import { readFileSync, statSync } from "node:fs";
import type { PublicKey } from "../../attest/keys/keys.ts";
import { policyOfKeys, type TrustPolicy } from "../../attest/policy/trust-policy.ts";
import { readTrustPolicy } from "../../attest/policy/trust-file.ts";
import { SignatureError } from "../../attest/signed/errors.ts";
import { MAX_POLICY_CHARS, MAX_POLICY_KEYS } from "../../attest/signed/limits.ts";
import { quote } from "../../base/quote.ts";
import { type AlgOf, readPublicKey } from "../../quote/key-files.ts";
import { nodeVerifier } from "../../quote/node-verifier.ts";
import { ModelUseError } from "../errors.ts";

/** That a model has to be signed, and by whom. A value: it can be kept and used for many models. */
export interface SignatureRequirement {
  readonly policy: TrustPolicy;
  /** Where it was said, for messages; shown as it is. */
  readonly source: string;
}

/** Either public keys, each of which counts for every model, or the file of a trust policy. */
export interface RequirementFiles {
  readonly keys?: readonly string[];
  readonly policy?: string;
}

/**
 * Reads the keys or the policy.
 * @throws SignatureError BAD_KEY, BAD_POLICY, BAD_JSON, TOO_LARGE; ModelUseError BAD_OPTION: both were given, or nothing
 */
export function readRequirement({ keys = [], policy }: RequirementFiles): SignatureRequirement {
  if (policy !== undefined && keys.length > 0) {
    throw new ModelUseError(
      "BAD_OPTION",
      "--key and --policy do not go together: the policy names the keys that count",
    );
  }
  if (policy !== undefined) {
    const source = `the policy ${quote(policy)}`;
    return { policy: readTrustPolicy(policyText(policy), quote(policy), nodeVerifier), source };
  }
  if (keys.length === 0) {
    throw new ModelUseError(
      "BAD_OPTION",
      "whose signature counts has to be said: --key PUBLIC.pem or --policy FILE",
    );
  }
  if (keys.length > MAX_POLICY_KEYS) {
    const problem = `at most ${MAX_POLICY_KEYS} keys can be given, not ${keys.length}`;
    throw new ModelUseError("BAD_OPTION", problem);
  }
  const read = new Map(keys.map((file) => readTrustedKey(file)).map((key) => [key.id, key]));
  return {
    policy: policyOfKeys([...read.values()]),
    source: `the key ${keys.map((file) => quote(file)).join(", ")}`,
  };
}

/**
 * The public key in a file that not everybody may write to.
 * @param algOf which kinds are meant: those that sign models of Galgo, when nothing else is said
 * @throws SignatureError BAD_KEY
 */
export function readTrustedKey(file: string, algOf?: AlgOf): PublicKey {
  const key = readPublicKey(file, algOf);
  refuseWritable(file, "BAD_KEY");
  return key;
}

/** @throws SignatureError BAD_POLICY */
function policyText(file: string): string {
  try {
    const stat = statSync(file);
    if (!stat.isFile()) throw bad(file, "is no regular file");
    refuseWritable(file, "BAD_POLICY");
    if (stat.size > MAX_POLICY_CHARS * 4) throw bad(file, `has ${stat.size} bytes, too many`);
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
  } catch (cause) {
    if (cause instanceof SignatureError) throw cause;
    if (cause instanceof TypeError) throw bad(file, "is not UTF-8 text", cause);
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw bad(file, `can not be read (${quote(code, 80)})`, cause);
  }
}

/** Who may write it decides what is trusted: where that is everybody, nothing is. */
function refuseWritable(file: string, code: "BAD_KEY" | "BAD_POLICY"): void {
  const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & 0o002) === 0) return;
  const problem = `${quote(file)} says what is trusted, and everybody may write to it; chmod o-w it`;
  throw new SignatureError(code, problem);
}

function bad(file: string, why: string, cause?: unknown): SignatureError {
  return new SignatureError("BAD_POLICY", `the policy ${quote(file)} ${why}`, { cause });
}
