// SPDX-License-Identifier: Apache-2.0
// Which arguments of prctl count: the C library passes on what lies in the registers, whatever the option asks for (prctl(2)).
import type { TaskPrctlCell } from "../../event/cell/task.ts";

/** Option, and how many arguments after it say what is done. Options that are not here keep all of theirs. */
const USED: ReadonlyMap<number, number> = new Map([
  [1, 1], // SET_PDEATHSIG
  [3, 0], // GET_DUMPABLE
  [4, 1], // SET_DUMPABLE
  [7, 0], // GET_KEEPCAPS
  [8, 1], // SET_KEEPCAPS
  [23, 1], // CAPBSET_READ
  [24, 1], // CAPBSET_DROP
  [27, 0], // GET_SECUREBITS
  [28, 1], // SET_SECUREBITS
  [29, 1], // SET_TIMERSLACK
  [36, 1], // SET_CHILD_SUBREAPER
  [0x59616d61, 1], // SET_PTRACER
]);

const ARGUMENTS = ["arg2", "arg3", "arg4", "arg5"] as const;

/** The same call with arguments that its option does not look at as zeros; `cell` itself when they are. */
export function withoutUnusedArguments(cell: TaskPrctlCell): TaskPrctlCell {
  const unused = ARGUMENTS.slice(USED.get(cell.option) ?? ARGUMENTS.length);
  if (unused.every((name) => cell[name] === 0n)) return cell;
  const zeros = Object.fromEntries(unused.map((name) => [name, 0n]));
  return { ...cell, ...zeros };
}
