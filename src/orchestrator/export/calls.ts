// SPDX-License-Identifier: Apache-2.0
// The system calls that a model stands for: those of Galgo's table whose hooks it has, with the arguments that it tells apart, and
// what of each call Galgo does not look at.
import type { SecurityEvent } from "../../event/index.ts";
import type { RuleSpec } from "../../model/index.ts";
import { type HandlerName, type SyscallRule, TABLE } from "../../sensor/seccomp/index.ts";
import type { Behaviour } from "../disclosed/disclose.ts";
import { type Condition, type Conditions, equals, masked, notHeld } from "./conditions.ts";

/** How a system call may be made. */
export interface CallUse {
  readonly syscall: string;
  /** Some behaviour of the model is made by it. */
  readonly modeled: boolean;
  /** Alternatives; "any": whatever the arguments are. Empty: not at all. */
  readonly allowed: "any" | readonly Conditions[];
}

/** CLONE_NEW* as clone takes them: its low byte is the exit signal. */
const CLONE_NEW = 0x7e020000;
/** CLONE_NEW* as unshare takes them. */
const UNSHARE_NEW = 0x7e020080;
const PTRACE_TRACEME = 0;
const PTRACE_ATTACH = 16;
const PTRACE_SEIZE = 0x4206;
const SOCK_TYPE_MASK = 0xf;
const F_SETSIG = 10;
const ID_VARIANTS: Readonly<Record<string, number>> = { ID: 1, RE: 2, RES: 4, FS: 8 };

/**
 * Handlers that let calls pass without an event: aimed at the workload's own processes, or at what was decided on before. No
 * model says whether such calls are made.
 */
const SILENT: ReadonlySet<HandlerName> = new Set<HandlerName>([
  "prlimit",
  "schedule",
  "priority",
  "sendmsg",
]);

/** Events that calls of a handler give besides those of their own hook. */
const ALSO: Readonly<Partial<Record<HandlerName, readonly string[]>>> = {
  open: ["inode_create"],
  remove: ["inode_unlink", "inode_rmdir"],
  ptrace: ["ptrace_traceme"],
};

/** Every call of the table, in its order. */
export function usedCalls(
  behaviours: readonly Behaviour[],
  rules: readonly RuleSpec[],
): readonly CallUse[] {
  const varying = new Varying(rules);
  const byKind = new Map<string, SecurityEvent[]>();
  for (const { event } of behaviours) {
    const kind = event.hook === "syscall" ? `syscall:${event.syscall}` : event.hook;
    const events = byKind.get(kind) ?? [];
    events.push(event);
    byKind.set(kind, events);
  }
  return TABLE.map((rule) => useOf(rule, eventsOf(rule, byKind), varying));
}

function eventsOf(
  { hook, handler, syscall }: SyscallRule,
  byKind: ReadonlyMap<string, readonly SecurityEvent[]>,
): readonly SecurityEvent[] {
  const kinds = hook === "syscall" ? [`syscall:${syscall}`] : [hook, ...(ALSO[handler] ?? [])];
  return [...new Set(kinds)].flatMap((kind) => byKind.get(kind) ?? []);
}

function useOf(rule: SyscallRule, events: readonly SecurityEvent[], varying: Varying): CallUse {
  const { syscall } = rule;
  const modeled = events.length > 0;
  if (SILENT.has(rule.handler)) return { syscall, modeled, allowed: "any" };
  const allowed = new Map<string, Conditions>();
  const allow = (conditions: Conditions): void => {
    allowed.set(JSON.stringify(conditions), conditions);
  };
  for (const condition of unseenPart(rule)) allow([condition]);
  for (const event of events) {
    for (const conditions of alternatives(rule, event, varying)) {
      if (conditions.length === 0) return { syscall, modeled, allowed: "any" };
      allow(conditions);
    }
  }
  return { syscall, modeled, allowed: [...allowed.values()] };
}

