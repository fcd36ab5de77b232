// SPDX-License-Identifier: Apache-2.0
// Reading the file of a trust policy. Everything in it has to be known and to fit together: a slip in such a file opens a door.
import * as z from "zod/mini";
import { quote } from "../../base/quote.ts";
import { envelopeAlg } from "../signed/envelope-signatures.ts";
import { publicKeyOfPem, type Verifier } from "../keys/keys.ts";
import { firstWords } from "../encoding/schema-words.ts";
import { SignatureError } from "../signed/errors.ts";
import {
  MAX_KEYID_CHARS,
  MAX_LISTED,
  MAX_PEM_CHARS,
  MAX_POLICY_CHARS,
  MAX_POLICY_KEYS,
  MAX_POLICY_RULES,
  MAX_REVOKED,
  MAX_SIGNATURES,
  MAX_WHY_CHARS,
} from "../signed/limits.ts";
import { parseStrictJson } from "../encoding/strict-json.ts";
import { lineOf, type TrustedKey, type TrustPolicy, type TrustRule } from "./trust-policy.ts";

export const POLICY_API_VERSION = "galgo.dev/v1";
export const POLICY_KIND = "TrustPolicy";

/** The file, as people write it. */
export interface TrustPolicyFile {
  readonly apiVersion: typeof POLICY_API_VERSION;
  readonly kind: typeof POLICY_KIND;
  readonly keys: readonly {
    readonly name: string;
    /** PEM text. */
    readonly publicKey: string;
    readonly keyids?: readonly string[];
    /** ISO 8601, UTC. */
    readonly notBefore?: string;
    readonly notAfter?: string;
    readonly replaces?: string;
  }[];
  readonly rules: readonly {
    readonly models: readonly string[];
    readonly keys: readonly string[];
    readonly threshold?: number;
    readonly subject?: "required" | "any";
  }[];
  readonly revoked?: {
    readonly keys?: readonly { readonly id: string; readonly why?: string }[];
    readonly models?: readonly { readonly digest: string; readonly why?: string }[];
  };
}

let made: z.ZodMiniType<TrustPolicyFile> | undefined;

/** Made when it is asked for: most starts of Galgo read no policy. */
export function trustPolicySchema(): z.ZodMiniType<TrustPolicyFile> {
  made ??= policySchema();
  return made;
}

function policySchema(): z.ZodMiniType<TrustPolicyFile> {
  const name = z.string().check(z.regex(/^[A-Za-z0-9._-]{1,64}$/, "has to be a name"));
  const pattern = z
    .string()
    .check(
      z.regex(/^[A-Za-z0-9._*-]{1,64}$/, "has to be a name, in which * stands for any characters"),
    );
  const digest = z.string().check(z.regex(/^[0-9a-f]{64}$/, "has to be a SHA-256 digest in hex"));
  const time = z.iso.datetime("has to be a time like 2027-01-31T00:00:00Z");
  const why = z.exactOptional(z.string().check(z.maxLength(MAX_WHY_CHARS)));
  const keyid = z.string().check(z.minLength(1), z.maxLength(MAX_KEYID_CHARS));
  return z.strictObject({
    apiVersion: z.literal(POLICY_API_VERSION),
    kind: z.literal(POLICY_KIND),
    keys: z
      .array(
        z.strictObject({
          name,
          publicKey: z.string().check(z.maxLength(MAX_PEM_CHARS)),
          keyids: z.exactOptional(z.array(keyid).check(z.maxLength(MAX_LISTED))),
          notBefore: z.exactOptional(time),
          notAfter: z.exactOptional(time),
          replaces: z.exactOptional(name),
        }),
      )
      .check(z.minLength(1), z.maxLength(MAX_POLICY_KEYS)),
    rules: z
      .array(
        z.strictObject({
          models: z.array(pattern).check(z.minLength(1), z.maxLength(MAX_LISTED)),
          keys: z.array(name).check(z.minLength(1), z.maxLength(MAX_LISTED)),
          threshold: z.exactOptional(z.int().check(z.gte(1), z.lte(MAX_SIGNATURES))),
          subject: z.exactOptional(z.enum(["required", "any"])),
        }),
      )
      .check(z.minLength(1), z.maxLength(MAX_POLICY_RULES)),
    revoked: z.exactOptional(
      z.strictObject({
        keys: z.exactOptional(
          z.array(z.strictObject({ id: digest, why })).check(z.maxLength(MAX_REVOKED)),
        ),
        models: z.exactOptional(
          z.array(z.strictObject({ digest, why })).check(z.maxLength(MAX_REVOKED)),
        ),
      }),
    ),
  });
}

