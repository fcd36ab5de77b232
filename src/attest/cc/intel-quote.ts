// SPDX-License-Identifier: Apache-2.0
// Intel's DCAP quotes: SGX version 3, TDX versions 4 and 5 (and SGX in these). Source: SGX ECDSA QuoteGenReference, appendix A, and
// TDX Quoting Library API, appendix A.
import { bytesToHex } from "../../base/hex.ts";
import { type Certificate, parsePemChain } from "./certificate.ts";
import { CcError } from "./errors.ts";
import {
  parseSgxBody,
  parseTdBody,
  SGX_BODY_BYTES,
  type SgxBody,
  TD15_BODY_BYTES,
  TD_BODY_BYTES,
  type TdBody,
} from "./intel-bodies.ts";
import { FieldReader } from "./reader.ts";

/** Bytes that a quote may have; real ones have about 5,000. */
export const MAX_QUOTE_BYTES: number = 64 * 1024;
/** Vendor of the quoting enclave: Intel. */
export const INTEL_QE_VENDOR = "939a7233f79c4ca9940a0db3957f0607";

const ECDSA_P256 = 2;
const TEE_SGX = 0;
const TEE_TDX = 0x81;
const CERTIFIED_BY_QE_REPORT = 6;
const CERTIFIED_BY_PCK_CHAIN = 5;
/** Body kinds of version 5, with their sizes. */
const BODY_KINDS: ReadonlyMap<number, number> = new Map([
  [1, SGX_BODY_BYTES],
  [2, TD_BODY_BYTES],
  [3, TD15_BODY_BYTES],
]);

export interface IntelQuote {
  readonly version: number;
  readonly body: SgxBody | TdBody;
  /** Hex. */
  readonly qeVendor: string;
  /** What the attestation key signed: header and body. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
  /** Coordinates of the attestation key, P-256. */
  readonly attestationKey: Uint8Array;
  /** Report of the quoting enclave, as bytes (signed by the PCK) and read. */
  readonly qeReport: Uint8Array;
  readonly qe: SgxBody;
  readonly qeSignature: Uint8Array;
  readonly qeData: Uint8Array;
  /** Leaf (PCK) first. */
  readonly chain: readonly Certificate[];
}

/** Reads a quote. Zeros after it are passed over: some hosts give the whole buffer. Throws `CcError`. */
export function parseIntelQuote(bytes: Uint8Array): IntelQuote {
  if (bytes.length > MAX_QUOTE_BYTES) {
    throw new CcError("TOO_LARGE", `quote of more than ${MAX_QUOTE_BYTES} bytes`);
  }
  const reader = new FieldReader(bytes, "quote");
  const version = reader.u16("version");
  if (version < 3 || version > 5) throw reader.unsupported(`version ${version}; known are 3 to 5`);
  const keyKind = reader.u16("key kind");
  if (keyKind !== ECDSA_P256) throw reader.unsupported(`attestation key of kind ${keyKind}`);
  // In version 3 these bytes are reserved, and zero.
  const tee = reader.u32("kind of machine");
  if (tee !== TEE_SGX && (tee !== TEE_TDX || version === 3)) {
    throw reader.unsupported(`machine of kind ${tee} in a quote of version ${version}`);
  }
  reader.take(4, "levels");
  const qeVendor = bytesToHex(reader.take(16, "vendor"));
  reader.take(20, "user data");
  const body = readBody(reader, version, tee === TEE_TDX);
  const signed = reader.before();
  const size = reader.u32("size of the signature");
  const certified = readSignature(
    new FieldReader(reader.take(size, "signature"), "quote"),
    version,
  );
  const rest = reader.take(reader.left, "rest");
  if (rest.some((byte) => byte !== 0)) throw reader.bad("bytes after its end");
  return { version, body, qeVendor, signed, ...certified };
}

function readBody(reader: FieldReader, version: number, tdx: boolean): SgxBody | TdBody {
  let size = tdx ? TD_BODY_BYTES : SGX_BODY_BYTES;
  if (version === 5) {
    const kind = reader.u16("kind of body");
    const told = reader.u32("size of the body");
    if (BODY_KINDS.get(kind) !== told || (told !== SGX_BODY_BYTES) !== tdx) {
      throw reader.bad(`body of kind ${kind} with ${told} bytes`);
    }
    size = told;
  }
  const bytes = reader.take(size, "body");
  return tdx ? parseTdBody(bytes) : parseSgxBody(bytes);
}

type Certified = Pick<
  IntelQuote,
  "signature" | "attestationKey" | "qeReport" | "qe" | "qeSignature" | "qeData" | "chain"
>;

function readSignature(reader: FieldReader, version: number): Certified {
  const signature = reader.take(64, "signature");
  const attestationKey = reader.take(64, "attestation key");
  if (version >= 4) {
    const kind = reader.u16("kind of certification");
    if (kind !== CERTIFIED_BY_QE_REPORT) throw reader.unsupported(`certification of kind ${kind}`);
    if (reader.u32("size of the certification") !== reader.left) {
      throw reader.bad("certification of another size than its field");
    }
  }
  const qeReport = reader.take(SGX_BODY_BYTES, "quoting enclave's report");
  const qeSignature = reader.take(64, "signature of the quoting enclave's report");
  const qeData = reader.take(reader.u16("size of the enclave's data"), "enclave's data");
  const kind = reader.u16("kind of certificates");
  if (kind !== CERTIFIED_BY_PCK_CHAIN) {
    throw reader.unsupported(`certificates of kind ${kind}; only a PCK chain is read`);
  }
  const pem = reader.take(reader.u32("size of the certificates"), "certificates");
  if (reader.left > 0) throw reader.bad("bytes after its certificates");
  const chain = parsePemChain(new TextDecoder().decode(pem.slice()));
  const qe = parseSgxBody(qeReport);
  return { signature, attestationKey, qeReport, qe, qeSignature, qeData, chain };
}
