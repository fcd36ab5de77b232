// SPDX-License-Identifier: Apache-2.0
// What the kernel's measurement list says of the machine below the orchestrator, judged against registers that a TPM has quoted.
import { quote } from "../../base/quote.ts";
import { ImaError } from "./errors.ts";
import { checkBootAggregate } from "./aggregate.ts";
import { parseBinaryList } from "./binary.ts";
import {
  type FileFinding,
  type FileStatus,
  findFiles,
  findOthers,
  unreadableEntry,
  type WantedFile,
} from "./files.ts";
import { matchIma } from "./replay.ts";
import {
  IMA_BANK_SIZES,
  IMA_PCR,
  type ImaBank,
  type ImaDigest,
  type ImaEntry,
  type ImaList,
} from "./types.ts";

/** What is judged, and by what. */
export interface ImaCase {
  /** `binary_runtime_measurements`: its template digests are of SHA-1, whatever the bank is. */
  readonly list: Uint8Array;
  readonly bank: ImaBank;
  /** Quoted values of the bank. PCR 10, and those under boot_aggregate (`aggregatePcrs`). */
  readonly registers: ReadonlyMap<number, Uint8Array>;
  /** Files that must have been measured, or may have been, with no other content. */
  readonly files: readonly WantedFile[];
  /** Folders in which nothing but `files` may have been measured. */
  readonly closed?: readonly string[];
  /**
   * Violations that are accepted; default 0. A violation tells that some file was written while it was measured, and nothing in it is
   * bound to the register, not even which file that was.
   */
  readonly violations?: number;
}

/**
 * MALFORMED: no list. REGISTERS: PCR 10 of the bank is not among those that were given. MISMATCH: no beginning of the list makes
 * PCR 10. EMPTY: PCR 10 is zero, nothing was measured. NOT_BOUND: the list does not begin with the aggregate of the quoted registers.
 * VIOLATIONS: more than accepted. FILE_UNKNOWN: in a closed folder, and none of the files. The others: statuses of files.
 */
export type ImaReason =
  | "MALFORMED"
  | "REGISTERS"
  | "MISMATCH"
  | "EMPTY"
  | "NOT_BOUND"
  | "VIOLATIONS"
  | "FILE_UNKNOWN"
  | "FILE_CHANGED"
  | "FILE_VIOLATED"
  | "FILE_ABSENT"
  | "FILE_INCOMPARABLE"
  | "FILE_UNREADABLE";

export const IMA_REASONS: readonly ImaReason[] = [
  "MALFORMED",
  "REGISTERS",
  "MISMATCH",
  "EMPTY",
  "NOT_BOUND",
  "VIOLATIONS",
  "FILE_UNKNOWN",
  "FILE_CHANGED",
  "FILE_VIOLATED",
  "FILE_ABSENT",
  "FILE_INCOMPARABLE",
  "FILE_UNREADABLE",
];

export interface ImaRefusal {
  readonly reason: ImaReason;
  readonly message: string;
}

/** Believed when `refusals` is empty. */
export interface ImaResult {
  readonly refusals: readonly ImaRefusal[];
  /** Entries that PCR 10 vouches for; those after them say nothing. */
  readonly vouched: number;
  /** Entries of the list as it came. */
  readonly entries: number;
  /** Among the vouched ones. */
  readonly violations: number;
  readonly findings: readonly FileFinding[];
}

const OF_STATUS: Readonly<Record<Exclude<FileStatus, "measured" | "unreadable">, ImaReason>> = {
  changed: "FILE_CHANGED",
  violated: "FILE_VIOLATED",
  absent: "FILE_ABSENT",
  incomparable: "FILE_INCOMPARABLE",
};

