// SPDX-License-Identifier: Apache-2.0
// What a verifier is given, what it trusts, and what it says. Policies are read by policy-file.ts, applied by appraise.ts.
import type { WorkloadModel } from "../../model/index.ts";
import type { DigestName, Hasher } from "../../model/hasher.ts";
import type { CcCrypto } from "../cc/crypto.ts";
import type { PinnedRoot } from "../cc/chain.ts";
import type { Evidence, EvidenceMode, PlatformEvidence } from "../evidence/index.ts";
import type { FileFinding, WantedFile } from "../ima/files.ts";
import type { PublicKey, Verifier } from "../keys/keys.ts";
import type { TrustPolicy } from "../policy/trust-policy.ts";
import type { TpmCrypto, TpmHash } from "../tpm/index.ts";
import type { Area, Refusal } from "./reasons.ts";

/** All cryptography that an appraisal needs, as values. */
export interface VerifyCrypto {
  /** Of tokens and signed models. */
  readonly verifier: Verifier;
  readonly hasher: (name: DigestName) => Hasher;
  readonly tpm: TpmCrypto;
  readonly cc: CcCrypto;
}

/** A key that may sign evidence. */
export interface EvidenceKey {
  readonly name: string;
  readonly key: PublicKey;
  /** Milliseconds since 1970; none: since ever. */
  readonly notBefore?: number;
  /** Milliseconds since 1970, itself included; none: without end. */
  readonly notAfter?: number;
}

/** A model that the policy names as good. */
export interface ReferenceModel {
  /** Of the file. */
  readonly source: string;
  readonly model: WorkloadModel;
  /** SHA-256 of the canonical model, hex. */
  readonly digest: string;
}

/** Which behaviour is good. One of `states`, or the state of one of the models; with `signed`, only of models that are. */
export interface ReferenceValues {
  /** hex */
  readonly states: readonly string[];
  readonly models: readonly ReferenceModel[];
  /** The model has to be a signed file that the policy's `trust` accepts, brought along or among `signedModels`. */
  readonly signed: boolean;
  /** Texts of signed files. */
  readonly signedModels: readonly NamedText[];
  /** Names that models may have which were brought along, `*` for any characters; undefined: the very name of the workload. */
  readonly names?: readonly string[];
  /** The run itself must have checked the signature before it took the model. */
  readonly demanded: boolean;
}

export interface NamedText {
  /** For messages. */
  readonly name: string;
  readonly text: string;
}

/** What may go wrong in a run that is accepted all the same. */
export interface VerifyLimits {
  readonly lost: number;
  readonly violations: number;
  /** Refused calls of untrusted processes; undefined: any number. */
  readonly refused?: number;
}

export interface FreshnessPolicy {
  /** Since the evidence was made. */
  readonly seconds: number;
  /** That the clock of its maker may be ahead. */
  readonly ahead: number;
  /** Whether the run has to have begun with a nonce of the verifier as its base. */
  readonly base: "required" | "allowed" | "refused";
}

export interface FidelityPolicy {
  /** undefined: that of the reference model; any when only a state is known. */
  readonly sensors?: readonly string[];
  readonly sees: readonly string[];
  readonly holds: readonly string[];
  readonly features: readonly string[];
  /** Less than what the reference model was learned with is taken too. */
  readonly weaker: boolean;
  /** Whether the kernel may guard a part of the model unseen. */
  readonly floor: boolean;
}

/** An attestation key of a TPM that is known. */
export interface KnownAk {
  readonly name: string;
  /** hex; algorithm and digest of its public area */
  readonly ak: string;
}

export interface ImaPolicy {
  readonly required: boolean;
  /** Entries that are violations, at most. */
  readonly violations: number;
  readonly files: readonly WantedFile[];
  /** Folders in which nothing but `files` may have been measured. */
  readonly closed?: readonly string[];
}

export interface TpmPolicy {
  readonly keys: readonly KnownAk[];
  /** Also keys that were enrolled with this verifier: bound by a credential to a TPM whose certificate it trusts. */
  readonly enrolled: boolean;
  readonly banks: readonly TpmHash[];
  /** hex values that are known to be good, by PCR. */
  readonly pcrs: ReadonlyMap<number, readonly string[]>;
  /** Whether the coefficients must be in PCR 11. `optional`: they are checked when there are any. */
  readonly coefficients: "required" | "optional";
  /** What PCR 11 may have been before the run, hex. `any`: the word of the orchestrator is taken. */
  readonly start: "any" | "zeros" | readonly string[];
  readonly ima?: ImaPolicy;
}

export interface ReportPolicy {
  /** Launch measurements that are good, hex. */
  readonly measurements: readonly string[];
  readonly roots: readonly PinnedRoot[];
  /** `ISSUER'S SHA-256:SERIAL`, both hex; undefined: nobody looks. */
  readonly revoked?: ReadonlySet<string>;
}

/** Which platforms may vouch. None of them: nothing is accepted. */
export interface PlatformPolicy {
  readonly none: boolean;
  readonly tpm?: TpmPolicy;
  readonly snp?: ReportPolicy;
  readonly tdx?: ReportPolicy;
  readonly sgx?: ReportPolicy;
}