/** What of a call is no event, whatever the model. */
function unseenPart(rule: SyscallRule): readonly Condition[] {
  if (rule.handler === "clone") return [masked(0, CLONE_NEW, 0)];
  if (rule.handler === "namespaces" && rule.syscall === "unshare")
    return [masked(0, UNSHARE_NEW, 0)];
  const parts = (rule.when ?? []).flatMap(notHeld);
  // the owner of a descriptor may be the workload itself
  return rule.handler === "signalOwner" ? [...parts, equals(1, 8), equals(1, 15)] : parts;
}

function alternatives(
  rule: SyscallRule,
  event: SecurityEvent,
  varying: Varying,
): readonly Conditions[] {
  // the request itself is no part of the event
  if (event.hook === "ptrace_access_check" && rule.syscall === "ptrace")
    return [[equals(0, PTRACE_ATTACH)], [equals(0, PTRACE_SEIZE)]];
  const conditions = conditionsOf(rule, event, varying);
  return conditions === undefined ? [] : [conditions];
}

/** What the event says of the arguments; none: nothing. undefined: it is not made by this call. */
function conditionsOf(
  rule: SyscallRule,
  event: SecurityEvent,
  varying: Varying,
): Conditions | undefined {
  switch (event.hook) {
    case "socket_create":
      return [
        equals(0, event.cell.family),
        masked(1, SOCK_TYPE_MASK, event.cell.type),
        equals(2, event.cell.protocol),
      ];
    case "socket_socketpair":
      return [equals(0, event.cell.socka.family), masked(1, SOCK_TYPE_MASK, event.cell.socka.type)];
    case "task_prctl":
      return [equals(0, event.cell.option)];
    case "task_kill":
      return varying.of(event, "sig") ? [] : [equals(rule.at.value ?? 1, event.cell.sig)];
    case "mmap_file":
    case "file_mprotect":
      return varying.of(event, "prot") ? [] : [equals(2, event.cell.prot)];
    case "file_ioctl":
      return [equals(1, event.cell.cmd)];
    case "bpf":
      return [equals(0, event.cell.cmd)];
    case "syslog":
      return [equals(0, event.cell.type)];
    case "ptrace_traceme":
      return [equals(0, PTRACE_TRACEME)];
    case "task_fix_setuid":
    case "task_fix_setgid":
      return ID_VARIANTS[rule.variant ?? "ID"] === event.cell.flags
        ? listed(rule.args ?? [], event.cell.ids.map(BigInt), (member) =>
            varying.of(event, `ids.${member}`),
          )
        : undefined;
    case "syscall":
      return ofSyscall(rule, event, varying);
    default:
      return [];
  }
}

function ofSyscall(
  rule: SyscallRule,
  event: Extract<SecurityEvent, { hook: "syscall" }>,
  varying: Varying,
): Conditions {
  const { args } = event.cell;
  if (rule.handler === "clone") return [masked(0, CLONE_NEW, Number(args[0] ?? 0n))];
  if (rule.handler === "namespaces") {
    const [position = 0] = rule.args ?? [];
    return [masked(position, UNSHARE_NEW, Number(args[0] ?? 0n))];
  }
  if (rule.handler === "signalOwner") return [equals(1, Number(args[0] ?? F_SETSIG))];
  return listed(rule.args ?? [], args, (member) => varying.of(event, `args.${member}`));
}

function listed(
  positions: readonly number[],
  values: readonly bigint[],
  varies: (member: number) => boolean,
): Conditions {
  return positions.flatMap((position, member) => {
    const value = values[member];
    if (value === undefined || varies(member)) return [];
    return [equals(position, Number(BigInt.asUintN(32, value)))];
  });
}

/** Members that do not count under the rules of a model, for whichever program. */
class Varying {
  readonly #members: ReadonlySet<string>;

  constructor(rules: readonly RuleSpec[]) {
    this.#members = new Set(
      rules.flatMap((rule) =>
        rule.rule === "value-class" ? [`${rule.hook} ${rule.syscall ?? ""} ${rule.member}`] : [],
      ),
    );
  }

  of(event: SecurityEvent, member: string): boolean {
    const syscall = event.hook === "syscall" ? event.syscall : "";
    return this.#members.has(`${event.hook} ${syscall} ${member}`);
  }
}
