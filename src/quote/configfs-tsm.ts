// SPDX-License-Identifier: Apache-2.0
// Asks a confidential guest's kernel for a report (configfs-tsm): one interface for SEV-SNP and TDX. Source: the kernel's
// Documentation/ABI/testing/configfs-tsm (6.16 and newer: configfs-tsm-report).
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CodedError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";

/** Where the kernel has it. */
export const TSM_REPORTS = "/sys/kernel/config/tsm/report";
/** Bytes that a guest puts into a report: no more, and always as many for SNP and TDX. */
export const TSM_NONCE_BYTES = 64;
/** Bytes that a report or its certificates may have. */
const MAX_BLOB_BYTES: number = 1024 * 1024;

/**
 * NO_TSM: the kernel has no such interface, or configfs is not mounted. NO_PROVIDER: it has, but the machine is no confidential guest.
 * DENIED: not root. BAD_NONCE: not 64 bytes. RACED: somebody else wrote to the same request. FAILED: anything else.
 */
export type TsmErrorCode = "NO_TSM" | "NO_PROVIDER" | "DENIED" | "BAD_NONCE" | "RACED" | "FAILED";

/** A report that could not be made. */
export class TsmError extends CodedError<TsmErrorCode> {}

export interface TsmReport {
  /** Name of the kernel's provider: sev_guest, tdx_guest. */
  readonly provider: string;
  /** What kind of evidence that is; undefined for providers not known here. */
  readonly kind?: "snp" | "tdx";
  /** The report or quote. */
  readonly report: Uint8Array;
  /** What the host gave along: for SNP a table of certificates. Absent when there is none. */
  readonly auxiliary?: Uint8Array;
}

const KINDS: ReadonlyMap<string, "snp" | "tdx"> = new Map([
  ["sev_guest", "snp"],
  ["tdx_guest", "tdx"],
]);

/**
 * Makes a report over 64 bytes. Blocks for as long as the firmware takes: call it in a thread that decides nothing.
 * @param folder another place for tests.
 * Throws `TsmError`.
 */
export function tsmReport(nonce: Uint8Array, folder: string = TSM_REPORTS): TsmReport {
  if (nonce.length !== TSM_NONCE_BYTES) {
    throw new TsmError(
      "BAD_NONCE",
      `a report is over ${TSM_NONCE_BYTES} bytes, not ${nonce.length}`,
    );
  }
  const request = join(folder, `galgo-${process.pid}-${randomBytes(8).toString("hex")}`);
  attempt(() => mkdirSync(request), folder);
  try {
    const report = attempt(() => askTsm(request, nonce), folder);
    // The attributes inside are the kernel's: the folder is removed as it is.
    attempt(() => rmdirSync(request), folder);
    return report;
  } catch (error) {
    forget(request);
    throw error;
  }
}

/** Removes a request that failed; why it failed is what matters. */
function forget(request: string): void {
  try {
    rmdirSync(request);
  } catch {
    // Gone already.
  }
}

/** Asks in a request's folder that is there already. Throws `TsmError`, and what reading and writing its files throws. */
export function askTsm(request: string, nonce: Uint8Array): TsmReport {
  const before = generation(request);
  writeFileSync(join(request, "inblob"), nonce);
  const report = blob(request, "outblob");
  const provider = readFileSync(join(request, "provider"), "utf8").trim();
  const auxiliary = auxiliaryOf(request);
  // One step, by our own writing: the report is over our bytes.
  if (generation(request) !== before + 1n) {
    throw new TsmError("RACED", `${quote(request)}: somebody else writes to this request`);
  }
  const kind = KINDS.get(provider.replaceAll("-", "_"));
  return {
    provider,
    report,
    ...(kind === undefined ? {} : { kind }),
    ...(auxiliary === undefined || auxiliary.length === 0 ? {} : { auxiliary }),
  };
}

function generation(request: string): bigint {
  const text = readFileSync(join(request, "generation"), "utf8").trim();
  if (!/^\d{1,18}$/.test(text)) {
    throw new TsmError("FAILED", `${quote(request)}: generation ${quote(text, 40)} is no number`);
  }
  return BigInt(text);
}

/** Not every provider has one; older kernels not the file. */
function auxiliaryOf(request: string): Uint8Array | undefined {
  try {
    return blob(request, "auxblob");
  } catch (error) {
    if (error instanceof TsmError) throw error;
    return undefined;
  }
}

function blob(request: string, name: string): Uint8Array {
  const bytes = readFileSync(join(request, name));
  if (bytes.length > MAX_BLOB_BYTES) {
    throw new TsmError(
      "FAILED",
      `${quote(join(request, name))}: more than ${MAX_BLOB_BYTES} bytes`,
    );
  }
  return new Uint8Array(bytes);
}

const WORDS: Readonly<Record<string, readonly [code: TsmErrorCode, words: string]>> = {
  ENOENT: ["NO_TSM", "the kernel has no configfs-tsm, or configfs is not mounted"],
  ENXIO: ["NO_PROVIDER", "this machine is no confidential guest"],
  EACCES: ["DENIED", "only root may ask for reports"],
  EPERM: ["DENIED", "only root may ask for reports"],
  EBUSY: ["RACED", "the provider is busy with another request"],
  EWOULDBLOCK: ["RACED", "somebody else writes to this request"],
  EAGAIN: ["RACED", "somebody else writes to this request"],
};

function attempt<T>(run: () => T, folder: string): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof TsmError) throw error;
    const errno = error instanceof Error && "code" in error ? String(error.code) : "";
    const [code, words] = (Object.hasOwn(WORDS, errno) ? WORDS[errno] : undefined) ?? [
      "FAILED",
      error instanceof Error ? error.message : String(error),
    ];
    throw new TsmError(code, `${quote(folder)}: ${words}`, { cause: error });
  }
}
