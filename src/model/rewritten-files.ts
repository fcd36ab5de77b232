// SPDX-License-Identifier: Apache-2.0
// Finds the files whose content a run changed itself and also read: their content digest would make the next run a violation.
import type { DentryId, FileId } from "../event/cell/file.ts";
import type { SecurityEvent } from "../event/event.ts";
import { HOOKS } from "../event/index.ts";
import type { KindValue } from "../event/layout.ts";
import { isProgramUse, opensForWriting } from "./file-use.ts";
import type { NoDigestRule } from "./rules.ts";

const ATTR_SIZE = 8;
const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const LONE_SURROGATE = /\p{Cs}/u;

/**
 * A `no-digest` rule, ascending by path, for every pathname that these events (as rewritten by the profile) wrote, created, renamed or
 * linked onto, truncated or removed, also by moving a directory above it, and whose content digest counts in one of them.
 * Programs and mapped code keep theirs whatever the rules say. Names that are not UTF-8 cannot stand in a model and get no rule.
 */
export function rewrittenFileRules(
  events: readonly SecurityEvent[],
  emptyDigest: string,
): readonly NoDigestRule[] {
  const changed = new Changed();
  for (const e of events) changed.note(e);
  const paths = new Set<string>();
  for (const e of events) {
    for (const file of filesOf(e)) {
      const { pathname } = file.path;
      const counts = file.digest !== emptyDigest && !isProgramUse(e.hook, file.flags);
      if (counts && changed.has(pathname) && !LONE_SURROGATE.test(pathname)) paths.add(pathname);
    }
  }
  return [...paths].sort().map((path) => ({ rule: "no-digest", path }));
}

class Changed {
  readonly #paths = new Set<string>();
  readonly #directories = new Set<string>();

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
        if (opensForWriting(e.cell.file.flags)) this.#paths.add(e.cell.file.path.pathname);
        break;
      case "inode_create":
      case "inode_mknod":
      case "inode_symlink":
      case "inode_unlink":
        this.#paths.add(e.cell.dentry.path.pathname);
        break;
      case "inode_link":
        this.#paths.add(e.cell.newDentry.path.pathname);
        break;
      case "inode_rename":
        this.#renamed(e.cell.oldDentry, e.cell.newDentry);
        break;
      case "inode_setattr":
        if ((e.cell.attr.valid & ATTR_SIZE) !== 0) this.#paths.add(e.cell.dentry.path.pathname);
        break;
      default:
        break;
    }
  }

  /** Either name may be read before or after, also when the two were exchanged. */
  #renamed(from: DentryId, to: DentryId): void {
    for (const { path } of [from, to]) {
      this.#paths.add(path.pathname);
      const moved = ((from.inode?.mode ?? 0) & S_IFMT) === S_IFDIR;
      if (moved) this.#directories.add(path.pathname);
    }
  }
}

function filesOf(e: SecurityEvent): readonly FileId[] {
  const cell = e.cell as unknown as Readonly<Record<string, unknown>>;
  return HOOKS[e.hook].cell.flatMap(({ member, kind }) => {
    const value = kind === "file" ? cell[member] : undefined;
    return value === undefined ? [] : [value as KindValue["file"]];
  });
}
