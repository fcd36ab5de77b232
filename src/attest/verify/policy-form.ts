// SPDX-License-Identifier: Apache-2.0
// The file of a verifier's policy as people write it, and the schema that it has to fit. Nothing unknown is taken: a slip in such a file
// opens a door.
import * as z from "zod/mini";
import { MAX_PEM_CHARS } from "../signed/limits.ts";
import { trustPolicySchema, type TrustPolicyFile } from "../policy/trust-file.ts";
import {
  MAX_FILE_NAME_CHARS,
  MAX_FRESH_SECONDS,
  MAX_KEYS,
  MAX_LISTED,
  MAX_REVOKED,
  MAX_RULES,
  MAX_WHY_CHARS,
} from "./limits.ts";

export const VERIFIER_API_VERSION = "galgo.dev/v1";
export const VERIFIER_KIND = "VerifierPolicy";

interface ReportPolicyFile {
  readonly measurements: readonly string[];
  readonly roots?: readonly { readonly name: string; readonly sha256: string }[];
  readonly revoked?: readonly string[];
}

export interface TpmPolicyFile {
  readonly keys?: readonly { readonly name: string; readonly ak: string }[];
  readonly enrolled?: boolean;
  readonly banks?: readonly ("sha256" | "sha384" | "sha512")[];
  readonly pcrs?: Readonly<Record<string, readonly string[]>>;
  readonly coefficients?: "required" | "optional";
  readonly start?: "any" | "zeros" | readonly string[];
  readonly ima?: {
    readonly required?: boolean;
    /** File of reference values, beside the policy: `galgo ima reference` makes one. */
    readonly reference?: string;
  };
}

export interface PlatformPolicyFile {
  readonly none?: boolean;
  readonly tpm?: TpmPolicyFile;
  readonly snp?: ReportPolicyFile;
  readonly tdx?: ReportPolicyFile;
  readonly sgx?: ReportPolicyFile;
}

export interface WorkloadRuleFile {
  readonly names: readonly string[];
  readonly keys?: readonly string[];
  readonly images?: readonly string[];
  readonly owners?: readonly number[];
  readonly reference: {
    readonly states?: readonly string[];
    /** Files, beside the policy. */
    readonly models?: readonly string[];
    readonly signed?: boolean;
    /** Of models that are brought along. */
    readonly names?: readonly string[];
    readonly demanded?: boolean;
  };
  readonly modes?: readonly ("free" | "detect" | "enforce")[];
  readonly limits?: {
    readonly lost?: number;
    readonly violations?: number;
    readonly refused?: number;
  };
  readonly freshness?: {
    readonly seconds?: number;
    readonly ahead?: number;
    readonly base?: "required" | "allowed" | "refused";
  };
  readonly fidelity?: {
    readonly sensors?: readonly string[];
    readonly sees?: readonly string[];
    readonly holds?: readonly string[];
    readonly features?: readonly string[];
    readonly weaker?: boolean;
    readonly floor?: boolean;
  };
  readonly builds?: readonly string[];
  readonly localities?: readonly ("in-process" | "wasm" | "process" | "vm" | "serial" | "remote")[];
  readonly agents?: readonly string[];
  readonly platform: PlatformPolicyFile;
}

export interface VerifierPolicyFile {
  readonly apiVersion: typeof VERIFIER_API_VERSION;
  readonly kind: typeof VERIFIER_KIND;
  readonly keys: readonly {
    readonly name: string;
    /** PEM text. */
    readonly publicKey: string;
    /** ISO 8601, UTC. */
    readonly notBefore?: string;
    readonly notAfter?: string;
  }[];
  readonly revoked?: readonly { readonly id: string; readonly why?: string }[];
  /** Who may sign models: a trust policy, or its file beside this one. */
  readonly trust?: string | TrustPolicyFile;
  readonly workloads: readonly WorkloadRuleFile[];
}

let made: z.ZodMiniType<VerifierPolicyFile> | undefined;

/** Made when it is asked for: most starts of Galgo verify nothing. */
export function verifierPolicySchema(): z.ZodMiniType<VerifierPolicyFile> {
  made ??= policySchema();
  return made;
}

/** The same for editors and other programs (JSON Schema). */
export function verifierPolicyJsonSchema(): Readonly<Record<string, unknown>> {
  return {
    $id: "https://galgo.dev/schema/v1/verifier-policy.schema.json",
    title: "Galgo VerifierPolicy",
    description:
      "Which evidence of workloads a verifier accepts: whose, of which behaviour, how held, on which platforms.",
    ...z.toJSONSchema(verifierPolicySchema()),
  };
}

const some = <T>(item: z.ZodMiniType<T>, max = MAX_LISTED): z.ZodMiniType<readonly T[]> =>
  z.array(item).check(z.minLength(1), z.maxLength(max)) as z.ZodMiniType<readonly T[]>;
const any = <T>(item: z.ZodMiniType<T>, max = MAX_LISTED): z.ZodMiniType<readonly T[]> =>
  z.array(item).check(z.maxLength(max)) as z.ZodMiniType<readonly T[]>;
const natural = () => z.int().check(z.gte(0));
const hexOf = (what: string, ...sizes: readonly number[]) =>
  z
    .string()
    .check(
      z.regex(
        new RegExp(`^(?:${sizes.map((size) => `[0-9a-f]{${2 * size}}`).join("|")})$`),
        `has to be ${what} in lower-case hex (${sizes.join(" or ")} bytes)`,
      ),
    );

