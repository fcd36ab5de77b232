// SPDX-License-Identifier: Apache-2.0
// Whole runs that were captured from a TSEM v4 kernel's internal model: what it recorded and what it computed.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DigestName } from "../../src/model/index.ts";
import { linesOf } from "./vectors.ts";

/** Coefficients in the order of their discovery, and what came out. */
export interface KernelModel {
  readonly run: string;
  readonly digest: DigestName;
  readonly trajectory: readonly string[];
  readonly forensics: readonly string[];
  readonly state: string;
  readonly measurement: string;
}

/** A model as it is found in a folder of captured files; a sealed run has one before and one after it was sealed. */
export interface KernelRun {
  readonly model: KernelModel;
  /** Records of the trajectory; points that were loaded have none. */
  readonly records: readonly string[];
  /** Records of the forensics. */
  readonly violations: readonly string[];
  /** Base that was set after the first event. */
  readonly base?: string;
  /** Coefficients that were loaded. */
  readonly preloaded?: readonly string[];
}

/** The models below `folder`; runs that were only exported have none. */
export function kernelRuns(folder: string): readonly KernelRun[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => ["", "phase1_", "phase2_"].map((phase) => ({ name, phase })))
    .filter(({ name, phase }) => existsSync(join(folder, name, `${phase}state`)))
    .map(({ name, phase }) => kernelRun(folder, name, phase));
}

function kernelRun(folder: string, name: string, phase: string): KernelRun {
  const path = (file: string): string => join(folder, name, phase + file);
  const words = (file: string): readonly string[] => wordsOf(path(file));
  // The command line of the program that made the namespace: -d digest, -b base, -l points to load.
  const command = readFileSync(join(folder, name, "command.txt"), "utf8");
  const base = / -b ([0-9a-f]+)/.exec(command)?.[1];
  const loaded = / -l \/cap\/(\S+)/.exec(command)?.[1];
  return {
    model: {
      run: phase === "" ? name : `${name} ${phase.slice(0, -1)}`,
      digest: (/ -d (\S+)/.exec(command)?.[1] ?? "sha256") as DigestName,
      trajectory: words("trajectory_coefficients"),
      forensics: words("forensics_coefficients"),
      state: words("state").join(),
      measurement: words("measurement").join(),
    },
    records: linesOf(path("trajectory")),
    violations: linesOf(path("forensics")),
    ...(base !== undefined && { base }),
    ...(loaded !== undefined && { preloaded: wordsOf(join(folder, loaded)) }),
  };
}

function wordsOf(path: string): readonly string[] {
  return readFileSync(path, "utf8")
    .split(/\s+/)
    .filter((word) => word !== "");
}
