// SPDX-License-Identifier: Apache-2.0
// The rule `cpu-count`: what programs with threads may read although no recorded run happened to see it.
// glibc's malloc asks for the number of processors when threads meet in it, and whether memory is overcommitted when a thread gives some
// back, so the same program does it in one run and not in the next.
import type { FileId } from "../../event/cell/file.ts";
import type { SecurityEvent } from "../../event/event.ts";
import type { ProfileSpec } from "./rules.ts";

const SYSFS_MAGIC = 0x62656572;
const PROC_MAGIC = 0x9fa0;
/** O_RDONLY as the kernel sees it (O_LARGEFILE). */
const READ_ONLY = 0x8000;

const READ: readonly Omit<FileId, "digest">[] = [
  {
    flags: READ_ONLY,
    inode: { uid: 0, gid: 0, mode: 0o100444, sMagic: SYSFS_MAGIC },
    path: { pathname: "/sys/devices/system/cpu/online" },
  },
  {
    flags: READ_ONLY,
    inode: { uid: 0, gid: 0, mode: 0o100644, sMagic: PROC_MAGIC },
    path: { pathname: "/proc/sys/vm/overcommit_memory" },
  },
];

/**
 * One open of the list of online processors, and one of the setting of overcommitment, for each program, with each of its credentials, of which an event of a second thread was
 * recorded; nothing when the rule is not listed.
 * @param emptyDigest digest of no bytes: files of sysfs and proc have no content of their own
 */
export function cpuCountReads(
  events: Iterable<SecurityEvent>,
  { rules }: ProfileSpec,
  emptyDigest: string,
): readonly SecurityEvent[] {
  if (!rules.some(({ rule }) => rule === "cpu-count")) return [];
  const reads = new Map<string, readonly SecurityEvent[]>();
  for (const { pid, tgid, process, task, coe, ts } of events) {
    if (tgid === undefined || pid === tgid) continue;
    const key = [task.taskId, task.pTaskId, ...Object.values(coe)].join();
    if (reads.has(key)) continue;
    const actor = { pid, tgid, process, task, coe, ts };
    const files = READ.map((file) => ({ ...file, digest: emptyDigest }));
    reads.set(
      key,
      files.map((file) => ({ hook: "file_open", ...actor, cell: { file } })),
    );
  }
  return [...reads.values()].flat();
}