function policySchema(): z.ZodMiniType<VerifierPolicyFile> {
  const name = keyName();
  const time = z.iso.datetime("has to be a time like 2027-01-31T00:00:00Z");
  return z.strictObject({
    apiVersion: z.literal(VERIFIER_API_VERSION),
    kind: z.literal(VERIFIER_KIND),
    keys: some(
      z.strictObject({
        name,
        publicKey: z.string().check(z.maxLength(MAX_PEM_CHARS)),
        notBefore: z.exactOptional(time),
        notAfter: z.exactOptional(time),
      }),
      MAX_KEYS,
    ),
    revoked: z.exactOptional(
      any(
        z.strictObject({
          id: hexOf("a key's id", 32),
          why: z.exactOptional(z.string().check(z.maxLength(MAX_WHY_CHARS))),
        }),
        MAX_REVOKED,
      ),
    ),
    trust: z.exactOptional(z.union([fileName(), trustPolicySchema()])),
    workloads: some(ruleSchema(), MAX_RULES),
  });
}

function keyName() {
  return z.string().check(z.regex(/^[A-Za-z0-9._-]{1,64}$/, "has to be a name"));
}

function fileName() {
  return z.string().check(z.minLength(1), z.maxLength(MAX_FILE_NAME_CHARS));
}

function ruleSchema(): z.ZodMiniType<WorkloadRuleFile> {
  const digest = hexOf("a digest", 32, 48, 64);
  const word = z.string().check(z.minLength(1), z.maxLength(256));
  return z.strictObject({
    names: some(z.string().check(z.minLength(1), z.maxLength(256))),
    keys: z.exactOptional(some(keyName())),
    images: z.exactOptional(
      some(
        z
          .string()
          .check(z.regex(/^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$/, "has to be sha256:HEX")),
      ),
    ),
    owners: z.exactOptional(some(natural())),
    reference: z.strictObject({
      states: z.exactOptional(any(digest)),
      models: z.exactOptional(any(fileName())),
      signed: z.exactOptional(z.boolean()),
      names: z.exactOptional(some(word)),
      demanded: z.exactOptional(z.boolean()),
    }),
    modes: z.exactOptional(some(z.enum(["free", "detect", "enforce"]))),
    limits: z.exactOptional(
      z.strictObject({
        lost: z.exactOptional(natural()),
        violations: z.exactOptional(natural()),
        refused: z.exactOptional(natural()),
      }),
    ),
    freshness: z.exactOptional(
      z.strictObject({
        seconds: z.exactOptional(z.int().check(z.gte(1), z.lte(MAX_FRESH_SECONDS))),
        ahead: z.exactOptional(z.int().check(z.gte(0), z.lte(3_600))),
        base: z.exactOptional(z.enum(["required", "allowed", "refused"])),
      }),
    ),
    fidelity: z.exactOptional(
      z.strictObject({
        sensors: z.exactOptional(some(word)),
        sees: z.exactOptional(any(word)),
        holds: z.exactOptional(any(word)),
        features: z.exactOptional(any(word)),
        weaker: z.exactOptional(z.boolean()),
        floor: z.exactOptional(z.boolean()),
      }),
    ),
    builds: z.exactOptional(some(digest)),
    localities: z.exactOptional(
      some(z.enum(["in-process", "wasm", "process", "vm", "serial", "remote"])),
    ),
    agents: z.exactOptional(some(digest)),
    platform: platformSchema(),
  });
}

function platformSchema(): z.ZodMiniType<PlatformPolicyFile> {
  return z.strictObject({
    none: z.exactOptional(z.boolean()),
    tpm: z.exactOptional(tpmSchema()),
    snp: z.exactOptional(reportSchema(48)),
    tdx: z.exactOptional(reportSchema(48)),
    sgx: z.exactOptional(reportSchema(32)),
  });
}

function reportSchema(bytes: number): z.ZodMiniType<ReportPolicyFile> {
  const fingerprint = hexOf("a SHA-256 digest", 32);
  return z.strictObject({
    measurements: some(hexOf("a measurement", bytes)),
    roots: z.exactOptional(some(z.strictObject({ name: keyName(), sha256: fingerprint }))),
    revoked: z.exactOptional(
      any(
        z
          .string()
          .check(
            z.regex(/^[0-9a-f]{64}:[0-9a-f]{1,64}$/, "has to be SHA256:SERIAL in lower-case hex"),
          ),
        MAX_REVOKED,
      ),
    ),
  });
}

function tpmSchema(): z.ZodMiniType<TpmPolicyFile> {
  const value = hexOf("a PCR's value", 32, 48, 64);
  const pcr = z.string().check(z.regex(/^(\d|1\d|2[0-3])$/, "has to be a PCR from 0 to 23"));
  return z.strictObject({
    keys: z.exactOptional(
      some(z.strictObject({ name: keyName(), ak: hexOf("a key's name", 34, 50, 66) })),
    ),
    enrolled: z.exactOptional(z.boolean()),
    banks: z.exactOptional(some(z.enum(["sha256", "sha384", "sha512"]))),
    pcrs: z.exactOptional(z.record(pcr, some(value))),
    coefficients: z.exactOptional(z.enum(["required", "optional"])),
    start: z.exactOptional(z.union([z.enum(["any", "zeros"]), some(value)])),
    ima: z.exactOptional(
      z.strictObject({
        required: z.exactOptional(z.boolean()),
        reference: z.exactOptional(fileName()),
      }),
    ),
  });
}
