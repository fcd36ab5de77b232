// SPDX-License-Identifier: Apache-2.0
// Whether given files were measured, with the content that is expected of them.
import { bytesToHex } from "../../base/hex.ts";
import { quote } from "../../base/quote.ts";
import { IMA_PCR, type ImaEntry } from "./types.ts";

/** A file that must be in a list. */
export interface WantedFile {
  readonly path: string;
  /** Hex digests that its content may have, by algorithm as the kernel names it; those of fs-verity under `verity:ALGORITHM`. */
  readonly digests: Readonly<Record<string, readonly string[]>>;
  /** It need not have been measured; measured with another content it must not be. */
  readonly optional?: boolean;
}

/**
 * measured: in the list, and never with another content. changed: with another content (too). violated: written while it was
 * measured, so that its digest means nothing. absent: not under this path. incomparable: with an algorithm that was not given (too).
 * unreadable: it would be `measured`, but an entry of the list cannot be read and may be about this file.
 */
export type FileStatus =
  | "measured"
  | "changed"
  | "violated"
  | "absent"
  | "incomparable"
  | "unreadable";

export interface FileFinding {
  readonly path: string;
  readonly status: FileStatus;
  /** Number of the last entry of this path; for an absent file of one with its digest under another name. */
  readonly entry?: number;
  readonly why: string;
}

/** A path as the kernel writes it into lists: blanks are underscores. Two paths may so become one. */
export function imaPath(path: string): string {
  return path.replaceAll(" ", "_");
}

/**
 * Looks for each file among entries that the register's value vouches for (`matchIma`): pass only those. Entries that say they are of
 * another register than `pcr` are passed over. Of violations nothing is bound to a register, so whoever wrote the list may have
 * given a violation another path: look at their number.
 */
export function findFiles(
  entries: readonly ImaEntry[],
  wanted: readonly WantedFile[],
  pcr: number = IMA_PCR,
): readonly FileFinding[] {
  const own = entries.filter((entry) => entry.pcr === pcr);
  const unreadable = unreadableEntry(own, pcr);
  const byContent = contentsOf(own);
  const byPath = new Map<string, ImaEntry[]>();
  for (const entry of own) {
    if (entry.path === undefined) continue;
    const known = byPath.get(entry.path);
    if (known === undefined) byPath.set(entry.path, [entry]);
    else known.push(entry);
  }
  return wanted.map((file) => {
    const found = byPath.get(imaPath(file.path));
    const finding = found === undefined ? absent(file, byContent) : judged(file, found);
    const good = finding.status === (found === undefined && file.optional ? "absent" : "measured");
    if (!good || unreadable === undefined) return finding;
    return { ...finding, status: "unreadable", why: whyUnreadable(file, unreadable) };
  });
}

/**
 * Entries of files in these folders that are none of the wanted ones, each path once. As for `findFiles`, pass only entries that are
 * vouched for; one that cannot be read may be such a file, too.
 */
export function findOthers(
  entries: readonly ImaEntry[],
  wanted: readonly WantedFile[],
  folders: readonly string[],
  pcr: number = IMA_PCR,
): readonly ImaEntry[] {
  const known = new Set(wanted.map(({ path }) => imaPath(path)));
  const starts = folders.map((folder) => `${imaPath(folder).replace(/\/+$/, "")}/`);
  const others = new Map<string, ImaEntry>();
  for (const entry of entries) {
    const { path } = entry;
    if (path === undefined || entry.pcr !== pcr || known.has(path)) continue;
    if (starts.some((start) => path.startsWith(start))) others.set(path, entry);
  }
  return [...others.values()];
}

/** The first entry that does not say which file it is about; a violation binds nothing anyway. */
export function unreadableEntry(
  entries: readonly ImaEntry[],
  pcr: number = IMA_PCR,
): ImaEntry | undefined {
  return entries.find((one) => one.pcr === pcr && !one.violation && one.path === undefined);
}

/** A register is not extended with names of templates: an entry that tells a wrong one could hide what it is about. */
function whyUnreadable({ path }: WantedFile, { number, template }: ImaEntry): string {
  return `entry ${number} is of a template not known here, ${quote(template, 60)}: it may be about ${quote(path)}`;
}

function judged(file: WantedFile, found: readonly ImaEntry[]): FileFinding {
  const { path } = file;
  const name = quote(path);
  const bad = found.find((entry) => entry.violation);
  if (bad !== undefined) {
    const why = `${name} was open for writing when it was measured (entry ${bad.number})`;
    return { path, status: "violated", entry: bad.number, why };
  }
  const verdicts = found.map((entry) => ({ entry, ok: fits(file, entry) }));
  const other = verdicts.find(({ ok }) => ok === false);
  if (other !== undefined) {
    const why = `${name} was measured with another content (entry ${other.entry.number})`;
    return { path, status: "changed", entry: other.entry.number, why };
  }
  const last = verdicts.findLast(({ ok }) => ok === true);
  // Whoever may set a file's attribute security.ima says by which algorithm it is measured: another one must not hide a change.
  const unknown = verdicts.find(({ ok }) => ok === undefined);
  if (last !== undefined && unknown === undefined) {
    const why = `${name} was measured as expected (entry ${last.entry.number})`;
    return { path, status: "measured", entry: last.entry.number, why };
  }
  const where = `${quote(algorithmOf(unknown?.entry))} (entry ${unknown?.entry.number})`;
  const why = `${name} is in the list by ${where}, of which no digest was given`;
  return { path, status: "incomparable", why };
}

/** The first entry of each content: lists and references are both long. */
function contentsOf(entries: readonly ImaEntry[]): ReadonlyMap<string, ImaEntry> {
  const found = new Map<string, ImaEntry>();
  for (const entry of entries) {
    if (entry.violation || entry.file === undefined) continue;
    const content = `${algorithmOf(entry)} ${bytesToHex(entry.file.digest)}`;
    if (!found.has(content)) found.set(content, entry);
  }
  return found;
}

function absent(file: WantedFile, byContent: ReadonlyMap<string, ImaEntry>): FileFinding {
  const { path } = file;
  const other = Object.entries(file.digests)
    .flatMap(([algorithm, digests]) => digests.map((digest) => `${algorithm} ${digest}`))
    .map((content) => byContent.get(content))
    .find((entry) => entry !== undefined);
  if (other === undefined) {
    return { path, status: "absent", why: `${quote(path)} is not in the list` };
  }
  const under = quote(other.path ?? "");
  const why = `${quote(path)} is not in the list; its content is, as ${under} (entry ${other.number})`;
  return { path, status: "absent", entry: other.number, why };
}

/** Undefined when no digest of the entry's algorithm was given. */
function fits(file: WantedFile, entry: ImaEntry): boolean | undefined {
  const key = algorithmOf(entry);
  const digests = Object.hasOwn(file.digests, key) ? file.digests[key] : undefined;
  if (digests === undefined || entry.file === undefined) return undefined;
  return digests.includes(bytesToHex(entry.file.digest));
}

function algorithmOf(entry: ImaEntry | undefined): string {
  const file = entry?.file;
  if (file === undefined) return "";
  return file.kind === "verity" ? `verity:${file.algorithm}` : file.algorithm;
}
