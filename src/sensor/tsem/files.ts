// SPDX-License-Identifier: Apache-2.0
// Where the files of a TSEM kernel are: their names changed between kernels, so they are looked for.
import { closeSync, constants, existsSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { quote } from "../../base/quote.ts";
import { TsemError } from "./errors.ts";

const DEFAULT_FOLDER = "/sys/kernel/security/tsem";

/** Files of the control plane. Paths only; the files of a namespace come and go. */
export interface TsemFiles {
  readonly folder: string;
  readonly control: string;
  readonly id: string;
  readonly aggregate: string;
  /** Folder with one export file a namespace, named by its id. */
  readonly external: string;
  /** Folder of the kernel's own models. */
  readonly internal: string;
}

/** Where TSEM is looked for: GALGO_TSEM_DIR, for tests and other mounts of securityfs, else the usual place. */
export function tsemFolder(env: Readonly<Record<string, string | undefined>>): string {
  const wish = env["GALGO_TSEM_DIR"];
  return wish === undefined || wish === "" ? DEFAULT_FOLDER : wish;
}

/**
 * The files below `folder`. Lower-case names are those of kernels since 2024; the older ones say ExternalTMA and InternalTMA.
 * @throws TsemError NO_TSEM
 */
export function findTsem(folder: string): TsemFiles {
  const control = join(folder, "control");
  if (!existsSync(control)) {
    throw new TsemError(
      "NO_TSEM",
      `there is no TSEM kernel here: ${quote(control)} does not exist; boot one with lsm=...,tsem and mount securityfs`,
    );
  }
  return {
    folder,
    control,
    id: join(folder, "id"),
    aggregate: join(folder, "aggregate"),
    external: firstOf(folder, ["external_tma", "ExternalTMA"]),
    internal: firstOf(folder, ["internal_tma", "InternalTMA"]),
  };
}

function firstOf(folder: string, names: readonly [string, ...string[]]): string {
  const found = names.find((name) => existsSync(join(folder, name)));
  return join(folder, found ?? names[0]);
}

/**
 * Opens the control file: for writing only, anything else is refused.
 * @throws TsemError NOT_PERMITTED
 */
export function openControl(files: TsemFiles): number {
  try {
    return openSync(files.control, constants.O_WRONLY);
  } catch (cause) {
    const code = codeOf(cause);
    throw new TsemError(
      "NOT_PERMITTED",
      `can not open ${quote(files.control)} for writing (${code}): this needs root with CAP_MAC_ADMIN`,
      { cause, facts: { errno: code } },
    );
  }
}

/** Id of the namespace that the calling thread sees, or the errno's name. */
export function readId(files: TsemFiles): bigint | string {
  try {
    const text = readFileSync(files.id, "latin1").trim();
    return /^\d+$/.test(text) ? BigInt(text) : "EINVAL";
  } catch (error) {
    return codeOf(error);
  }
}

/** Ids that have an export file. */
export function exportedIds(files: TsemFiles): bigint[] {
  try {
    return readdirSync(files.external)
      .filter((name) => /^\d+$/.test(name))
      .map(BigInt);
  } catch {
    return [];
  }
}

/** What the doctor wants to know: can the control file be opened, and which names does this kernel use. */
export interface TsemProbe {
  readonly present: boolean;
  /** undefined: it can be opened. */
  readonly refusal?: string;
  readonly names?: "2024" | "older";
}

/** Looks without changing anything: opening the control file commands nothing. */
export function probeTsem(folder: string): TsemProbe {
  let files: TsemFiles;
  try {
    files = findTsem(folder);
  } catch {
    return { present: false };
  }
  const names = files.external.endsWith("ExternalTMA") ? "older" : "2024";
  try {
    closeSync(openControl(files));
    return { present: true, names };
  } catch (error) {
    return {
      present: true,
      names,
      refusal: error instanceof Error ? error.message : String(error),
    };
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
