// SPDX-License-Identifier: Apache-2.0
// Asks a confidential guest's kernel for a report (configfs-tsm): one interface for SEV-SNP and TDX. Source: the kernel's
// Documentation/ABI/testing/configfs-tsm (6.16 and newer: configfs-tsm-report).
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { mkdir, readFile, rmdir, writeFile } from "node:fs/promises";
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
 * UNKNOWN_PROVIDER: of a kind that nothing here verifies. DENIED: not root. BAD_NONCE: not 64 bytes. RACED: somebody else wrote to the
 * same request. BUSY: the firmware has not answered an earlier request. TIMEOUT: nor this one. WRONG_REPORT: it is about other data, or
 * none that can be read. FAILED: anything else.
 */
export type TsmErrorCode =
  | "NO_TSM"
  | "NO_PROVIDER"
  | "UNKNOWN_PROVIDER"
  | "DENIED"
  | "BAD_NONCE"
  | "RACED"
  | "BUSY"
  | "TIMEOUT"
  | "WRONG_REPORT"
  | "FAILED";

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
 * Makes a report over 64 bytes. The firmware may take its time: the waiting is done in threads of node, nothing else waits.
 * @param folder another place for tests.
 * Rejects with `TsmError`.
 */
export async function tsmReport(
  nonce: Uint8Array,
  folder: string = TSM_REPORTS,
): Promise<TsmReport> {
  if (nonce.length !== TSM_NONCE_BYTES) {
    throw new TsmError(
      "BAD_NONCE",
      `a report is over ${TSM_NONCE_BYTES} bytes, not ${nonce.length}`,
    );
  }
  const request = await openRequest(folder);
  try {
    const report = await attempt(() => askTsm(request, nonce), folder);
    // The attributes inside are the kernel's: the folder is removed as it is.
    await attempt(() => rmdir(request), folder);
    return report;
  } catch (error) {
    await forget(request);
    throw error;
  }
}

/**
 * Looks whether this machine can be asked at all, without asking.
 * @returns the kernel's provider. Rejects with `TsmError`.
 */
export async function tsmProvider(folder: string = TSM_REPORTS): Promise<string> {
  const request = await openRequest(folder);
  try {
    return await attempt(async () => (await text(request, "provider")).trim(), folder);
  } finally {
    await forget(request);
  }
}

async function openRequest(folder: string): Promise<string> {
  const request = join(folder, `galgo-${process.pid}-${randomBytes(8).toString("hex")}`);
  await attempt(() => mkdir(request), folder);
  return request;
}

/** Removes a request; when that fails, why something else failed is what matters. */
async function forget(request: string): Promise<void> {
  try {
    await rmdir(request);
  } catch {
    // Gone already.
  }
}

/** Asks in a request's folder that is there already. Rejects with `TsmError`, and with what reading and writing its files throws. */
export async function askTsm(request: string, nonce: Uint8Array): Promise<TsmReport> {
  const before = await generation(request);
  // Only to be written (to read it is refused), and not made when it is missing. The kernel takes it when it is closed.
  await writeFile(join(request, "inblob"), nonce, { flag: constants.O_WRONLY });
  const report = await blob(request, "outblob");
  const provider = (await text(request, "provider")).trim();
  const auxiliary = await auxiliaryOf(request);
  // One step, by our own writing: the report is over our bytes.
  if ((await generation(request)) !== before + 1n) {
    throw new TsmError("RACED", `${quote(request)}: somebody else writes to this request`);
  }
  const kind = tsmKind(provider);
  return {
    provider,
    report,
    ...(kind === undefined ? {} : { kind }),
    ...(auxiliary === undefined || auxiliary.length === 0 ? {} : { auxiliary }),
  };
}

/** What kind of evidence a kernel's provider makes; undefined for one that is not known here. */
export function tsmKind(provider: string): "snp" | "tdx" | undefined {
  return KINDS.get(provider.replaceAll("-", "_"));
}

async function generation(request: string): Promise<bigint> {
  const told = (await text(request, "generation")).trim();
  if (!/^\d{1,18}$/.test(told)) {
    throw new TsmError("FAILED", `${quote(request)}: generation ${quote(told, 40)} is no number`);
  }
  return BigInt(told);
}

/** Providers that never have one do not have the file. */
async function auxiliaryOf(request: string): Promise<Uint8Array | undefined> {
  try {
    return await blob(request, "auxblob");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function text(request: string, name: string): Promise<string> {
  return readFile(join(request, name), "utf8");
}

async function blob(request: string, name: string): Promise<Uint8Array> {
  const bytes = await readFile(join(request, name));
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

function errnoOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

async function attempt<T>(run: () => Promise<T>, folder: string): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof TsmError) throw error;
    const errno = errnoOf(error);
    const [code, words] = (Object.hasOwn(WORDS, errno) ? WORDS[errno] : undefined) ?? [
      "FAILED",
      error instanceof Error ? error.message : String(error),
    ];
    throw new TsmError(code, `${quote(folder)}: ${words}`, { cause: error });
  }
}
