// SPDX-License-Identifier: Apache-2.0
// Ends what a run has left behind: processes that still have to do with its folder, whose name no other run has.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Processes that had to be killed, by their command lines. */
export type Leftovers = readonly string[];

/** Kills every process that names the folder in its command line or environment, or has a file or a working directory there. */
export function leftovers(folder: string): Leftovers {
  const killed: string[] = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    if (Number(pid) === process.pid || !touches(`/proc/${pid}`, folder)) continue;
    killed.push(text(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim() || pid);
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // it has ended by itself
    }
  }
  return killed;
}

function touches(place: string, folder: string): boolean {
  return (
    text(`${place}/cmdline`).includes(folder) ||
    text(`${place}/environ`).includes(folder) ||
    link(`${place}/cwd`).includes(folder) ||
    entries(`${place}/fd`).some((fd) => link(`${place}/fd/${fd}`).startsWith(folder))
  );
}

// each of them may end while it is looked at
function text(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

function entries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