/** Judges a list and gives every reason against it. Bad bytes are a refusal, not an error. */
export function appraiseIma(given: ImaCase, digest: ImaDigest): ImaResult {
  const list = read(given.list);
  if ("reason" in list) return refused(list, 0);
  const count = list.entries.length;
  const value = given.registers.get(IMA_PCR);
  if (value?.length !== IMA_BANK_SIZES[given.bank]) {
    const message = `PCR ${IMA_PCR} of ${given.bank} was not quoted: nothing vouches for the measurement list`;
    return refused({ reason: "REGISTERS", message }, count);
  }
  const match = matchIma(list.entries, value, { bank: given.bank, digest });
  if (!match.matched) return refused({ reason: "MISMATCH", message: match.why }, count);
  // Entries of other registers are not bound to PCR 10: they are as good as not there.
  const vouched = list.entries.slice(0, match.entries).filter(({ pcr }) => pcr === IMA_PCR);
  const findings = findFiles(vouched, given.files);
  return {
    refusals: [
      ...bootRefusals(vouched, given, digest),
      ...violationRefusals(match.violations, given.violations ?? 0),
      ...unreadableRefusals(vouched, given),
      ...unknownRefusals(vouched, given),
      ...fileRefusals(findings, given.files),
    ],
    vouched: vouched.length,
    entries: count,
    violations: match.violations,
    findings,
  };
}

function read(bytes: Uint8Array): ImaList | ImaRefusal {
  try {
    return parseBinaryList(bytes);
  } catch (error) {
    if (error instanceof ImaError) return { reason: "MALFORMED", message: error.message };
    throw error;
  }
}

function refused(refusal: ImaRefusal, entries: number): ImaResult {
  return { refusals: [refusal], vouched: 0, entries, violations: 0, findings: [] };
}

function bootRefusals(
  vouched: readonly ImaEntry[],
  { bank, registers }: ImaCase,
  digest: ImaDigest,
): readonly ImaRefusal[] {
  if (vouched.length === 0) {
    return [{ reason: "EMPTY", message: `PCR ${IMA_PCR} is zero: the kernel measured nothing` }];
  }
  const boot = checkBootAggregate(vouched, new Map([[bank, registers]]), digest);
  return boot.verdict === "bound" ? [] : [{ reason: "NOT_BOUND", message: boot.why }];
}

/** The first of them each; a list that is all wrong has as many as it has entries. */
const MAX_REFUSALS = 20;

/** Once, whatever it may be about. */
function unreadableRefusals(
  vouched: readonly ImaEntry[],
  { files, closed = [] }: ImaCase,
): readonly ImaRefusal[] {
  const found = unreadableEntry(vouched);
  if (found === undefined || files.length + closed.length === 0) return [];
  const message = `entry ${found.number} is of a template not known here, ${quote(found.template, 60)}: it may be about any file`;
  return [{ reason: "FILE_UNREADABLE", message }];
}

function unknownRefusals(
  vouched: readonly ImaEntry[],
  { files, closed = [] }: ImaCase,
): readonly ImaRefusal[] {
  return findOthers(vouched, files, closed)
    .slice(0, MAX_REFUSALS)
    .map(({ path = "", number }) => ({
      reason: "FILE_UNKNOWN",
      message: `${quote(path)} was measured (entry ${number}) where only known files may be`,
    }));
}

function fileRefusals(
  findings: readonly FileFinding[],
  files: readonly WantedFile[],
): readonly ImaRefusal[] {
  const refusals: ImaRefusal[] = [];
  for (const [i, { status, why }] of findings.entries()) {
    if (status === "measured" || status === "unreadable") continue;
    if (status === "absent" && files[i]?.optional === true) continue;
    refusals.push({ reason: OF_STATUS[status], message: why });
    if (refusals.length === MAX_REFUSALS) break;
  }
  return refusals;
}

function violationRefusals(found: number, accepted: number): readonly ImaRefusal[] {
  if (found <= accepted) return [];
  const what = found === 1 ? "1 file was" : `${found} files were`;
  const message = `${what} written while measured (violations), ${accepted} accepted: which ones, no register tells`;
  return [{ reason: "VIOLATIONS", message }];
}
