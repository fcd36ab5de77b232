// SPDX-License-Identifier: Apache-2.0
// Verifies SGX and TDX quotes: the PCK's chain up to Intel's root, the quoting enclave's report, its vouching for the attestation
// key, and the quote's signature. Intel's collateral (which firmware levels are current) is not fetched: the verdict says so.
import { bytesToHex } from "../../base/hex.ts";
import { type ChainOptions, verifyChain } from "./chain.ts";
import { isSigned } from "./crypto.ts";
import { CcError } from "./errors.ts";
import type { SgxBody, TdBody } from "./intel-bodies.ts";
import { INTEL_QE_VENDOR, type IntelQuote, parseIntelQuote } from "./intel-quote.ts";
import { p256Key } from "./keys.ts";
import { type PckFacts, pckFacts } from "./pck.ts";
import { checkWanted, type Wanted } from "./wanted.ts";

/**
 * Attributes of a quoting enclave: completed, may use the provisioning key, nothing else; whether it runs in 64 bits is left open.
 * Source: attributes and attributesMask of Intel's identities.
 */
const QE_ATTRIBUTES = 0x11n;
const MODE_64_BIT = 0x04n;

/** A quoting enclave that is trusted. */
export interface TrustedQe {
  /** MRSIGNER, hex. */
  readonly signer: string;
  readonly productId: number;
  readonly leastVersion: number;
}

export interface IntelOptions extends ChainOptions, Wanted {
  /** Quoting enclaves that are taken, by what they quote. */
  readonly quotingEnclaves: Readonly<Record<"sgx" | "tdx", TrustedQe>>;
  /** Least level of the PCK's certificate: of its sixteen components, and of the PCE. */
  readonly leastTcb?: { readonly components?: readonly number[]; readonly pce?: number };
}

export interface IntelVerdict {
  readonly kind: "sgx" | "tdx";
  readonly version: number;
  readonly root: string;
  readonly body: SgxBody | TdBody;
  /** What the processor's certificate says of it. */
  readonly platform: PckFacts;
  /** What was not checked. */
  readonly gaps: readonly string[];
}

/** Verifies a quote with the chain that it carries. Throws `CcError` with the first reason to refuse. */
export async function verifyIntelQuote(
  bytes: Uint8Array,
  options: IntelOptions,
): Promise<IntelVerdict> {
  const quoted = parseIntelQuote(bytes);
  const { body, version } = quoted;
  if (quoted.qeVendor !== INTEL_QE_VENDOR) {
    throw new CcError("WRONG_QE", `quote: quoting enclave of vendor ${quoted.qeVendor}`);
  }
  const pin = await verifyChain(quoted.chain, options);
  await checkSignatures(quoted, options);
  checkQe(quoted.qe, options.quotingEnclaves[body.kind]);
  const [leaf] = quoted.chain;
  if (leaf === undefined) throw new CcError("BAD_CHAIN", "quote: no certificate");
  const platform = pckFacts(leaf);
  checkLevel(platform, options.leastTcb ?? {});
  checkBody(body);
  checkWanted("quote", body, options);
  const gaps = [
    "Intel's TCB info: whether the firmware level is up to date",
    "Intel's identity of the quoting enclave, beyond its signer, product, attributes and least version",
    ...(body.kind === "tdx" ? ["what the TDX guest started after its firmware (RTMR 0 to 3)"] : []),
    ...(options.revoked === undefined ? ["Intel's lists of revoked certificates"] : []),
  ];
  return { kind: body.kind, version, root: pin.name, body, platform, gaps };
}

async function checkSignatures(quoted: IntelQuote, options: IntelOptions): Promise<void> {
  const { crypto } = options;
  const scheme = "ecdsa-p256-sha256";
  const [leaf] = quoted.chain;
  const report = [quoted.qeReport, quoted.qeSignature] as const;
  if (leaf === undefined || !(await isSigned(crypto, scheme, leaf.spki, report))) {
    throw new CcError(
      "BAD_SIGNATURE",
      "quote: its quoting enclave's report is not signed by the PCK",
    );
  }
  const bound = new Uint8Array(quoted.attestationKey.length + quoted.qeData.length);
  bound.set(quoted.attestationKey);
  bound.set(quoted.qeData, quoted.attestationKey.length);
  const expected = bytesToHex(crypto.digest("sha256", bound)).padEnd(128, "0");
  if (bytesToHex(quoted.qe.reportData) !== expected) {
    throw new CcError(
      "BAD_BINDING",
      "quote: its key is not the one the quoting enclave vouches for",
    );
  }
  const whole = [quoted.signed, quoted.signature] as const;
  if (!(await isSigned(crypto, scheme, p256Key(quoted.attestationKey), whole))) {
    throw new CcError("BAD_SIGNATURE", "quote: not signed by its attestation key");
  }
}

function checkQe(qe: SgxBody, trusted: TrustedQe): void {
  if ((qe.attributes | MODE_64_BIT) !== (QE_ATTRIBUTES | MODE_64_BIT)) {
    const told = qe.attributes.toString(16);
    throw new CcError("WRONG_QE", `quote: quoting enclave with attributes 0x${told}, not Intel's`);
  }
  if (bytesToHex(qe.signer) !== trusted.signer || qe.productId !== trusted.productId) {
    throw new CcError(
      "WRONG_QE",
      `quote: quoting enclave ${qe.productId} of ${bytesToHex(qe.signer)} is not a trusted one`,
    );
  }
  if (qe.securityVersion < trusted.leastVersion) {
    throw new CcError(
      "OLD_TCB",
      `quote: quoting enclave of version ${qe.securityVersion}, below ${trusted.leastVersion}`,
    );
  }
}

function checkLevel(
  platform: PckFacts,
  least: { readonly components?: readonly number[]; readonly pce?: number },
): void {
  const components = least.components ?? [];
  const low = components.findIndex((needed, i) => (platform.components[i] ?? 0) < needed);
  if (low >= 0) {
    const level = platform.components[low] ?? 0;
    throw new CcError(
      "OLD_TCB",
      `quote: component ${low + 1} has level ${level}, below ${components[low]}`,
    );
  }
  if (platform.pceSvn < (least.pce ?? 0)) {
    throw new CcError("OLD_TCB", `quote: PCE of level ${platform.pceSvn}, below ${least.pce}`);
  }
}

function checkBody(body: SgxBody | TdBody): void {
  if (body.debug) throw new CcError("DEBUG", "quote: its host may read what it is about");
  if (body.kind === "sgx" && !body.initialised) {
    throw new CcError("BAD_FORM", "quote: of an enclave that was never completed");
  }
  if (body.kind === "sgx") return;
  if (body.seamSigner.some((byte) => byte !== 0)) {
    throw new CcError("WRONG_POLICY", "quote: made by a TDX module that Intel did not sign");
  }
  if (body.seamAttributes !== 0n) {
    const told = body.seamAttributes.toString(16);
    throw new CcError("WRONG_POLICY", `quote: made by a TDX module with attributes 0x${told}`);
  }
  if (body.migratable) {
    throw new CcError("WRONG_POLICY", "quote: its guest may be moved to another machine");
  }
}
