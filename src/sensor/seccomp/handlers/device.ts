// SPDX-License-Identifier: Apache-2.0
// Character devices that the agent can open for a task. Numbers: Documentation/admin-guide/devices.txt of the kernel.
import type { Call } from "../call.ts";
import { O } from "../../file/open-flags.ts";
import { readProc } from "../proc.ts";
import type { Stat } from "../../file/stat.ts";

const MEMORY_MAJOR = 1;
/** null, zero, full, random, urandom. */
const PLAIN_MEMORY: ReadonlySet<number> = new Set([3, 5, 7, 8, 9]);
const TTY_MAJOR = 5;
const PTMX_MINOR = 2;
/** Slaves of pseudo-terminals. */
const FIRST_PTS = 136;
const LAST_PTS = 143;
/** Members of /proc/PID/stat, counted from the state. */
const SESSION = 3;
const TTY_NR = 4;

/** Whether a device is the same whoever opens it. Others (/dev/tty, those of drivers) are opened by the task itself. */
export function isDeviceForAll(call: Call, { rdevMajor, rdevMinor }: Stat, flags: number): boolean {
  if (rdevMajor === MEMORY_MAJOR) return PLAIN_MEMORY.has(rdevMinor);
  if (rdevMajor === TTY_MAJOR) return rdevMinor === PTMX_MINOR;
  if (rdevMajor < FIRST_PTS || rdevMajor > LAST_PTS) return false;
  return (flags & O.NOCTTY) !== 0 || !takesTerminal(call);
}

/** A session leader without a terminal gets the one that it opens. */
function takesTerminal(call: Call): boolean {
  const { tgid } = call.task.process;
  const text = readProc(`/proc/${tgid}/stat`) ?? "";
  const members = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return members[TTY_NR] === "0" && Number(members[SESSION]) === tgid;
}
