// SPDX-License-Identifier: Apache-2.0
// Privileges of a unit: capabilities, namespaces, executable memory, setuid programs, the kernel's own things.
import { isProgramUse } from "../../model/runtime/index.ts";
import { CAPABILITIES } from "../../event/index.ts";
import type { Behaviour } from "../disclosed/disclose.ts";
import { type Loss, weaker } from "./losses.ts";
import type { Directive, UnitParts } from "./systemd-words.ts";

interface Part {
  readonly directives: readonly Directive[];
  readonly losses: readonly Loss[];
}

const PROT_WRITE = 2;
const PROT_EXEC = 4;
const SETID = 0o6000;
/** CLONE_NEW*, and what systemd calls them. */
const NAMESPACES: readonly (readonly [bit: number, name: string])[] = [
  [0x00000080, "time"],
  [0x00020000, "mnt"],
  [0x02000000, "cgroup"],
  [0x04000000, "uts"],
  [0x08000000, "ipc"],
  [0x10000000, "user"],
  [0x20000000, "pid"],
  [0x40000000, "net"],
];
const CLOCK_CALLS: ReadonlySet<string> = new Set(["adjtimex", "clock_adjtime"]);
const NAME_CALLS: ReadonlySet<string> = new Set(["sethostname", "setdomainname"]);
const MODULE_HOOKS: ReadonlySet<string> = new Set(["kernel_load_data", "kernel_read_file"]);

export function privilegeDirectives(parts: UnitParts): Part {
  const { behaviours } = parts;
  const found = [
    setid(behaviours),
    capabilities(parts),
    namespaces(behaviours),
    memory(behaviours),
  ];
  const none = (
    name: string,
    hooks: (hook: string) => boolean,
    calls: (call: string) => boolean,
  ): Directive[] => {
    const used = behaviours.some(
      ({ event }) => hooks(event.hook) || (event.hook === "syscall" && calls(event.syscall)),
    );
    return used ? [] : [[name, "yes"]];
  };
  return {
    directives: [
      ...found.flatMap(({ directives }) => directives),
      ...none(
        "ProtectClock",
        (hook) => hook === "settime",
        (call) => CLOCK_CALLS.has(call),
      ),
      ...none(
        "ProtectHostname",
        () => false,
        (call) => NAME_CALLS.has(call),
      ),
      ...none(
        "ProtectKernelModules",
        (hook) => MODULE_HOOKS.has(hook),
        (call) => call === "delete_module",
      ),
    ],
    losses: found.flatMap(({ losses }) => losses),
  };
}

/** Programs that change who they are, and files that are made so. */
function setid(behaviours: readonly Behaviour[]): Part {
  const runs = behaviours.some(
    ({ event }) =>
      event.hook === "file_open" &&
      isProgramUse(event.hook, event.cell.file.flags) &&
      (event.cell.file.inode.mode & SETID) !== 0,
  );
  const makes = behaviours.some(({ event }) => makesSetid(event));
  return {
    directives: [
      ...(runs ? [] : [["NoNewPrivileges", "yes"] as const]),
      ...(makes ? [] : [["RestrictSUIDSGID", "yes"] as const]),
    ],
    losses: runs
      ? [weaker("the model runs setuid or setgid programs, so privileges may be gained")]
      : [],
  };
}

function makesSetid(event: Behaviour["event"]): boolean {
  switch (event.hook) {
    case "inode_setattr":
      return (event.cell.attr.mode & SETID) !== 0;
    case "inode_create":
    case "inode_mkdir":
    case "inode_mknod":
      return (event.cell.mode & SETID) !== 0;
    default:
      return false;
  }
}

function capabilities({ behaviours, seesCapabilities }: UnitParts): Part {
  const used = seesCapabilities ? usedCapabilities(behaviours) : heldCapabilities(behaviours);
  const names = [...CAPABILITIES]
    .filter(([number]) => ((used >> BigInt(number)) & 1n) === 1n)
    .map(([, name]) => `CAP_${name.toUpperCase()}`);
  const losses: Loss[] = [];
  if (!seesCapabilities && used !== 0n)
    losses.push(
      weaker("the sensor saw which capabilities were had, not which were used: all of them stay"),
    );
  return { directives: [["CapabilityBoundingSet", names.join(" ")]], losses };
}

function usedCapabilities(behaviours: readonly Behaviour[]): bigint {
  return behaviours.reduce(
    (all, { event }) => (event.hook === "capable" ? all | (1n << BigInt(event.cell.cap)) : all),
    0n,
  );
}

function heldCapabilities(behaviours: readonly Behaviour[]): bigint {
  return behaviours.reduce((all, { event }) => all | event.coe.capeff, 0n);
}

function namespaces(behaviours: readonly Behaviour[]): Part {
  let bits = 0;
  let entered = false;
  for (const { event } of behaviours) {
    if (event.hook !== "syscall") continue;
    const flags = Number(BigInt.asUintN(32, event.cell.args[0] ?? 0n));
    if (event.syscall === "unshare" || event.syscall === "clone" || event.syscall === "setns")
      bits |= flags;
    entered ||= event.syscall === "setns" && flags === 0;
  }
  // setns with 0 may join any kind, which a filter of flags can not tell
  if (entered)
    return { directives: [], losses: [weaker("namespaces of any kind may be joined and made")] };
  const names = NAMESPACES.filter(([bit]) => (bits & bit) !== 0).map(([, name]) => name);
  // the time namespace has no name in older versions of systemd
  const known = names.filter((name) => name !== "time");
  return {
    directives: [["RestrictNamespaces", names.length === 0 ? "yes" : known.join(" ")]],
    losses: [],
  };
}

function memory(behaviours: readonly Behaviour[]): Part {
  const both = PROT_WRITE | PROT_EXEC;
  const needed = behaviours.some(
    ({ event }) =>
      event.hook === "file_mprotect" ||
      (event.hook === "mmap_file" && (event.cell.prot & both) === both),
  );
  if (!needed) return { directives: [["MemoryDenyWriteExecute", "yes"]], losses: [] };
  const text = "memory may be made executable, because the model does it";
  return { directives: [], losses: [weaker(text)] };
}
