// SPDX-License-Identifier: Apache-2.0
// The temporary directories of a workload: those that it made for itself alone (mode 0700, as mkdtemp does) in a directory
// where everybody may make files and nobody may touch those of others (sticky and writable, as /tmp).
import { MAX_TEMPORARY } from "./limits.ts";
import { FileType, type Stat } from "./stat.ts";

const PERMISSIONS = 0o777;
const PRIVATE = 0o700;
const STICKY_AND_WRITABLE = 0o1002;

type Found = Pick<Stat, "mode" | "type" | "key">;

/** Knows them by path. One per sensor. */
export class TemporaryDirectories {
  readonly #paths = new Set<string>();
  readonly #byKey = new Map<string, string>();

  /** An object was created at `pathname` in the directory `parent`. */
  made(pathname: string, stat: Found, parent: Pick<Stat, "mode">): void {
    if (stat.type !== FileType.directory || (stat.mode & PERMISSIONS) !== PRIVATE) return;
    if ((parent.mode & STICKY_AND_WRITABLE) !== STICKY_AND_WRITABLE) return;
    // beyond the limit names count again: stricter, never looser
    if (this.#paths.size >= MAX_TEMPORARY) return;
    this.#paths.add(pathname);
    this.#byKey.set(stat.key, pathname);
  }

  /** An object was removed or has another name now. */
  gone(stat: Pick<Stat, "key">): void {
    const pathname = this.#byKey.get(stat.key);
    if (pathname === undefined) return;
    this.#byKey.delete(stat.key);
    this.#paths.delete(pathname);
  }

  /** The temporary directory that `pathname` lies below; the outermost one. */
  above(pathname: string): string | undefined {
    if (this.#paths.size === 0) return undefined;
    for (let at = pathname.indexOf("/", 1); at > 0; at = pathname.indexOf("/", at + 1)) {
      const directory = pathname.slice(0, at);
      if (this.#paths.has(directory)) return directory;
    }
    return undefined;
  }
}
