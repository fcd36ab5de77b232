// SPDX-License-Identifier: Apache-2.0
// What evidence says of a workload, whatever token carries it. Hex is lower case; bytes are bytes. How each member is bounded and
// written: claims.ts.
import type { DigestName } from "../../model/names/index.ts";

/** EAT profile (RFC 9711, 6) of the tokens of this version. */
export const EVIDENCE_PROFILE = "https://galgo.dev/evidence/v1";

/** Which workload is meant. */
export interface EvidenceWorkload {
  readonly name: string;
  /** Id of the run. */
  readonly id: string;
  /** Digest of the image, `sha256:...`; absent when the workload is not a container. */
  readonly image?: string;
  /** Number of the user whose workload it is: names are not of one user only. */
  readonly owner?: number;
}

/** The model that the run was started with. */
export interface EvidenceModel {
  readonly name: string;
  /** hex; SHA-256 of the canonical model, as in signed statements */
  readonly digest: string;
  /** Ids (hex) of the keys whose signatures were checked before a line took effect; absent when none was demanded. */
  readonly signedBy?: readonly string[];
}

/** By what rules events became coefficients. */
export interface EvidenceRules {
  readonly mapping: string;
  /** Of state, measurement, aggregate, base and coefficients. */
  readonly digest: DigestName;
  readonly profile: string;
}

/** Counts of the same instant as the state. */
export interface EvidenceCounts {
  readonly events: number;
  readonly points: number;
  readonly lost: number;
  readonly violations: number;
  readonly refused: number;
}

/** What the sensor sees and holds; members as in the sensor's own `Fidelity`. */
export interface EvidenceFidelity {
  readonly sensor: string;
  readonly sees: readonly string[];
  readonly holds: readonly string[];
  readonly absent: readonly string[];
  readonly features: readonly string[];
}

/** Who says all this. */
export interface EvidenceOrchestrator {
  readonly version: string;
  /** hex; over the files of the build */
  readonly buildDigest: string;
}

/** What the kernel guards itself, and so is no part of the state. */
export interface EvidenceFloor {
  readonly kind: string;
  /** Behaviours of the model that are not seen. */
  readonly unseen: number;
  /** hex; the model's state without them */
  readonly state: string;
}

/** Where a model is kept that is not in the orchestrator's own process. */
export interface EvidenceTma {
  readonly locality: "wasm" | "process" | "vm" | "serial" | "remote";
  /** hex; over the code of the agent */
  readonly codeDigest?: string;
}

/** A register of a TPM. */
export interface PcrValue {
  readonly index: number;
  /** hex */
  readonly value: string;
}

/** A quote of a TPM over `pcrs`. */
export interface TpmEvidence {
  readonly kind: "tpm";
  /** TPMS_ATTEST; its extraData binds this token, see `platformNonce`. */
  readonly attest: Uint8Array;
  /** TPMT_SIGNATURE */
  readonly signature: Uint8Array;
  /** TPMT_PUBLIC of the attestation key. */
  readonly akPublic: Uint8Array;
  /** Name of the bank of `pcrs`. */
  readonly bank: string;
  readonly pcrs: readonly PcrValue[];
  /** hex; PCR 11 before the first coefficient: others may have extended it since the machine started. */
  readonly start: string;
  /** So many coefficients of the trajectory, from the first, are in PCR 11. */
  readonly extended: number;
  /** These coefficients, one after the other; absent when there are none, or too many for a token. */
  readonly coefficients?: Uint8Array;
  /** Why PCR 11 does not hold all of them, or not only them; absent when it does. */
  readonly failure?: string;
  /** The kernel's measurement list, as it was read. */
  readonly ima?: Uint8Array;
}

/** A report of a confidential virtual machine or enclave, as its configfs-tsm or quoting service gave it. */
export interface ReportEvidence {
  readonly kind: "snp" | "tdx" | "sgx";
  readonly report: Uint8Array;
  /** Certificates that came with it. */
  readonly auxiliary?: Uint8Array;
}

/** No platform vouches, and why. */
export interface NoPlatform {
  readonly kind: "none";
  readonly why: string;
}

export type PlatformEvidence = TpmEvidence | ReportEvidence | NoPlatform;

export type EvidenceMode = "free" | "detect" | "enforce";

/** The claims. */
export interface Evidence {
  /** The verifier's challenge, hex; 8 to 64 bytes. */
  readonly nonce: string;
  /** Seconds since 1970. */
  readonly issuedAt: number;
  readonly workload: EvidenceWorkload;
  /** Absent in the mode free, and when a run without one was sealed and enforced by order. */
  readonly model?: EvidenceModel;
  readonly rules: EvidenceRules;
  /** hex; order-independent value over aggregate, base and points */
  readonly state: string;
  /** hex; running value in the order of discovery */
  readonly measurement: string;
  /** hex */
  readonly aggregate: string;
  /** hex; absent when nobody has chosen one */
  readonly base?: string;
  readonly counts: EvidenceCounts;
  readonly mode: EvidenceMode;
  readonly sealed: boolean;
  readonly fidelity: EvidenceFidelity;
  readonly floor?: EvidenceFloor;
  readonly orchestrator: EvidenceOrchestrator;
  /** Absent when the model is kept in the orchestrator's own process. */
  readonly tma?: EvidenceTma;
  /** Seconds since 1970. */
  readonly started: number;
  readonly platform: PlatformEvidence;
}
