// SPDX-License-Identifier: Apache-2.0
// What a model does to which place in the filesystem, as rights of Landlock: the finest that is known of paths alone.
import { isProgramUse } from "../../model/runtime/index.ts";
import { posix } from "node:path";
import type { DentryId, FileId, PathId } from "../../event/index.ts";
import type { SecurityEvent } from "../../event/index.ts";
import type { Behaviour } from "../disclosed/disclose.ts";
import { type Place, Places, type Widening } from "../disclosed/places.ts";

/** Names of LANDLOCK_ACCESS_FS_*, in the order of their bits (linux/landlock.h). */
export const FS_RIGHTS = [
  "execute",
  "write_file",
  "read_file",
  "read_dir",
  "remove_dir",
  "remove_file",
  "make_char",
  "make_dir",
  "make_reg",
  "make_sock",
  "make_fifo",
  "make_block",
  "make_sym",
  "refer",
  "truncate",
  "ioctl_dev",
] as const;

export type FsRight = (typeof FS_RIGHTS)[number];

/** Rights that a rule about a single file may give. */
export const FILE_RIGHTS: ReadonlySet<FsRight> = new Set<FsRight>([
  "execute",
  "write_file",
  "read_file",
  "truncate",
  "ioctl_dev",
]);

/** Rights with which something is changed. */
export const CHANGING_RIGHTS: ReadonlySet<FsRight> = new Set<FsRight>(
  FS_RIGHTS.filter((right) => !["execute", "read_file", "read_dir", "ioctl_dev"].includes(right)),
);

/** What is done at a place, and below it when it is a directory. */
export interface PlaceRights {
  readonly path: string;
  readonly rights: ReadonlySet<FsRight>;
  readonly widened?: Widening;
}

const O_ACCMODE = 3;
const O_WRONLY = 1;
const O_RDWR = 2;
const O_TRUNC = 0x200;
const ATTR_SIZE = 8;
const S_IFMT = 0o170000;
const MAKE: ReadonlyMap<number, FsRight> = new Map([
  [0o010000, "make_fifo"],
  [0o020000, "make_char"],
  [0o040000, "make_dir"],
  [0o060000, "make_block"],
  [0o100000, "make_reg"],
  [0o120000, "make_sym"],
  [0o140000, "make_sock"],
]);
const DEVICES: ReadonlySet<number> = new Set([0o020000, 0o060000]);
const DIRECTORY = 0o040000;

type NameEvent = Extract<
  SecurityEvent,
  {
    hook:
      | "inode_create"
      | "inode_mkdir"
      | "inode_symlink"
      | "inode_mknod"
      | "inode_unlink"
      | "inode_rmdir";
  }
>;

const NAMING: Readonly<Record<Exclude<NameEvent["hook"], "inode_mknod">, FsRight>> = {
  inode_create: "make_reg",
  inode_mkdir: "make_dir",
  inode_symlink: "make_sym",
  inode_unlink: "remove_file",
  inode_rmdir: "remove_dir",
};

interface Names {
  readonly oldDentry: DentryId;
  readonly newDentry: DentryId;
}

/** True when the rules about a place are about a directory. */
export function isAboutDirectory({ widened, rights }: PlaceRights): boolean {
  return widened !== undefined || [...rights].some((right) => !FILE_RIGHTS.has(right));
}

/** In ascending order of paths. */
export function rightsOf(behaviours: readonly Behaviour[]): readonly PlaceRights[] {
  const found = new Found(new Places(behaviours));
  for (const { event, mapped } of behaviours) found.note(event, mapped);
  return found.list();
}

class Found {
  readonly #places: Places;
  readonly #rights = new Map<string, Set<FsRight>>();
  readonly #widened = new Map<string, Widening>();

  constructor(places: Places) {
    this.#places = places;
  }

