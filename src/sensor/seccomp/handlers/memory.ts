// SPDX-License-Identifier: Apache-2.0
// Memory that becomes executable: mmap, mprotect, pkey_mprotect.
import { sys } from "../../../native/syscalls.ffi.ts";
import { asAgent } from "../agent-self.ts";
import type { Call } from "../call.ts";
import { AT, EXEC_FLAGS, O, eventFlags } from "../../file/open-flags.ts";
import { flagsOf } from "../opened.ts";
import { readProc } from "../proc.ts";
import { CONTINUE, type Reply } from "../reply.ts";
import { type Resolved, openTaskFd, resolve } from "../resolve.ts";
import { type Stat, statFd } from "../../file/stat.ts";

type FoundObject = Extract<Resolved, { kind: "found" }>;
const MAP_ANONYMOUS = 0x20;
const PAGE = 4096n;
const LAST_ADDRESS = (1n << 64n) - 1n;

/** mmap with PROT_EXEC. TSEM records the protection in both members. */
export function mmap(call: Call): Reply {
  const prot = call.u32(2);
  const anonymous = (call.u32(3) & MAP_ANONYMOUS) !== 0;
  if (anonymous) return call.refusal("mmap_file", { prot, flags: prot }) ?? CONTINUE;
  const fd = call.i32(4);
  const object = openTaskFd(call.task, fd);
  if (object.kind !== "found") return call.noDescriptor(object);
  try {
    const { objects } = call.bench;
    const { process } = call.task;
    const use = { hook: "mmap_file", flags: eventFlags(flagsOf(call.task, fd)) } as const;
    const file = objects.file(process, object.fd, object.stat, use);
    return call.refusal("mmap_file", { file, prot, flags: prot }) ?? CONTINUE;
  } finally {
    sys().close(object.fd);
  }
}

/** mprotect with PROT_EXEC: an event for each file mapped in the range, and one for anonymous memory in it. */
export function mprotect(call: Call): Reply {
  const prot = call.u32(2);
  const from = call.u64(0);
  const end = from + call.u64(1) + PAGE - 1n;
  const mappings = mappingsOf(call, from, end > LAST_ADDRESS ? LAST_ADDRESS : end - (end % PAGE));
  // nothing there: what another thread maps meanwhile is anonymous at best, its own mmap was decided on
  if (mappings.length === 0) return call.refusal("file_mprotect", { prot }) ?? CONTINUE;
  const seen = new Set<string>();
  for (const mapping of mappings) {
    if (seen.has(mapping.object)) continue;
    seen.add(mapping.object);
    const refusal = mappingRefusal(call, mapping, prot);
    if (refusal !== undefined) return refusal;
  }
  return CONTINUE;
}

/** A line of /proc/PID/maps (proc_pid_maps(5)). */
export interface Mapping {
  /** "from-to" as it stands there. */
  readonly range: string;
  /** "major:minor inode" in the kernel's own digits; ANONYMOUS for memory without a file. */
  readonly object: string;
  readonly pathname: string;
}

const ANONYMOUS = "00:00 0";

/** Lines that overlap a range of addresses. */
export function parseMaps(text: string, from: bigint, end: bigint): Mapping[] {
  const found: Mapping[] = [];
  for (const line of text.split("\n")) {
    const match = /^(([0-9a-f]+)-([0-9a-f]+)) \S+ \S+ (\S+ \d+) *(.*)$/.exec(line);
    if (match === null) continue;
    const [, range = "", low = "", high = "", object = "", pathname = ""] = match;
    if (BigInt(`0x${high}`) <= from || BigInt(`0x${low}`) >= end) continue;
    found.push({ range, object, pathname });
  }
  return found;
}

function mappingsOf(call: Call, from: bigint, end: bigint): Mapping[] {
  return parseMaps(readProc(`/proc/${call.task.tid}/maps`) ?? "", from, end);
}

function mappingRefusal(call: Call, mapping: Mapping, prot: number): Reply | undefined {
  if (mapping.object === ANONYMOUS) return call.refusal("file_mprotect", { prot });
  const object = mappedObject(call, mapping);
  // a file that can not be reached any more is told like anonymous memory: its content is nobody's
  if (object === undefined) return call.refusal("file_mprotect", { prot });
  try {
    const use = { hook: "file_mprotect", flags: EXEC_FLAGS } as const;
    const { objects } = call.bench;
    const file = objects.file(call.task.process, object.fd, object.stat, use);
    return call.refusal("file_mprotect", { file, prot });
  } finally {
    sys().close(object.fd);
  }
}

/** The mapped file: by its mapping (CAP_CHECKPOINT_RESTORE), else by its name when that still leads to it. */
function mappedObject(call: Call, mapping: Mapping): FoundObject | undefined {
  const link = `/proc/${call.task.tid}/map_files/${mapping.range}`;
  const path = Buffer.from(`${link}\0`, "latin1");
  const fd = asAgent(() => sys().open(path, O.PATH | O.CLOEXEC, 0));
  const stat = fd < 0 ? undefined : statFd(fd);
  if (stat !== undefined) return { kind: "found", fd, stat };
  const name = Buffer.from(`${unescaped(mapping.pathname)}\0`, "latin1");
  const named = resolve({ task: call.task, dirfd: AT.FDCWD }, name, { follow: false });
  if (named.kind !== "found") return undefined;
  if (objectOf(named.stat) === mapping.object) return named;
  sys().close(named.fd);
  return undefined;
}

/** Newlines in names are octal escapes. */
function unescaped(pathname: string): string {
  return pathname.replaceAll("\\012", "\n");
}

function objectOf({ devMajor, devMinor, ino }: Stat): string {
  const hex = (value: number): string => value.toString(16).padStart(2, "0");
  return `${hex(devMajor)}:${hex(devMinor)} ${ino}`;
}
