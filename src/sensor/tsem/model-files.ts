// SPDX-License-Identifier: Apache-2.0
// The kernel's own model of an internal namespace: what is loaded into it, in the order that it needs, and what it shows.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decodePath } from "../../base/path-text.ts";
import { quote } from "../../base/quote.ts";
import { ENFORCE, SEAL, valueCommand } from "./commands.ts";
import { TsemError } from "./errors.ts";
import type { TsemFiles } from "./files.ts";
import { MAX_MODEL_FILE_BYTES } from "./limits.ts";

const MODEL = "model0";

/** A model to be loaded. All values are hex of the namespace's digest. */
export interface Preload {
  readonly base?: string;
  readonly pseudonyms: readonly string[];
  readonly states: readonly string[];
  readonly sealed: boolean;
  readonly enforce: boolean;
}

/**
 * The commands in their order: `enforce` is refused after `seal`; the base counts for what is extended after it; pseudonyms
 * change coefficients; and nothing can be loaded into a sealed model.
 * @throws TsemError BAD_COMMAND
 */
export function preloadCommands(model: Preload): string[] {
  return [
    ...(model.enforce ? [ENFORCE] : []),
    ...(model.base === undefined ? [] : [valueCommand("base", model.base)]),
    ...model.pseudonyms.map((value) => valueCommand("pseudonym", value)),
    ...model.states.map((value) => valueCommand("state", value)),
    ...(model.sealed ? [SEAL] : []),
  ];
}

/** What the kernel's model shows; lists in the kernel's order, lines without their newline. */
export interface KernelModel {
  /** hex */
  readonly measurement: string;
  /** hex */
  readonly state: string;
  readonly trajectory: readonly string[];
  readonly coefficients: readonly string[];
  readonly counts: readonly number[];
  readonly forensics: readonly string[];
  readonly forensicsCoefficients: readonly string[];
  readonly forensicsCounts: readonly number[];
}

/**
 * Reads all files of the model of the namespace that this thread sees.
 * @throws TsemError NO_NAMESPACE
 */
export function readKernelModel(files: TsemFiles): KernelModel {
  const folder = join(files.internal, MODEL);
  const lines = (name: string): string[] =>
    readText(join(folder, name))
      .split("\n")
      .filter((line) => line !== "");
  const counts = (name: string): number[] => lines(name).map(Number);
  return {
    measurement: lines("measurement")[0] ?? "",
    state: lines("state")[0] ?? "",
    trajectory: lines("trajectory"),
    coefficients: lines("trajectory_coefficients"),
    counts: counts("trajectory_counts"),
    forensics: lines("forensics"),
    forensicsCoefficients: lines("forensics_coefficients"),
    forensicsCounts: counts("forensics_counts"),
  };
}

function readText(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new TsemError(
      "NO_NAMESPACE",
      `can not read the kernel's model from ${quote(path)}: ${errno}`,
      {
        cause,
        facts: { errno },
      },
    );
  }
  if (bytes.length <= MAX_MODEL_FILE_BYTES) return decodePath(bytes);
  throw new TsemError(
    "NO_NAMESPACE",
    `${quote(path)} holds more than ${MAX_MODEL_FILE_BYTES} bytes`,
  );
}
