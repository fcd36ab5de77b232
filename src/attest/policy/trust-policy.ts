// SPDX-License-Identifier: Apache-2.0
// A trust policy: whose signatures count for which models, from when until when, and what counts no longer. It is a file that people
// write; trust-file.ts reads it, appraise.ts applies it.
import type { EnvelopeKey } from "../signed/envelope-signatures.ts";
import type { PublicKey } from "../keys/keys.ts";

export interface TrustedKey extends EnvelopeKey {
  readonly name: string;
  readonly key: PublicKey;
  /** Milliseconds since 1970; none: since ever. */
  readonly notBefore?: number;
  /** Milliseconds since 1970, itself included; none: without end. */
  readonly notAfter?: number;
  /** Name of the key whose place it takes. */
  readonly replaces?: string;
}

export interface TrustRule {
  /** Names of models; `*` stands for any characters. */
  readonly models: readonly string[];
  /** Names of keys. Those that replace one of them count too. */
  readonly keys: readonly string[];
  /** Signers that are wanted. A key and the one that replaces it are one signer. */
  readonly threshold: number;
  /** Whether it has to be known what the model is for, and be its subject. */
  readonly subject: boolean;
}

export interface TrustPolicy {
  readonly keys: readonly TrustedKey[];
  /** The first that fits a model's name holds. */
  readonly rules: readonly TrustRule[];
  /** Why, by the id of the key. */
  readonly revokedKeys: ReadonlyMap<string, string>;
  /** Why, by the SHA-256 digest of the model. */
  readonly revokedModels: ReadonlyMap<string, string>;
}

/** The policy of somebody who names keys and nothing else: each of them counts for every model, without end. */
export function policyOfKeys(keys: readonly PublicKey[]): TrustPolicy {
  const trusted = keys.map((key) => ({ name: key.id, key }));
  return {
    keys: trusted,
    rules: [{ models: ["*"], keys: trusted.map(({ name }) => name), threshold: 1, subject: false }],
    revokedKeys: new Map(),
    revokedModels: new Map(),
  };
}

/** The rule for a model; undefined: nobody may sign it. */
export function ruleFor({ rules }: TrustPolicy, model: string): TrustRule | undefined {
  return rules.find(({ models }) => models.some((pattern) => fits(pattern, model)));
}

/** Without backtracking further than to the last star. */
export function fits(pattern: string, name: string): boolean {
  let p = 0;
  let n = 0;
  let star = -1;
  let from = 0;
  while (n < name.length) {
    if (pattern[p] === "*") {
      star = p++;
      from = n;
    } else if (pattern[p] === name[n]) {
      p++;
      n++;
    } else if (star >= 0) {
      p = star + 1;
      n = ++from;
    } else {
      return false;
    }
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}

/** Names of a key and of those whose place it has taken, the oldest last. */
export function lineOf(key: TrustedKey, { keys }: Pick<TrustPolicy, "keys">): readonly string[] {
  const line = [key.name];
  let { replaces } = key;
  while (replaces !== undefined && !line.includes(replaces)) {
    line.push(replaces);
    const before: string = replaces;
    replaces = keys.find(({ name }) => name === before)?.replaces;
  }
  return line;
}
