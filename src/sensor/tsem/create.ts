// SPDX-License-Identifier: Apache-2.0
// Makes the namespace: the workload's first task writes the command, this thread, its parent, finds out what it was given.
// Which kind of kernel this is is found by trying (docs/tsem.md, "Which kernel"), never by its version.
import { randomBytes } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { quote } from "../../base/quote.ts";
import { tryLock } from "../../native/process.ffi.ts";
import { pollAll } from "../../native/tsem.ffi.ts";
import { namespaceCommand } from "./commands.ts";
import type { Authority, NamespaceKind, NamespaceOptions } from "./commands.ts";
import type { Control, Outcome } from "./control.ts";
import { TsemError } from "./errors.ts";
import { ExportFile, openExport } from "./export-file.ts";
import { exportedIds, readId } from "./files.ts";
import type { TsemFiles } from "./files.ts";
import type { TsemLauncher } from "./launch.ts";
import { NAMESPACE_DEADLINE_MS, RETRY_MS } from "./limits.ts";

export interface MadeNamespace {
  readonly id: bigint;
  readonly authority: Authority;
  /** This thread sees the new namespace where it asks for its own: kernels of 2025 tie it to the parent. */
  readonly bound: boolean;
}

export interface CreateParts {
  readonly files: TsemFiles;
  readonly control: Control;
  readonly launcher: TsemLauncher;
  /** Size of the namespace's digest, and so of a key (bytes). */
  readonly digestSize: number;
}

/** @throws TsemError REFUSED, NO_NAMESPACE */
export function makeTsemNamespace(
  kind: NamespaceKind,
  options: NamespaceOptions,
  parts: CreateParts,
): MadeNamespace {
  const unlock = lock(parts.files);
  try {
    return create(kind, options, parts);
  } finally {
    unlock();
  }
}

function create(kind: NamespaceKind, options: NamespaceOptions, parts: CreateParts): MadeNamespace {
  const { files, launcher, control } = parts;
  const before = { own: readId(files), exported: new Set(exportedIds(files)) };
  let authority: Authority = "tnum";
  let outcome = launcher.write(namespaceCommand(kind, options));
  if (outcome === "EINVAL" && kind === "external") {
    // a kernel of 2024 wants a key, one of 2025 knows no such word: neither makes anything of the other's command
    authority = { key: randomBytes(parts.digestSize).toString("hex") };
    outcome = launcher.write(namespaceCommand(kind, options, authority));
  }
  if (outcome !== "done") throw refused(`a namespace of kind ${kind}`, outcome);
  control.authority = authority;
  return { ...findId(files, before), authority };
}

/** One Galgo at a time: which export file is new tells nothing when two are. Freed by death, too. */
function lock({ folder }: TsemFiles): () => void {
  const fd = openSync(folder, "r");
  retry(() => (tryLock(fd) ? true : undefined));
  return () => closeSync(fd);
}

interface Before {
  readonly own: bigint | string;
  readonly exported: ReadonlySet<bigint>;
}

/** The id that this thread is told now; where that is still its own, the export file that was not there before. */
function findId(files: TsemFiles, before: Before): { id: bigint; bound: boolean } {
  const found = retry(() => {
    const own = readId(files);
    if (typeof own === "bigint" && own !== before.own) return { id: own, bound: true };
    const fresh = exportedIds(files).filter((id) => !before.exported.has(id));
    const [id] = fresh;
    return own !== "ENOENT" && fresh.length === 1 && id !== undefined
      ? { id, bound: false }
      : undefined;
  });
  if (found !== undefined) return found;
  throw new TsemError(
    "NO_NAMESPACE",
    `the namespace was made, but ${quote(files.id)} does not tell its number`,
  );
}

/** Opens the export file of a namespace as soon as it is there. @throws TsemError NO_NAMESPACE */
export function openExportOf(files: TsemFiles, id: bigint): ExportFile {
  const path = join(files.external, String(id));
  let last = "ENOENT";
  const fd = retry(() => {
    const opened = openExport(path);
    if (typeof opened === "number") return opened;
    last = opened;
    if (opened !== "ENOENT") throw notOpen(path, opened);
    return undefined;
  });
  if (fd === undefined) throw notOpen(path, last);
  return new ExportFile(fd, path);
}

function notOpen(path: string, errno: string): TsemError {
  return new TsemError("NO_NAMESPACE", `can not read events from ${quote(path)}: ${errno}`, {
    facts: { errno },
  });
}

/**
 * A command for the new namespace itself (enforce, seal, values). The task inside writes it, for which "the writer's namespace"
 * is the right one on every kernel; where the kernel wants it from the parent (EINVAL) the parent writes it.
 * @throws TsemError REFUSED
 */
export function command(line: string, { launcher, control }: CreateParts): void {
  let outcome = launcher.write(line);
  if (outcome === "EINVAL") outcome = control.write(line);
  if (outcome !== "done") throw refused(`the command "${line.split(" ")[0]?.trim()}"`, outcome);
}

function refused(what: string, outcome: Outcome): TsemError {
  return new TsemError("REFUSED", `the TSEM kernel refuses ${what}: ${outcome}`, {
    facts: { errno: outcome },
  });
}

/** Asks again until there is something or the time is over. Blocks this thread, which has nothing else to do yet. */
function retry<T>(ask: () => T | undefined): T | undefined {
  const until = performance.now() + NAMESPACE_DEADLINE_MS;
  for (;;) {
    const found = ask();
    if (found !== undefined || performance.now() > until) return found;
    pollAll([], RETRY_MS);
  }
}
