// SPDX-License-Identifier: Apache-2.0
// How hard a person should look at a behaviour that a model has gained.
import { pathsOf } from "../facts.ts";
import type { SecurityEvent } from "../../event/event.ts";
import { type BehaviourKind, kindOf } from "./kinds.ts";

/** The levels of SARIF: `error` look before anything else, `warning` look, `note` for the record. */
export type Risk = "error" | "warning" | "note";

const PROT_WRITE_EXEC = 6;
/** Files that hold or grant access to other things. */
const SECRETS =
  /^\/etc\/(?:shadow|gshadow|sudoers)|\/\.(?:ssh|aws|gnupg|kube|docker)(?:\/|$)|\/\.(?:netrc|git-credentials|pgpass|npmrc)$|^\/etc\/ssl\/private\/|^\/proc\/(?:\{pid\}|[0-9]+)\/(?:mem|environ)$/;
/** Where a change outlives the workload or works for others. */
const SYSTEM = /^\/(?:bin|boot|dev|etc|lib|lib64|sbin|sys|usr)\//;
const HARMLESS_DEVICES = /^\/dev\/(?:null|zero|full|random|urandom|tty|pts\/|shm\/|stdout|stderr)/;
/** Sockets that leave the machine or take others in. */
const REACHING = new Set(["socket_connect", "socket_bind", "socket_listen", "socket_sendmsg"]);

const RISK_OF: Readonly<Record<BehaviourKind, (e: SecurityEvent) => Risk>> = {
  programs: () => "error",
  privileges: () => "error",
  network: (e) => (REACHING.has(e.hook) && !isLocal(e) ? "error" : "warning"),
  processes: ({ hook }) => (hook.startsWith("ptrace_") || hook === "task_kill" ? "error" : "note"),
  writes: (e) => (changesSystem(e) ? "error" : "warning"),
  removes: (e) => (changesSystem(e) ? "error" : "warning"),
  reads: () => "note",
  other: (e) => (isWritableCode(e) ? "error" : e.hook === "syscall" ? "warning" : "note"),
};

/** How much a new behaviour matters. */
export function riskOf(e: SecurityEvent): Risk {
  if (pathsOf(e).some((path) => SECRETS.test(path))) return "error";
  return RISK_OF[kindOf(e)](e);
}

function changesSystem(e: SecurityEvent): boolean {
  return pathsOf(e).some((path) => SYSTEM.test(path) && !HARMLESS_DEVICES.test(path));
}

function isLocal(e: SecurityEvent): boolean {
  const { addr } = e.cell as { readonly addr?: { readonly family: string } };
  return addr === undefined || addr.family === "unix";
}

function isWritableCode(e: SecurityEvent): boolean {
  if (e.hook !== "mmap_file" && e.hook !== "file_mprotect") return false;
  return (e.cell.prot & PROT_WRITE_EXEC) === PROT_WRITE_EXEC;
}
