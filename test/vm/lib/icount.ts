// SPDX-License-Identifier: Apache-2.0
// Counts instructions in a guest whose clock advances with them: the same figures on every machine, at every load.
import { Guest, type RunOptions } from "./guest.ts";
import type { KernelName } from "./images.ts";
import { pushProgram } from "./programs.ts";

/** One instruction is one nanosecond of the guest. */
const SHIFT = 0;
const DEFAULT_LOOPS = 1000;

/** What an operation takes, in instructions of user space and kernel together, other processes' share included. */
export interface Count {
  readonly median: number;
  readonly least: number;
}

export interface CountOptions extends RunOptions {
  /** Of an operation; a tenth for those that start processes. Default 1000. */
  readonly loops?: number;
  /** Names of test/vm/programs/icount.c; all by default. */
  readonly operations?: readonly string[];
  /** Where its files are. Default /tmp, a tmpfs. The first program makes them, later ones find them. */
  readonly directory?: string;
  /** Command in front of the program, e.g. `galgo run ..`. */
  readonly prefix?: readonly string[];
}

/** A guest to count in: one processor, time by instructions. It is about half as fast as others. */
export function bootToCount(kernel: KernelName): Promise<Guest> {
  return Guest.boot({ kernel, icount: SHIFT });
}

/**
 * Measures operations in a guest of bootToCount().
 * @throws Error when the program (or what is in front of it) fails
 */
export async function countInstructions(
  guest: Guest,
  options: CountOptions = {},
): Promise<ReadonlyMap<string, Count>> {
  const { loops = DEFAULT_LOOPS, directory, operations = [], prefix = [], ...run } = options;
  const program = await pushProgram(guest, "icount");
  const where = directory === undefined ? [] : ["-d", directory];
  const argv = [...prefix, program, "-n", String(loops), ...where, ...operations];
  const { status, signal, stdout, stderr } = await guest.run(argv, run);
  if (status !== 0 || signal !== 0) {
    throw new Error(`${argv.join(" ")}: status ${status}, signal ${signal}: ${stderr}`);
  }
  return new Map([...stdout.matchAll(/^(\S+) (\d+) (\d+)$/gm)].map(countOf));
}

function countOf([, name = "", median, least]: RegExpMatchArray): [string, Count] {
  return [name, { median: Number(median), least: Number(least) }];
}
