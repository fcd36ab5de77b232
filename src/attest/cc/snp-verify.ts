// SPDX-License-Identifier: Apache-2.0
// Verifies SEV-SNP reports: the chain of the signing key up to AMD's root, the signature, and that the key is of the firmware level
// and chip that the report tells. Source: VCEK Certificate and KDS Interface Specification (57230).
import { bytesToHex } from "../../base/hex.ts";
import { quote } from "../../base/quote.ts";
import { DER_TAGS, onlyValue, smallInteger } from "../encoding/der.ts";
import type { Certificate } from "./certificate.ts";
import { type ChainOptions, label, verifyChain } from "./chain.ts";
import { isSigned } from "./crypto.ts";
import { CcError, ofCertificate } from "./errors.ts";
import {
  countsAsTurin,
  parseSnpReport,
  type SnpReport,
  type SnpSigner,
  type SnpTcb,
  snpTcb,
} from "./snp-report.ts";
import { checkWanted, type Wanted } from "./wanted.ts";

const OID_PRODUCT = "1.3.6.1.4.1.3704.1.2";
const OID_TCB = "1.3.6.1.4.1.3704.1.3";
const OID_HARDWARE_ID = "1.3.6.1.4.1.3704.1.4";
/** Last arc of a part's extension. */
const TCB_ARCS: Readonly<Record<keyof SnpTcb, number>> = {
  bootloader: 1,
  tee: 2,
  snp: 3,
  microcode: 8,
  fmc: 9,
};
const TCB_PARTS = ["bootloader", "tee", "snp", "microcode", "fmc"] as const;
/** Bytes of a hardware id: all 64 of the chip's, from Turin on its first eight. */
const HARDWARE_ID_BYTES: ReadonlySet<number> = new Set([64, 8]);

export interface SnpOptions extends ChainOptions, Wanted {
  /** Firmware levels below these are refused. */
  readonly leastTcb?: Partial<SnpTcb>;
  /** Highest privilege level number that may have asked for the report; default 0, the most trusted. */
  readonly maxVmpl?: number;
  /** Whether a migration agent may read the guest; false unless set. */
  readonly allowMigration?: boolean;
}

export interface SnpVerdict {
  readonly kind: "snp";
  readonly root: string;
  readonly product: string;
  readonly signer: SnpSigner;
  readonly tcb: SnpTcb;
  readonly report: SnpReport;
  /** What was not checked. */
  readonly gaps: readonly string[];
}

/**
 * Verifies a report. `chain`: the signing key's certificate (VCEK or VLEK), AMD's intermediate, AMD's root.
 * Throws `CcError` with the first reason to refuse.
 */
export async function verifySnp(
  bytes: Uint8Array,
  chain: readonly Certificate[],
  options: SnpOptions,
): Promise<SnpVerdict> {
  const report = parseSnpReport(bytes);
  if (report.signer !== "vcek" && report.signer !== "vlek") {
    throw new CcError("UNSUPPORTED", "SEV-SNP report: signed by no key of a chip or provider");
  }
  const pin = await verifyChain(chain, options);
  const [key] = chain;
  if (key === undefined) throw new CcError("BAD_CHAIN", "SEV-SNP report: no certificate");
  const signed = [report.signed, report.signature] as const;
  if (!(await isSigned(options.crypto, "ecdsa-p384-sha384", key.spki, signed))) {
    throw new CcError("BAD_SIGNATURE", `SEV-SNP report: not signed by the key of ${label(key)}`);
  }
  const product = productOf(key);
  const tcb = snpTcb(report.reportedTcb, countsAsTurin(report, product));
  checkTcb(key, tcb, options.leastTcb ?? {});
  checkChip(key, report);
  checkPolicy(report, options);
  checkWanted("SEV-SNP report", report, options);
  const gaps = [
    ...(options.leastTcb === undefined ? ["AMD's firmware level: whether it is up to date"] : []),
    ...(options.revoked === undefined ? ["AMD's list of revoked certificates"] : []),
  ];
  return { kind: "snp", root: pin.name, product, signer: report.signer, tcb, report, gaps };
}

function productOf(key: Certificate): string {
  const value = key.extensions.get(OID_PRODUCT)?.value;
  if (value === undefined) return "";
  const { body } = ofCertificate(() => onlyValue(value, "product's name"));
  return new TextDecoder().decode(body.slice());
}

function checkTcb(key: Certificate, tcb: SnpTcb, least: Partial<SnpTcb>): void {
  for (const part of TCB_PARTS) {
    const told = tcb[part];
    if (told === undefined) continue;
    const extension = key.extensions.get(`${OID_TCB}.${TCB_ARCS[part]}`);
    const certified = extension && levelOf(extension.value, `level of ${part}`);
    if (certified !== told) {
      throw new CcError(
        "WRONG_TCB",
        `SEV-SNP report: level ${told} of ${part}, its key's certificate is for ${certified ?? "none"}`,
      );
    }
    const needed = least[part] ?? 0;
    if (told < needed) {
      throw new CcError("OLD_TCB", `SEV-SNP report: level ${told} of ${part} is below ${needed}`);
    }
  }
}

function levelOf(value: Uint8Array, what: string): number {
  return ofCertificate(() => smallInteger(onlyValue(value, what, DER_TAGS.integer).body, what));
}

/** A provider's key (VLEK) is of no chip: its certificate must not name one. */
function checkChip(key: Certificate, report: SnpReport): void {
  const value = key.extensions.get(OID_HARDWARE_ID)?.value;
  if (report.signer === "vlek") {
    if (value === undefined) return;
    throw new CcError(
      "WRONG_CHIP",
      "SEV-SNP report: signed by a provider's key, certificate of a chip",
    );
  }
  const id = value && hardwareId(value);
  if (id === undefined || bytesToHex(report.chipId.subarray(0, id.length)) !== bytesToHex(id)) {
    throw new CcError("WRONG_CHIP", `SEV-SNP report: its chip is not that of ${label(key)}`);
  }
}

/** The bytes themselves, or an OCTET STRING of them: both are found. */
function hardwareId(value: Uint8Array): Uint8Array | undefined {
  if (HARDWARE_ID_BYTES.has(value.length)) return value;
  const { body: inner } = ofCertificate(() =>
    onlyValue(value, "hardware id", DER_TAGS.octetString),
  );
  return HARDWARE_ID_BYTES.has(inner.length) ? inner : undefined;
}

function checkPolicy(report: SnpReport, options: SnpOptions): void {
  if (report.policy.debug) {
    throw new CcError("DEBUG", "SEV-SNP report: its policy lets the host read the guest");
  }
  if (report.policy.migrationAgent && options.allowMigration !== true) {
    throw new CcError("WRONG_POLICY", "SEV-SNP report: its policy has a migration agent");
  }
  const { maxVmpl = 0 } = options;
  if (report.vmpl > maxVmpl) {
    const level = quote(String(report.vmpl));
    throw new CcError(
      "WRONG_POLICY",
      `SEV-SNP report: privilege level ${level} is above ${maxVmpl}`,
    );
  }
}
