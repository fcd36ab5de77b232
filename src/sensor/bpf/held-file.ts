// SPDX-License-Identifier: Apache-2.0
// Digest of the file that a held task is about to use, as it is while the task waits.
import { sys } from "../../native/syscalls.ffi.ts";
import { ContentDigests, type DigestOptions } from "../file/digest.ts";
import { isSettled } from "../file/stat.ts";
import { FileFinder } from "./find-file.ts";
import { MAGIC, type Match, matchOf } from "./held-stat.ts";
import { ObjectState } from "./layout.gen.ts";
import { MAX_KNOWN_CONTENTS } from "./limits.ts";
import type { Contents, FoundDigest } from "./objects.ts";
import type { ContentView, ObjectView } from "./record-object.ts";
import type { RecordView } from "./record.ts";

/**
 * Filesystems on which no content changes without its change time. Not overlayfs: what is keyed there is not the file that has
 * the content; not tmpfs: what is written through a shared mapping has no time there, where the page was read before; not those
 * that others serve (network, FUSE).
 */
const TRUSTED: ReadonlySet<number> = new Set([
  MAGIC.ext,
  MAGIC.xfs,
  MAGIC.btrfs,
  MAGIC.f2fs,
  MAGIC.squashfs,
  MAGIC.erofs,
  MAGIC.iso9660,
]);

/** Contents of the files of one namespace's tasks. */
export class HeldContents implements Contents {
  readonly #digests: ContentDigests;
  readonly #finder = new FileFinder();
  /** Digests by what the programs key: the same program is run by many. */
  readonly #known = new Map<string, string>();

  /** @param algorithm the namespace's digest as node:crypto knows it, `empty` that of no bytes */
  constructor(algorithm: string, empty: string, options: DigestOptions) {
    this.#digests = new ContentDigests(algorithm, empty, options);
  }

  close(): void {
    this.#finder.close();
  }

  digest(view: RecordView, object: ObjectView, pathname: string): FoundDigest | undefined {
    const { content } = object;
    if (content === undefined) return undefined;
    const trusted = TRUSTED.has(object.magic) && (object.state & ObjectState.writers) === 0;
    const key = keyOf(object, content);
    const scope = trusted ? scopeOf(object, content) : undefined;
    const known = trusted ? this.#known.get(key) : undefined;
    if (known !== undefined) return { digest: known, settled: true };
    const held = { tid: view.head.tid, actor: view.who, pathname };
    for (const fd of this.#finder.candidates(held, object, content)) {
      const found = this.#look(fd, object, { content, scope });
      if (found === undefined) continue;
      if (found.settled) this.#remember(key, found.digest);
      return found;
    }
    return undefined;
  }

  /** Closes the descriptor. undefined: it is another file, or can not be read. */
  #look(
    fd: number,
    object: ObjectView,
    { content, scope }: { readonly content: ContentView; readonly scope: string | undefined },
  ): FoundDigest | undefined {
    try {
      const match = matchOf(fd, object, content);
      return match === undefined ? undefined : this.#read(fd, match, scope);
    } finally {
      sys().close(fd);
    }
  }

  /** Somebody may have changed it since the task was held: then its content is what the task will get, but the key is another's. */
  #read(
    fd: number,
    { stat, unchanged }: Match,
    scope: string | undefined,
  ): FoundDigest | undefined {
    const trusted = scope !== undefined;
    const digest = trusted
      ? this.#digests.of(fd, stat, scope)
      : this.#digests.unremembered(fd, stat);
    if (digest === undefined) return undefined;
    return { digest, settled: trusted && unchanged && isSettled(stat) };
  }

  #remember(key: string, digest: string): void {
    if (this.#known.size >= MAX_KNOWN_CONTENTS) {
      const oldest = this.#known.keys().next().value;
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    this.#known.set(key, digest);
  }
}

/**
 * What device number, inode and change time do not tell: another image can be mounted from the same device, with the same numbers in
 * it, and a clock that was set back lets a change time come again.
 */
function scopeOf({ mount }: ObjectView, { clock }: ContentView): string {
  return `${mount}.${clock}:`;
}

function keyOf(object: ObjectView, content: ContentView): string {
  const { inode, generation, ctimeSeconds, ctimeNanoseconds, size } = content;
  const changed = `${ctimeSeconds}.${ctimeNanoseconds}`;
  return `${scopeOf(object, content)}${inode}.${generation}:${changed}:${size}`;
}
