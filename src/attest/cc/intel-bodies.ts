// SPDX-License-Identifier: Apache-2.0
// Bodies of Intel's quotes: the report of an SGX enclave and of a TDX guest. Source: SGX ECDSA QuoteGenReference and TDX Quoting
// Library API, appendix A.
import { FieldReader } from "./reader.ts";

export const SGX_BODY_BYTES = 384;
export const TD_BODY_BYTES = 584;
/** A TDX 1.5 body: two more fields. */
export const TD15_BODY_BYTES = 648;
const SGX_INIT = 1n;
const SGX_DEBUG = 2n;
/** "TD under debug": bit 0 and those that are to come beside it; a guest with any of them is not trusted. */
const TD_DEBUG = 0xffn;
const TD_MIGRATABLE = 1n << 29n;
const RTMRS = 4;

/** Report of an enclave. */
export interface SgxBody {
  readonly kind: "sgx";
  readonly cpuSvn: Uint8Array;
  readonly attributes: bigint;
  readonly debug: boolean;
  /** Whether the enclave was completed; a report of another is none. */
  readonly initialised: boolean;
  /** MRENCLAVE. */
  readonly measurement: Uint8Array;
  /** MRSIGNER. */
  readonly signer: Uint8Array;
  readonly productId: number;
  readonly securityVersion: number;
  readonly reportData: Uint8Array;
}

/** Report of a TDX guest. */
export interface TdBody {
  readonly kind: "tdx";
  readonly tcbSvn: Uint8Array;
  readonly seam: Uint8Array;
  /** Signer of the TDX module; zeros for Intel. */
  readonly seamSigner: Uint8Array;
  /** Zero for all modules that Intel calls good. */
  readonly seamAttributes: bigint;
  readonly attributes: bigint;
  readonly debug: boolean;
  /** Whether a service guest may move it to another machine. */
  readonly migratable: boolean;
  readonly xfam: bigint;
  /** MRTD. */
  readonly measurement: Uint8Array;
  readonly configId: Uint8Array;
  readonly owner: Uint8Array;
  readonly ownerConfig: Uint8Array;
  readonly rtmrs: readonly Uint8Array[];
  readonly reportData: Uint8Array;
  /** Of a TDX 1.5 body. */
  readonly tcbSvn2?: Uint8Array;
  readonly serviceTd?: Uint8Array;
}

/** Reads an enclave's report of `SGX_BODY_BYTES`. Throws `CcError`. */
export function parseSgxBody(bytes: Uint8Array): SgxBody {
  const reader = new FieldReader(bytes, "SGX report");
  const cpuSvn = reader.take(16, "processor's level");
  reader.take(32, "selection and product id");
  const attributes = reader.u64("attributes");
  reader.take(8, "features");
  const measurement = reader.take(32, "measurement");
  reader.take(32, "reserved bytes");
  const signer = reader.take(32, "signer");
  reader.take(96, "configuration");
  const productId = reader.u16("product");
  const securityVersion = reader.u16("version");
  reader.take(60, "configuration and family");
  const reportData = reader.take(64, "report data");
  return {
    kind: "sgx",
    cpuSvn,
    attributes,
    debug: (attributes & SGX_DEBUG) !== 0n,
    initialised: (attributes & SGX_INIT) !== 0n,
    measurement,
    signer,
    productId,
    securityVersion,
    reportData,
  };
}

/** Reads a guest's report of `TD_BODY_BYTES` or `TD15_BODY_BYTES`. Throws `CcError`. */
export function parseTdBody(bytes: Uint8Array): TdBody {
  const reader = new FieldReader(bytes, "TDX report");
  const tcbSvn = reader.take(16, "module's level");
  const seam = reader.take(48, "module");
  const seamSigner = reader.take(48, "module's signer");
  const seamAttributes = reader.u64("module's attributes");
  const attributes = reader.u64("attributes");
  const xfam = reader.u64("features");
  const measurement = reader.take(48, "measurement");
  const configId = reader.take(48, "configuration");
  const owner = reader.take(48, "owner");
  const ownerConfig = reader.take(48, "owner's configuration");
  const rtmrs = Array.from({ length: RTMRS }, () => reader.take(48, "run-time measurements"));
  const reportData = reader.take(64, "report data");
  const more =
    bytes.length < TD15_BODY_BYTES
      ? {}
      : {
          tcbSvn2: reader.take(16, "second level"),
          serviceTd: reader.take(48, "service's measurement"),
        };
  return {
    kind: "tdx",
    tcbSvn,
    seam,
    seamSigner,
    seamAttributes,
    attributes,
    debug: (attributes & TD_DEBUG) !== 0n,
    migratable: (attributes & TD_MIGRATABLE) !== 0n,
    xfam,
    measurement,
    configId,
    owner,
    ownerConfig,
    rtmrs,
    reportData,
    ...more,
  };
}