export interface WorkloadRule {
  /** `*` stands for any characters. */
  readonly workloads: readonly string[];
  /** Names of keys that may speak for these workloads. */
  readonly keys: readonly string[];
  /** `sha256:...`; undefined: it is not looked at. */
  readonly images?: readonly string[];
  /** Numbers of the users whose workloads are meant: names are not of one user only. undefined: it is not looked at. */
  readonly owners?: readonly number[];
  readonly reference: ReferenceValues;
  readonly modes: readonly EvidenceMode[];
  readonly limits: VerifyLimits;
  readonly freshness: FreshnessPolicy;
  readonly fidelity: FidelityPolicy;
  /** Digests of builds of Galgo, hex; undefined: any. */
  readonly builds?: readonly string[];
  /** Where the model may be kept: `in-process`, or what evidence says. */
  readonly localities: readonly string[];
  /** Digests of an agent's code, hex; undefined: any. */
  readonly agents?: readonly string[];
  readonly platform: PlatformPolicy;
}

export interface VerifierPolicy {
  /** Of the file. */
  readonly source: string;
  /** SHA-256 of its text, hex: results name it. */
  readonly digest: string;
  readonly keys: readonly EvidenceKey[];
  /** Why, by the id of the key. */
  readonly revokedKeys: ReadonlyMap<string, string>;
  /** Who may sign models. */
  readonly trust?: TrustPolicy;
  /** The first that fits a workload's name holds. */
  readonly rules: readonly WorkloadRule[];
}

/** What a run left behind, as far as it says what the evidence must agree with. */
export interface RunRecord {
  /** For messages. */
  readonly source: string;
  /** Id of the run, when the record tells. */
  readonly id?: string;
  /** hex, in the order of discovery, those of the model that were loaded among them; undefined: the record does not tell of all. */
  readonly coefficients?: readonly string[];
  readonly lost?: number;
  readonly violations?: number;
  /** What is known of single behaviours, by coefficient, in words: those outside of the run's model in the order in which they came. */
  readonly words: ReadonlyMap<string, string>;
}

/** Evidence and what it has to answer. */
export interface VerifyCase {
  /** JWT, or the bytes of a CWT. */
  readonly token: string | Uint8Array;
  readonly policy: VerifierPolicy;
  /** The challenge, hex. Without one nothing is accepted: `NO_NONCE`. */
  readonly nonce?: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** hex; what the run was to begin with. */
  readonly base?: string;
  /** What was asked about; undefined: whatever the policy has a rule for. */
  readonly workload?: { readonly name?: string; readonly id?: string; readonly image?: string };
  /** Names (hex) of attestation keys that were enrolled with this verifier. */
  readonly enrolled?: ReadonlySet<string>;
  /** Signed models that came with the evidence. They are believed for nothing but their signatures. */
  readonly models?: readonly NamedText[];
  /** hex, in the order of discovery. Believed when they make the values of the evidence. */
  readonly coefficients?: readonly string[];
  readonly record?: RunRecord;
}

/** A behaviour that makes the difference. */
export interface Behaviour {
  /** hex */
  readonly coefficient: string;
  /** From the record; undefined: it does not tell of this one. */
  readonly words?: string;
}

/** How the workload's behaviour differs from the reference. */
export interface Difference {
  /** What it is compared with. */
  readonly reference: string;
  /** In the run and not in the reference. */
  readonly added: readonly Behaviour[];
  /** In the reference and not in the run. */
  readonly missing: readonly Behaviour[];
  /** Of all: the lists are cut at `MAX_NAMED_BEHAVIOURS`. */
  readonly counts: { readonly added: number; readonly missing: number };
}

/** Who signed the evidence. */
export interface SignedByKey {
  readonly name: string;
  /** hex */
  readonly id: string;
  readonly alg: string;
}

/** What the verifier says. */
export interface VerifyResult {
  readonly accepted: boolean;
  /** All reasons that were found; empty when it is accepted. */
  readonly refusals: readonly Refusal[];
  /** What was checked and is good, one sentence each. */
  readonly checked: readonly string[];
  /** What nobody checked, and the result so does not vouch for. */
  readonly gaps: readonly string[];
  /** Areas that something was checked in. */
  readonly areas: readonly Area[];
  /** SHA-256 of the token, hex. */
  readonly token: string;
  readonly policy: { readonly source: string; readonly digest: string };
  /** Milliseconds since 1970. */
  readonly at: number;
  /** What was signed; absent when the signature is not good. */
  readonly evidence?: Evidence;
  readonly signedBy?: SignedByKey;
  /** Kind of platform that vouches; absent as `evidence` is. */
  readonly platform?: PlatformEvidence["kind"];
  /** Files of the kernel's measurement list that the policy asks for. */
  readonly files?: readonly FileFinding[];
  /** When a record or the coefficients were given and the behaviour is not that of the reference. */
  readonly difference?: Difference;
}