  list(): PlaceRights[] {
    return [...this.#rights]
      .map(([path, rights]) => {
        const widened = this.#widened.get(path);
        return { path, rights, ...(widened === undefined ? {} : { widened }) };
      })
      .sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  note(event: SecurityEvent, mapped: SecurityEvent): void {
    // the rules rewrite members, never the hook
    if (mapped.hook !== event.hook) return;
    const cell = mapped.cell as unknown as Record<string, never>;
    switch (event.hook) {
      case "file_open":
      case "file_receive":
        this.#opened(event.cell.file, cell["file"] ?? event.cell.file);
        break;
      case "inode_create":
      case "inode_mkdir":
      case "inode_symlink":
      case "inode_mknod":
      case "inode_unlink":
      case "inode_rmdir":
        this.#named(event, cell["dentry"] ?? event.cell.dentry);
        break;
      case "inode_link":
      case "inode_rename":
        this.#moved(event, cell as unknown as Names);
        break;
      case "inode_setattr":
        this.#resized(event, cell["dentry"] ?? event.cell.dentry);
        break;
      case "socket_bind":
        this.#bound(event.cell.addr, cell["addr"] ?? event.cell.addr);
        break;
      default:
        break;
    }
  }

  #resized(event: Extract<SecurityEvent, { hook: "inode_setattr" }>, mapped: DentryId): void {
    const { attr, dentry } = event.cell;
    if ((attr.valid & ATTR_SIZE) !== 0) this.#at(dentry.path, mapped.path, ["truncate"]);
  }

  #opened(file: FileId, mapped: FileId): void {
    const { flags, inode } = file;
    const type = inode.mode & S_IFMT;
    const access = flags & O_ACCMODE;
    const rights: FsRight[] = [];
    if (isProgramUse("file_open", flags)) rights.push("execute");
    if (access !== O_WRONLY) rights.push(type === DIRECTORY ? "read_dir" : "read_file");
    if (access === O_WRONLY || access === O_RDWR) rights.push("write_file");
    if ((flags & O_TRUNC) !== 0) rights.push("truncate");
    if (DEVICES.has(type)) rights.push("ioctl_dev");
    this.#at(file.path, mapped.path, rights);
  }

  #named(event: NameEvent, mapped: DentryId): void {
    const right = event.hook === "inode_mknod" ? makeRight(event.cell.mode) : NAMING[event.hook];
    this.#inParent(event.cell.dentry.path, mapped.path, [right]);
  }

  #moved(
    event: Extract<SecurityEvent, { hook: "inode_link" | "inode_rename" }>,
    mapped: Names,
  ): void {
    const { oldDentry, newDentry } = event.cell;
    const mode = oldDentry.inode?.mode ?? 0o100000;
    const directory = (mode & S_IFMT) === DIRECTORY;
    const across =
      posix.dirname(oldDentry.path.pathname) !== posix.dirname(newDentry.path.pathname);
    const refer: FsRight[] = across ? ["refer"] : [];
    const replaces: FsRight[] =
      newDentry.inode === undefined ? [] : [directory ? "remove_dir" : "remove_file"];
    const away: FsRight[] =
      event.hook === "inode_link" ? [] : [directory ? "remove_dir" : "remove_file"];
    this.#inParent(oldDentry.path, mapped.oldDentry.path, [...away, ...refer]);
    const there = [makeRight(mode), ...replaces, ...refer];
    this.#inParent(newDentry.path, mapped.newDentry.path, there);
  }

  #bound(
    addr: { readonly family: string; readonly address?: unknown },
    mapped: { readonly family: string; readonly address?: unknown },
  ): void {
    if (addr.family !== "unix" || mapped.family !== "unix") return;
    const [pathname, form] = [String(addr.address), String(mapped.address)];
    this.#inParent({ pathname }, { pathname: form }, ["make_sock"]);
  }

  #at(path: PathId, mapped: PathId, rights: readonly FsRight[]): void {
    this.#add(this.#places.of(path, mapped), rights);
  }

  #inParent(path: PathId, mapped: PathId, rights: readonly FsRight[]): void {
    this.#add(this.#places.parent(path, mapped), rights);
  }

  #add(place: Place | undefined, rights: readonly FsRight[]): void {
    if (place === undefined || rights.length === 0) return;
    const known = this.#rights.get(place.path) ?? new Set();
    for (const right of rights) known.add(right);
    this.#rights.set(place.path, known);
    if (place.widened !== undefined) this.#widened.set(place.path, place.widened);
  }
}

function makeRight(mode: number): FsRight {
  return MAKE.get(mode & S_IFMT) ?? "make_reg";
}
