// SPDX-License-Identifier: Apache-2.0
// Finds the files whose content a run changed itself and also read: their content digest would make the next run a violation.
import type { FileId, PathId } from "../../event/cell/file.ts";
import type { EventOf, SecurityEvent } from "../../event/event.ts";
import { HOOKS } from "../../event/index.ts";
import { isProgramUse, opensForWriting } from "./file-use.ts";

const ATTR_SIZE = 8;
const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const LONE_SURROGATE = /\p{Cs}/u;

/** An event as it was recorded, and as the rules leave it. */
export interface RewrittenEvent {
  readonly raw: SecurityEvent;
  readonly event: SecurityEvent;
  /** Index of the run. */
  readonly run: number;
}

/** A content digest (hex) that counted, and the run. */
export interface CountedDigest {
  readonly digest: string;
  readonly run: number;
}

/** The whole name that a path of an event stands for (see `Profile.nameOf`). */
export type NameOf = (path: PathId, user: SecurityEvent) => string;

/**
 * Names, each with the content digests (hex) that count, which these events wrote, created, renamed or linked onto, truncated or removed, also
 * by moving a directory above them. Programs and mapped code keep their digests whatever the rules say. Names that are not UTF-8
 * cannot stand in a model and are left out.
 */
export function rewrittenFiles(
  events: readonly RewrittenEvent[],
  { emptyDigest, nameOf }: { readonly emptyDigest: string; readonly nameOf: NameOf },
): ReadonlyMap<string, readonly CountedDigest[]> {
  const changed = new Changed(nameOf);
  for (const { raw } of events) changed.note(raw);
  const found = new Map<string, CountedDigest[]>();
  for (const { raw, event, run } of events) {
    const counted = filesOf(raw, event).filter(
      ({ file, digest }) => digest !== emptyDigest && !isProgramUse(raw.hook, file.flags),
    );
    for (const { file, digest } of counted) {
      const name = nameOf(file.path, raw);
      if (!changed.has(name) || LONE_SURROGATE.test(name)) continue;
      const known = found.get(name) ?? [];
      known.push({ digest, run });
      found.set(name, known);
    }
  }
  return found;
}

class Changed {
  readonly #paths = new Set<string>();
  readonly #directories = new Set<string>();
  readonly #nameOf: NameOf;

  constructor(nameOf: NameOf) {
    this.#nameOf = nameOf;
  }

  has(pathname: string): boolean {
    if (this.#paths.has(pathname)) return true;
    if (this.#directories.size === 0) return false;
    for (let at = pathname.lastIndexOf("/"); at > 0; at = pathname.lastIndexOf("/", at - 1)) {
      if (this.#directories.has(pathname.slice(0, at))) return true;
    }
    return false;
  }

  note(e: SecurityEvent): void {
    switch (e.hook) {
      case "file_open":
      case "file_receive":
        if (opensForWriting(e.cell.file.flags)) this.#add(e.cell.file.path, e);
        break;
      case "inode_create":
      case "inode_mknod":
      case "inode_symlink":
      case "inode_unlink":
        this.#add(e.cell.dentry.path, e);
        break;
      case "inode_link":
        this.#add(e.cell.newDentry.path, e);
        break;
      case "inode_rename":
        this.#renamed(e);
        break;
      case "inode_setattr":
        if ((e.cell.attr.valid & ATTR_SIZE) !== 0) this.#add(e.cell.dentry.path, e);
        break;
      default:
        break;
    }
  }

  #add(path: PathId, e: SecurityEvent): void {
    this.#paths.add(this.#nameOf(path, e));
  }

  /** Either name may be read before or after, also when the two were exchanged. */
  #renamed(e: EventOf<"inode_rename">): void {
    const { oldDentry, newDentry } = e.cell;
    for (const { path } of [oldDentry, newDentry]) {
      this.#add(path, e);
      const moved = ((oldDentry.inode?.mode ?? 0) & S_IFMT) === S_IFDIR;
      if (moved) this.#directories.add(this.#nameOf(path, e));
    }
  }
}

/** The files of an event, each with its digest after the rules. */
function filesOf(
  raw: SecurityEvent,
  event: SecurityEvent,
): readonly { readonly file: FileId; readonly digest: string }[] {
  const before = raw.cell as unknown as Readonly<Record<string, unknown>>;
  const after = event.cell as unknown as Readonly<Record<string, unknown>>;
  return HOOKS[raw.hook].cell.flatMap(({ member, kind }) => {
    const file = kind === "file" ? before[member] : undefined;
    if (file === undefined) return [];
    return [{ file: file as FileId, digest: (after[member] as FileId).digest }];
  });
}
