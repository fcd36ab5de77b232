// SPDX-License-Identifier: Apache-2.0
// Who may say which processes are a container: what is said here decides who is killed, and into which model is learned.
import { readFileSync, readlinkSync } from "node:fs";
import type { Peer } from "../../native/unix-socket.ffi.ts";
import { requireOutsider } from "../api/insiders.ts";
import type { ManagedRun } from "../registry/managed-run.ts";
import { ContainerError } from "./errors.ts";

const SECCOMP_FILTERED = /^Seccomp:\s*2$/m;

/**
 * Only those may who could kill everything themselves, from outside of all workloads, and who count processes as the daemon does.
 * @throws ContainerError BAD_STATE; ApiError NOT_ALLOWED
 */
export function requireRuntime(
  peer: Peer,
  runs: readonly Pick<ManagedRun, "pids" | "origin">[],
): void {
  requireUser(peer);
  if (peer.pid === 0 || !countsAsHere(peer.pid)) {
    throw new ContainerError(
      "BAD_STATE",
      "the container runtime is in another pid namespace than the daemon: run the daemon in that of the host (hostPID)",
    );
  }
  requireOutsider(peer, runs);
}

/** @throws ContainerError BAD_STATE */
export function requireUser({ uid }: Peer): void {
  if (uid === 0 || uid === process.geteuid?.()) return;
  throw new ContainerError(
    "BAD_STATE",
    `user ${uid} may not hand containers over; container runtimes of root may, and of the daemon's own user`,
  );
}

/** A runtime that has ended meanwhile is judged by the process that it has handed over (`requireFiltered`). */
function countsAsHere(pid: number): boolean {
  const namespace = pidNamespaceOf(pid);
  return namespace === undefined || namespace === pidNamespaceOf("self");
}

function pidNamespaceOf(process: number | "self"): string | undefined {
  try {
    return readlinkSync(`/proc/${process}/ns/pid`);
  } catch {
    return undefined;
  }
}

/**
 * The process has a seccomp filter: without one it is not the one that has the listener, and must not be killed for it.
 * @throws ContainerError BAD_STATE
 */
export function requireFiltered(pid: number): void {
  let status = "";
  try {
    status = readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    // it is gone
  }
  if (SECCOMP_FILTERED.test(status)) return;
  throw new ContainerError(
    "BAD_STATE",
    `the process ${pid} that the runtime named is gone, or has no seccomp filter: it is not the one that was handed over`,
  );
}
