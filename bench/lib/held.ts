// SPDX-License-Identifier: Apache-2.0
// What programs/held.c needs and prints.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { Lab } from "./lab.ts";

/** One case of held.c: ns. */
export interface Summary {
  readonly n: number;
  readonly p50: number;
  readonly p99: number;
  readonly mean: number;
  readonly max: number;
}

export type HeldRun = Readonly<Record<string, Summary>>;

/** Makes the folder that held.c works in. */
export function heldFolder(lab: Lab): string {
  const folder = lab.sub("held");
  lab.write("held/file", "x\n");
  execFileSync("mkfifo", [join(folder, "fifo")]);
  return folder;
}
