// SPDX-License-Identifier: Apache-2.0
// Whether a client may have his run done by this daemon. The daemon opens files for the workload and writes the run's records, so a client
// who could do less than the daemon would gain by it; and for a workload that may do more than itself the daemon could not act, so it would see less
// than Galgo alone. Only one who is the same user, in the same place, with the same rights, is served.
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import type { Peer } from "../../native/unix-socket.ffi.ts";

/** What counts of /proc/PID/status. */
interface Rights {
  readonly uids: string;
  readonly gids: string;
  readonly groups: string;
  readonly capabilities: string;
  readonly filters: string;
  readonly noNewPrivs: string;
  readonly label: string;
}

const CAP_SYS_PTRACE = 1n << 19n;

/** Why he is not served, in words; undefined when he is. */
export function refusalOf(peer: Peer): string | undefined {
  if (peer.uid !== process.geteuid?.()) return "it serves its own user only";
  if (peer.pid <= 0) return "it can not see this process";
  try {
    return differenceOf(peer.pid);
  } catch {
    return "it can not look at this process";
  }
}

function differenceOf(pid: number): string | undefined {
  const own = rightsOf("self");
  if (mayNotLook(own))
    return "it may only look into its own descendants (kernel.yama.ptrace_scope)";
  return rightsDiffer(own, rightsOf(pid)) ?? placesDiffer(pid);
}

/** Yama: the descendants of this process are the only ones that it may look into, and the workload is a descendant of the client. */
function mayNotLook({ capabilities }: Rights): boolean {
  const mayAll = (BigInt(`0x${capabilities || "0"}`) & CAP_SYS_PTRACE) !== 0n;
  return !mayAll && Number(textOf("/proc/sys/kernel/yama/ptrace_scope")) > 0;
}

function rightsDiffer(own: Rights, other: Rights): string | undefined {
  if (own.uids !== other.uids) return "it runs as another user";
  if (own.capabilities !== other.capabilities) return "it has other capabilities";
  if (own.gids !== other.gids || own.groups !== other.groups) return "it has other groups";
  // Landlock shows nowhere; whoever may not do everything anyway needs this to put himself under it
  if (other.noNewPrivs !== "0") return "this process may gain no privileges, and be under Landlock";
  if (other.filters !== "0" && other.filters !== own.filters) return "it has other system calls";
  return own.label === other.label ? undefined : "it has another label";
}

function placesDiffer(pid: number): string | undefined {
  for (const name of readdirSync("/proc/self/ns"))
    if (readlinkSync(`/proc/self/ns/${name}`) !== readlinkSync(`/proc/${pid}/ns/${name}`))
      return `it is in another namespace (${name})`;
  const [here, there] = [statSync("/"), statSync(`/proc/${pid}/root`)];
  if (here.dev === there.dev && here.ino === there.ino) return undefined;
  return "it has another root directory";
}

function rightsOf(pid: number | "self"): Rights {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  const field = (name: string): string =>
    new RegExp(`^${name}:[ \\t]*(.*)$`, "m").exec(status)?.[1]?.trim() ?? "";
  return {
    uids: field("Uid"),
    gids: field("Gid"),
    groups: field("Groups"),
    capabilities: field("CapEff"),
    noNewPrivs: field("NoNewPrivs"),
    filters: field("Seccomp_filters") || field("Seccomp"),
    label: labelOf(pid),
  };
}

/** Of AppArmor, SELinux or Smack; empty where there is none of them. */
function labelOf(pid: number | "self"): string {
  return textOf(`/proc/${pid}/attr/current`);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
