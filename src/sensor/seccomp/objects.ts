// SPDX-License-Identifier: Apache-2.0
// From descriptors to the parts of a CELL: inode, path, dentry, file. Knows which objects the workload has created.
import type { DentryId, FileId, InodeId, PathId } from "../../event/cell/file.ts";
import type { HookName } from "../../event/event.ts";
import { decodePath } from "../../base/path-text.ts";
import type { EventSink } from "../sensor.ts";
import type { IdMap } from "./id-map.ts";
import { ownNumbered } from "./own-number.ts";
import type { ContentDigests } from "../file/digest.ts";
import { FileType, type Stat, filesystemOf, inodeId, pathOfFd, statFd } from "../file/stat.ts";
import type { Process } from "./tasks.ts";
import { TemporaryDirectories } from "../file/temporary.ts";
import { Unseen } from "../file/unseen.ts";

/** Created objects that are remembered; the oldest goes first, and that is reported as a loss. */
const MAX_CREATED = 1_000_000;

/** Filesystems without contents: their regular files have the digest of nothing, as in TSEM. Magics of uapi/linux/magic.h. */
const PSEUDO = new Set([
  0x9fa0, // proc
  0x62656572, // sysfs
  0x64626720, // debugfs
  0x74726163, // tracefs
  0x27e0eb, // cgroup
  0x63677270, // cgroup2
  0x73636673, // securityfs
  0xcafe4a11, // bpf
  0x1cd1, // devpts
  0x50495045, // pipefs
  0x534f434b, // sockfs
  0x19800202, // mqueue
  0xde5e81e4, // efivarfs
  0x62656570, // configfs
]);

/** f_flags of a file that is opened to be executed. */
const FMODE_EXEC = 0x20;
const CODE_HOOKS: ReadonlySet<HookName> = new Set(["mmap_file", "file_mprotect"]);

interface Creation {
  readonly owner: string;
  readonly instance: bigint;
}

/** A creation that is about to happen: what to say of it, and what to do once it has happened. */
export interface PlannedCreation {
  readonly path: PathId;
  /** Remembers the object; call with its stat when the creation succeeded. */
  readonly done: (stat: Stat) => void;
}

/** Describes objects. One per sensor. */
export class Objects {
  readonly #sink: EventSink;
  readonly #digests: ContentDigests;
  readonly #ids: IdMap | undefined;
  readonly #created = new Map<string, Creation>();
  readonly #instances = new Map<string, bigint>();
  readonly #temporary = new TemporaryDirectories();
  #evicted = false;

  /** @param ids how numbers of users and groups are told, where they are not ours */
  constructor(sink: EventSink, digests: ContentDigests, ids?: IdMap) {
    this.#sink = sink;
    this.#digests = digests;
    this.#ids = ids;
  }

  inode(fd: number, stat: Stat): InodeId {
    const id = inodeId(stat, filesystemOf(fd, stat));
    const ids = this.#ids;
    return ids === undefined ? id : { ...id, uid: ids.uid(id.uid), gid: ids.gid(id.gid) };
  }

  /** Path of an open object as the process names it. */
  path(process: Process, fd: number, stat: Stat): PathId {
    return this.#named(process, stat, pathOfFd(fd));
  }

  dentry(process: Process, fd: number, stat: Stat): DentryId {
    return { inode: this.inode(fd, stat), path: this.path(process, fd, stat) };
  }

  /**
   * FILE of an open object, with the digest of its content where the rules want one.
   * @throws Unseen when the content can not be read by this process.
   */
  file(process: Process, fd: number, stat: Stat, use: { hook: HookName; flags: number }): FileId {
    const path = this.path(process, fd, stat);
    return {
      flags: use.flags,
      inode: this.inode(fd, stat),
      path,
      digest: this.#digest(fd, stat, path, use),
    };
  }