/** The JSON Schema (draft 2020-12) of a policy file. That names, times and keys fit together is checked beyond it. */
export function trustPolicyJsonSchema(): Readonly<Record<string, unknown>> {
  return {
    $id: "https://galgo.dev/schema/v1/trust-policy.schema.json",
    title: "Galgo TrustPolicy",
    description:
      "Whose signatures count for which models, from when until when, and what counts no longer.",
    ...z.toJSONSchema(trustPolicySchema()),
  };
}

/**
 * Reads a trust policy.
 * @param name of the file, for messages; shown as it is
 * @throws SignatureError TOO_LARGE, BAD_JSON, BAD_POLICY, BAD_KEY
 */
export function readTrustPolicy(
  text: string,
  name: string,
  verifier: Pick<Verifier, "digest">,
): TrustPolicy {
  if (text.length > MAX_POLICY_CHARS) {
    const problem = `${name} has ${text.length} characters, at most ${MAX_POLICY_CHARS} are read`;
    throw new SignatureError("TOO_LARGE", problem);
  }
  const value = parseStrictJson(text, name);
  const result = trustPolicySchema().safeParse(value);
  if (!result.success) throw bad(name, `is no trust policy: ${firstWords(result.error, value)}`);
  const { revoked, rules, keys } = result.data;
  const policy: TrustPolicy = {
    keys: keys.map((key) => trustedKey(key, name, verifier)),
    rules: rules.map((rule) => ({
      models: rule.models,
      keys: rule.keys,
      threshold: rule.threshold ?? 1,
      subject: rule.subject === "required",
    })),
    revokedKeys: new Map(revoked?.keys?.map(({ id, why = "" }) => [id, why])),
    revokedModels: new Map(revoked?.models?.map(({ digest, why = "" }) => [digest, why])),
  };
  for (const key of policy.keys) refuseKey(key, policy, name);
  for (const [i, rule] of policy.rules.entries()) refuseRule(rule, i, policy, name);
  return policy;
}

function trustedKey(
  { name: keyName, publicKey, keyids, notBefore, notAfter, replaces }: TrustPolicyFile["keys"][0],
  name: string,
  verifier: Pick<Verifier, "digest">,
): TrustedKey {
  const at = `${name}: key ${quote(keyName)}`;
  const key = publicKeyOfPem(publicKey, verifier, at);
  envelopeAlg(key, at);
  return {
    name: keyName,
    key,
    ...(keyids !== undefined && { keyids }),
    ...(notBefore !== undefined && { notBefore: timeOf(notBefore, at) }),
    ...(notAfter !== undefined && { notAfter: timeOf(notAfter, at) }),
    ...(replaces !== undefined && { replaces }),
  };
}

/** Milliseconds since 1970. What is no time would otherwise be a key without end. */
function timeOf(text: string, name: string): number {
  const time = Date.parse(text);
  if (Number.isFinite(time)) return time;
  throw bad(name, `has no time in ${quote(text, 40)}`);
}

function refuseKey(key: TrustedKey, { keys }: TrustPolicy, name: string): void {
  const at = `has the key ${quote(key.name)}`;
  if (keys.filter((each) => each.name === key.name).length > 1) throw bad(name, `${at} twice`);
  const twin = keys.find((each) => each !== key && each.key.id === key.key.id);
  if (twin !== undefined) throw bad(name, `${at} again under the name ${quote(twin.name)}`);
  const names = [key.key.id, ...(key.keyids ?? [])];
  const rival = keys.find((each) => {
    return each !== key && names.some((id) => id === each.key.id || each.keyids?.includes(id));
  });
  if (rival !== undefined) throw bad(name, `${at}, which shares a keyid with ${quote(rival.name)}`);
  if (key.notBefore !== undefined && key.notAfter !== undefined && key.notBefore > key.notAfter) {
    throw bad(name, `${at}, which ends before it begins`);
  }
  if (key.replaces === undefined) return;
  if (!keys.some((each) => each.name === key.replaces)) {
    throw bad(name, `${at}, which replaces ${quote(key.replaces)}, and there is no such key`);
  }
  const oldest = keys.find((each) => each.name === lineOf(key, { keys }).at(-1));
  if (oldest?.replaces !== undefined) throw bad(name, `${at}, which replaces itself in the end`);
}

function refuseRule(rule: TrustRule, i: number, { keys }: TrustPolicy, name: string): void {
  const at = `has a rule ${i + 1}`;
  const missing = rule.keys.find((wanted) => !keys.some((key) => key.name === wanted));
  if (missing !== undefined) throw bad(name, `${at} with the key ${quote(missing)} that it lacks`);
  const signers = new Set(
    keys.filter((key) => rule.keys.includes(key.name)).map((key) => lineOf(key, { keys }).at(-1)),
  );
  if (rule.threshold > signers.size) {
    throw bad(name, `${at} that wants ${rule.threshold} signers and has ${signers.size}`);
  }
}

function bad(name: string, why: string): SignatureError {
  return new SignatureError("BAD_POLICY", `${name} ${why}`);
}
