// SPDX-License-Identifier: Apache-2.0
// Memory that becomes executable: mmap, mprotect, pkey_mprotect.
import type { FileId } from "../../../event/cell/file.ts";
import { readProc } from "../proc.ts";
import type { Call } from "../call.ts";
import { EXEC_FLAGS, eventFlags } from "../open-flags.ts";
import { CONTINUE, type Reply } from "../reply.ts";
import { flagsOf } from "../opened.ts";
import { openTaskFd } from "../resolve.ts";
import { sys } from "../../../native/syscalls.ffi.ts";
import { statLink } from "../link.ts";

const MAP_ANONYMOUS = 0x20;

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

/** mprotect with PROT_EXEC: of a file's mapping or of anonymous memory. */
export function mprotect(call: Call): Reply {
  const prot = call.u32(2);
  const file = mappedFile(call, call.u64(0));
  return call.refusal("file_mprotect", file === undefined ? { prot } : { file, prot }) ?? CONTINUE;
}

/** The file mapped at an address, as FILE; undefined for anonymous memory. */
function mappedFile(call: Call, address: bigint): FileId | undefined {
  const { process } = call.task;
  const maps = readProc(`/proc/${process.tgid}/maps`) ?? "";
  for (const line of maps.split("\n")) {
    const [range = "", , , device, inode] = line.split(/ +/, 5);
    const [from = "", to = ""] = range.split("-");
    if (from === "" || BigInt(`0x${from}`) > address || BigInt(`0x${to}`) <= address) continue;
    if (inode === "0" || device === undefined) return undefined;
    return fileOfRange(call, range);
  }
  return undefined;
}

function fileOfRange(call: Call, range: string): FileId | undefined {
  const { process } = call.task;
  const link = `/proc/${process.tgid}/map_files/${range}`;
  const stat = statLink(link);
  if (stat === undefined) return undefined; // needs CAP_CHECKPOINT_RESTORE: absent without it
  const fd = sys().open(Buffer.from(`${link}\0`, "latin1"), 0x280000, 0);
  if (fd < 0) return undefined;
  try {
    const use = { hook: "file_mprotect", flags: EXEC_FLAGS } as const;
    return call.bench.objects.file(process, fd, stat, use);
  } finally {
    sys().close(fd);
  }
}