  /** Where `process` is about to create `name` (NUL-terminated) in the directory `dirFd`. */
  plan(process: Process, dirFd: number, name: Buffer): PlannedCreation {
    const dirStat = statFd(dirFd);
    const directory = pathOfFd(dirFd);
    const pathname = join(directory, decodeName(name));
    const owner = process.identity.taskId;
    const counter = `${owner}|${directory}`;
    const instance = (this.#instances.get(counter) ?? 0n) + 1n;
    const dev = { major: dirStat?.devMajor ?? 0, minor: dirStat?.devMinor ?? 0 };
    return {
      path: { dev, owner, instance, ...this.#placed(process, pathname) },
      done: (stat) => {
        this.#instances.set(counter, instance);
        this.#remember(stat.key, { owner, instance });
        if (dirStat !== undefined) this.#temporary.made(pathname, stat, dirStat);
      },
    };
  }

  /** Path of a name that does not exist and is not marked as created (link, symlink, rename targets, device nodes). */
  newName(process: Process, dirFd: number, name: Buffer): PathId {
    const dirStat = statFd(dirFd);
    const placed = this.#placed(process, join(pathOfFd(dirFd), decodeName(name)));
    return dirStat === undefined
      ? placed
      : { dev: { major: dirStat.devMajor, minor: dirStat.devMinor }, ...placed };
  }

  /** The object is gone for good; its number may be used again. */
  removed(stat: Stat): void {
    if (stat.nlink <= 1 || stat.type === FileType.directory) this.#created.delete(stat.key);
    this.#temporary.gone(stat);
  }

  /** The object has another name now. */
  moved(stat: Stat): void {
    this.#temporary.gone(stat);
  }

  #named(process: Process, stat: Stat, real: string): PathId {
    const dev = { major: stat.devMajor, minor: stat.devMinor };
    const placed = this.#placed(process, real);
    const creation = this.#created.get(stat.key);
    return creation === undefined
      ? { dev, ...placed }
      : { dev, owner: creation.owner, instance: creation.instance, ...placed };
  }

  /** A path of ours as the process names it, and the temporary directory above it. */
  #placed(process: Process, real: string): { temporary?: string; pathname: string } {
    const pathname = inView(process, real);
    const temporary = this.#temporary.above(real);
    return temporary === undefined
      ? { pathname }
      : { temporary: inView(process, temporary), pathname };
  }

  #digest(fd: number, stat: Stat, path: PathId, use: { hook: HookName; flags: number }): string {
    const { emptyDigest } = this.#sink;
    if (stat.type !== FileType.regular || stat.size === 0n) return emptyDigest;
    // what the workload makes has no content of its own, as in TSEM, until it is run
    if (path.owner !== undefined && !isProgramUse(use)) return emptyDigest;
    if (PSEUDO.has(filesystemOf(fd, stat).magic)) return emptyDigest;
    if (!this.#sink.wantsDigest(use.hook, use.flags, path.pathname, path.temporary))
      return emptyDigest;
    const digest = this.#digests.of(fd, stat);
    if (digest === undefined) throw new Unseen("unreadable-content", path.pathname);
    return digest;
  }

  #remember(key: string, creation: Creation): void {
    if (this.#created.size >= MAX_CREATED) {
      const oldest = this.#created.keys().next().value;
      if (oldest !== undefined) this.#created.delete(oldest);
      if (!this.#evicted)
        this.#sink.lost("created-objects-limit", `more than ${MAX_CREATED} objects created`);
      this.#evicted = true;
    }
    this.#created.set(key, creation);
  }
}

function isProgramUse({ hook, flags }: { hook: HookName; flags: number }): boolean {
  return CODE_HOOKS.has(hook) || (flags & FMODE_EXEC) !== 0;
}

/** A path of ours as a process with another root names it. */
function inView(process: Process, pathname: string): string {
  const { prefix } = process.view;
  if (prefix === "" || !pathname.startsWith(prefix)) return ownNumbered(process, pathname);
  const rest = pathname.slice(prefix.length);
  if (rest === "") return "/";
  return ownNumbered(process, rest.startsWith("/") ? rest : pathname);
}

function decodeName(name: Buffer): string {
  let end = name.length - 1;
  while (end > 1 && name[end - 1] === 47) end--;
  return decodePath(name.subarray(0, end));
}

function join(directory: string, name: string): string {
  return directory.endsWith("/") ? `${directory}${name}` : `${directory}/${name}`;
}
