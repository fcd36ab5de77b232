// SPDX-License-Identifier: Apache-2.0
// The attestation report of AMD SEV-SNP. Source: SEV Secure Nested Paging Firmware ABI Specification (56860), table of
// ATTESTATION_REPORT; versions 2 to 5.
import { FieldReader } from "./reader.ts";

/** Bytes of a report. */
export const SNP_REPORT_BYTES = 1184;
/** Bytes of a report that its signature is over. */
export const SNP_SIGNED_BYTES = 672;
const MIN_VERSION = 2;
const MAX_VERSION = 5;
/** First version that tells the processor's family. */
const VERSION_WITH_FAMILY = 3;
const ECDSA_P384_SHA384 = 1;
/** R and S are little-endian, in more bytes than they have. */
const HALF_FIELD_BYTES = 72;
const HALF_BYTES = 48;
const FAMILY_TURIN = 0x1a;

/** Security versions of the firmware's parts. `fmc` exists from Turin on. */
export interface SnpTcb {
  readonly bootloader: number;
  readonly tee: number;
  readonly snp: number;
  readonly microcode: number;
  readonly fmc?: number;
}

/** Who signed: the chip's own key, the key that a cloud provider holds for its chips, or nobody. */
export type SnpSigner = "vcek" | "vlek" | "none" | "unknown";

export interface SnpReport {
  readonly version: number;
  readonly guestSvn: number;
  readonly policy: {
    readonly value: bigint;
    readonly smt: boolean;
    readonly migrationAgent: boolean;
    readonly debug: boolean;
    readonly singleSocket: boolean;
  };
  readonly vmpl: number;
  readonly signer: SnpSigner;
  readonly reportData: Uint8Array;
  readonly measurement: Uint8Array;
  readonly hostData: Uint8Array;
  readonly idKeyDigest: Uint8Array;
  readonly authorKeyDigest: Uint8Array;
  /** Eight bytes each; their meaning depends on the processor (`snpTcb`). */
  readonly currentTcb: Uint8Array;
  readonly reportedTcb: Uint8Array;
  /** Family of the processor (CPUID), of reports of version 3 and newer. */
  readonly family?: number;
  readonly chipId: Uint8Array;
  readonly signed: Uint8Array;
  /** r and s, big-endian, 48 bytes each. */
  readonly signature: Uint8Array;
}

/** Reads a report. Throws `CcError`. */
export function parseSnpReport(bytes: Uint8Array): SnpReport {
  const reader = new FieldReader(bytes, "SEV-SNP report");
  const version = reader.u32("version");
  if (version < MIN_VERSION || version > MAX_VERSION) {
    throw reader.unsupported(`version ${version}; known are ${MIN_VERSION} to ${MAX_VERSION}`);
  }
  const guestSvn = reader.u32("guest's version");
  const policy = policyOf(reader.u64("policy"));
  reader.take(32, "family and image");
  const vmpl = reader.u32("privilege level");
  const algorithm = reader.u32("signature algorithm");
  if (algorithm !== ECDSA_P384_SHA384) throw reader.unsupported(`signature algorithm ${algorithm}`);
  const currentTcb = reader.take(8, "current firmware level");
  reader.take(8, "platform facts");
  const signer = signerOf(reader.u32("signing key"));
  reader.take(4, "reserved bytes");
  const reportData = reader.take(64, "report data");
  const measurement = reader.take(48, "measurement");
  const hostData = reader.take(32, "host data");
  const idKeyDigest = reader.take(48, "id key");
  const authorKeyDigest = reader.take(48, "author key");
  reader.take(64, "report ids");
  const reportedTcb = reader.take(8, "reported firmware level");
  const family = reader.u8("processor family");
  reader.take(23, "processor facts");
  const chipId = reader.take(64, "chip id");
  reader.take(SNP_SIGNED_BYTES - reader.at, "firmware facts");
  const signed = reader.before();
  const signature = readSignature(reader);
  return {
    version,
    guestSvn,
    policy,
    vmpl,
    signer,
    reportData,
    measurement,
    hostData,
    idKeyDigest,
    authorKeyDigest,
    currentTcb,
    reportedTcb,
    ...(version < VERSION_WITH_FAMILY ? {} : { family }),
    chipId,
    signed,
    signature,
  };
}

function policyOf(value: bigint): SnpReport["policy"] {
  const bit = (at: bigint): boolean => ((value >> at) & 1n) === 1n;
  return {
    value,
    smt: bit(16n),
    migrationAgent: bit(18n),
    debug: bit(19n),
    singleSocket: bit(20n),
  };
}

function signerOf(flags: number): SnpSigner {
  const key = (flags >> 2) & 7;
  if (key === 7) return "none";
  return key === 0 ? "vcek" : key === 1 ? "vlek" : "unknown";
}

/** Everything of the signature field but R and S is zero, so that no bit of a report can be changed unseen. */
function readSignature(reader: FieldReader): Uint8Array {
  const signature = new Uint8Array(HALF_BYTES * 2);
  for (const at of [0, HALF_BYTES]) {
    const field = reader.take(HALF_FIELD_BYTES, "signature");
    if (field.subarray(HALF_BYTES).some((byte) => byte !== 0)) {
      throw reader.bad("a signature out of range");
    }
    // A copy that is one for every kind of array: what was given is not turned round.
    signature.set(Uint8Array.from(field.subarray(0, HALF_BYTES)).reverse(), at);
  }
  const rest = reader.take(SNP_REPORT_BYTES - reader.at, "signature");
  if (rest.some((byte) => byte !== 0)) throw reader.bad("bytes after its signature");
  if (reader.left > 0) throw reader.bad(`more than ${SNP_REPORT_BYTES} bytes`);
  return signature;
}

/** True when the processor is of the kind that counts firmware levels as Turin does: by the report, else by the product's name. */
export function countsAsTurin(report: SnpReport, product: string): boolean {
  return report.family === undefined ? /^Turin/.test(product) : report.family >= FAMILY_TURIN;
}

/** Parts of a firmware level. Source: TCB_VERSION of 56860, one table for Milan and Genoa, one for Turin. */
export function snpTcb(bytes: Uint8Array, turin: boolean): SnpTcb {
  const at = (index: number): number => bytes[index] ?? 0;
  if (!turin) return { bootloader: at(0), tee: at(1), snp: at(6), microcode: at(7) };
  return { fmc: at(0), bootloader: at(1), tee: at(2), snp: at(3), microcode: at(7) };
}
