// SPDX-License-Identifier: Apache-2.0
// Ways to the file that a held task is about to use: by the path in the record, by a handle made of its inode number, by the
// task's descriptors. A held task may hold locks of directories, so no way waits for one: paths are only followed through what
// the kernel has in memory, as it has everything above a file that is in use.
import { readdirSync, readFileSync } from "node:fs";
import { encodePath } from "../../base/path-text.ts";
import { sys } from "../../native/syscalls.ffi.ts";
import { O } from "../file/open-flags.ts";
import { MAGIC, placeOf } from "./held-stat.ts";
import { MAX_DESCRIPTORS, MAX_MOUNTS_TRIED } from "./limits.ts";
import type { ContentView, ObjectView } from "./record-object.ts";
import type { SeenActor } from "./types.ts";

const OPENAT2 = 437;
const OPEN_BY_HANDLE_AT = process.arch === "arm64" ? 265 : 304;
const HOW_BYTES = 24;
/** Only through what is in memory, and through no symbolic link: the path is one without. */
const RESOLVE_CACHED_NO_SYMLINKS = 0x24n;
const RESOLVE_AT = 16;
const AT_FDCWD = -100;

/** Types of handles (include/linux/exportfs.h, fs/xfs/xfs_export.h). */
const HANDLE = { inode32: 1, xfsInode64: 0x81 } as const;
const MAX_32 = 0xffff_ffffn;

const how = Buffer.alloc(HOW_BYTES);

/** A descriptor (O_PATH) of a path below `directory`; -1 when it is not to be had without waiting. */
function openCached(directory: number, path: string, flags: number): number {
  how.fill(0);
  how.writeBigUInt64LE(BigInt(flags | O.CLOEXEC | O.NOFOLLOW), 0);
  how.writeBigUInt64LE(RESOLVE_CACHED_NO_SYMLINKS, RESOLVE_AT);
  const name = Buffer.concat([encodePath(path), Buffer.alloc(1)]);
  return Number(sys().syscallPath4(OPENAT2, directory, name, how, HOW_BYTES));
}

function openPath(path: string, flags: number): number {
  return sys().open(Buffer.from(`${path}\0`, "latin1"), flags | O.CLOEXEC, 0);
}

/** What a record says of a held file, beside its object. */
export interface HeldFile {
  readonly tid: number;
  readonly actor: SeenActor;
  readonly pathname: string;
}

/** Gives descriptors that may be of the file, which the caller judges and closes. */
export class FileFinder {
  /** The agent's own root. */
  readonly #root: number;
  readonly #rootPlace: ReturnType<typeof placeOf>;

  constructor() {
    this.#root = openPath("/", O.PATH | O.DIRECTORY);
    this.#rootPlace = placeOf(this.#root);
  }

  close(): void {
    sys().close(this.#root);
  }

  *candidates(held: HeldFile, object: ObjectView, content: ContentView): Generator<number> {
    yield* this.#byPath(held);
    yield* byHandle(object, content);
    yield* byDescriptor(held.tid, content);
  }

  *#byPath({ tid, actor, pathname }: HeldFile): Generator<number> {
    if (!pathname.startsWith("/")) return;
    const here = this.#rootPlace;
    const same = here?.mount === actor.rootMount && here.inode === actor.rootInode;
    const root = same ? this.#root : openPath(`/proc/${tid}/root`, O.PATH | O.DIRECTORY);
    const fd = root < 0 ? -1 : openCached(root, `.${pathname}`, O.PATH);
    if (!same && root >= 0) sys().close(root);
    if (fd >= 0) yield fd;
  }
}

/** A file that has lost its name, or got another one meanwhile, on filesystems whose handles can be made up. */
function* byHandle({ magic, dev }: ObjectView, content: ContentView): Generator<number> {
  const handle = handleOf(magic, content);
  if (handle === undefined) return;
  for (const mountPoint of mountPoints(dev)) {
    // O_PATH does not do here
    const mount = openCached(AT_FDCWD, mountPoint, O.DIRECTORY);
    if (mount < 0) continue;
    const flags = O.PATH | O.CLOEXEC;
    const fd = Number(sys().syscallPath4Number(OPEN_BY_HANDLE_AT, mount, handle, flags, 0));
    sys().close(mount);
    if (fd >= 0) yield fd;
  }
}

/** struct file_handle: bytes, type, and (inode number, generation) as the filesystem lays them out. */
function handleOf(magic: number, { inode, generation }: ContentView): Buffer | undefined {
  const small = inode <= MAX_32;
  if (magic === MAGIC.ext || magic === MAGIC.f2fs || (magic === MAGIC.xfs && small)) {
    const handle = Buffer.alloc(16);
    handle.writeUInt32LE(8, 0);
    handle.writeUInt32LE(HANDLE.inode32, 4);
    handle.writeUInt32LE(Number(inode & MAX_32), 8);
    handle.writeUInt32LE(generation, 12);
    return handle;
  }
  if (magic !== MAGIC.xfs) return undefined;
  const handle = Buffer.alloc(20);
  handle.writeUInt32LE(12, 0);
  handle.writeUInt32LE(HANDLE.xfsInode64, 4);
  handle.writeBigUInt64LE(inode, 8);
  handle.writeUInt32LE(generation, 16);
  return handle;
}

/** Where a filesystem is mounted in the agent's own view (proc_pid_mountinfo(5)). */
function mountPoints(dev: number): readonly string[] {
  const device = `${dev >>> 20}:${dev & 0xfffff}`;
  let text: string;
  try {
    text = readFileSync("/proc/thread-self/mountinfo", "latin1");
  } catch {
    return [];
  }
  const found: string[] = [];
  for (const line of text.split("\n")) {
    const fields = line.split(" ", 5);
    // names with escapes (space, newline, backslash) are left out: one mount without is enough
    if (fields[2] !== device || fields[4]?.includes("\\") !== false) continue;
    found.push(Buffer.from(fields[4], "latin1").toString("utf8"));
    if (found.length >= MAX_MOUNTS_TRIED) break;
  }
  return found;
}

/** Memory that has no name anywhere but is open in the task (memfd), when it is about to be mapped or run. */
function* byDescriptor(tid: number, content: ContentView): Generator<number> {
  let names: readonly string[];
  try {
    names = readdirSync(`/proc/${tid}/fd`);
  } catch {
    return;
  }
  for (const name of names.slice(0, MAX_DESCRIPTORS)) {
    const fd = openPath(`/proc/${tid}/fd/${name}`, O.PATH);
    if (fd < 0) continue;
    if (placeOf(fd)?.inode === content.inode) yield fd;
    else sys().close(fd);
  }
}
