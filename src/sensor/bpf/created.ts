// SPDX-License-Identifier: Apache-2.0
// What the agent has to remember of what a namespace makes: how many objects each program has made in a directory, and which
// directories are temporary ones. Who made an object, and as the how manieth, is kept at its inode in the kernel.
import { FileType } from "../file/stat.ts";
import { TemporaryDirectories } from "../file/temporary.ts";
import type { EventSink } from "../sensor.ts";
import type { AgentJournal, CreatedChange } from "./journal.ts";
import { MAX_COUNTED_DIRECTORIES, MAX_ROOTS } from "./limits.ts";
import type { SeenActor } from "./types.ts";

/** The least that makes a directory a temporary one; the programs have looked at what it lies in. */
const PRIVATE = { mode: 0o700, type: FileType.directory } as const;
const STICKY_AND_WRITABLE = { mode: 0o1777 } as const;

export class Created {
  readonly #sink: Pick<EventSink, "lost">;
  /** By creator and directory. */
  readonly #counts = new Map<string, number>();
  /** Paths are those of a root directory, so they are remembered by it. */
  readonly #temporary = new Map<string, TemporaryDirectories>();
  #said = false;

  readonly #journal: Pick<AgentJournal, "created"> | undefined;

  /** @param kept by the agent before this one */
  constructor(
    sink: Pick<EventSink, "lost">,
    journal?: Pick<AgentJournal, "created">,
    kept: readonly CreatedChange[] = [],
  ) {
    this.#sink = sink;
    for (const change of kept) this.#apply(change);
    this.#journal = journal;
  }

  /** Number of the next object that `owner` (TASK_ID) makes in the directory of `pathname`; `counts` makes it used. */
  instance(owner: string, pathname: string): number {
    return (this.#counts.get(counterOf(owner, pathname)) ?? 0) + 1;
  }

  count(owner: string, pathname: string): void {
    const counter = counterOf(owner, pathname);
    const count = this.instance(owner, pathname);
    if (this.#set(counter, count) && !this.#said) {
      const detail = `objects were created in more than ${MAX_COUNTED_DIRECTORIES} directories`;
      this.#sink.lost("created-objects-limit", detail);
      this.#said = true;
    }
    this.#journal?.created({ counter, count });
  }

  /** @returns whether another counter had to be forgotten for it */
  #set(counter: string, count: number): boolean {
    const full = this.#counts.size >= MAX_COUNTED_DIRECTORIES && !this.#counts.has(counter);
    const oldest = full ? this.#counts.keys().next().value : undefined;
    if (oldest !== undefined) this.#counts.delete(oldest);
    this.#counts.set(counter, count);
    return full;
  }

  /** The temporary directory above `pathname`, as the acting task names both. */
  temporaryAbove(who: SeenActor, pathname: string): string | undefined {
    return this.#temporary.get(rootOf(who))?.above(pathname);
  }

  /** The programs say that a directory is a temporary one. */
  madeTemporary(who: SeenActor, pathname: string): void {
    this.#change({ root: rootOf(who), pathname, temporary: true });
  }

  /** It was removed, or has another name now. */
  goneTemporary(who: SeenActor, pathname: string): void {
    this.#change({ root: rootOf(who), pathname, temporary: false });
  }

  #change(change: CreatedChange): void {
    this.#apply(change);
    this.#journal?.created(change);
  }

  #apply(change: CreatedChange): void {
    if ("counter" in change) this.#set(change.counter, change.count);
    else if (change.temporary) this.#made(change.root, change.pathname);
    else this.#temporary.get(change.root)?.gone({ key: change.pathname });
  }

  #made(root: string, pathname: string): void {
    let directories = this.#temporary.get(root);
    if (directories === undefined) {
      // beyond the limit names count again: stricter, never looser
      if (this.#temporary.size >= MAX_ROOTS) return;
      directories = new TemporaryDirectories();
      this.#temporary.set(root, directories);
    }
    directories.made(pathname, { ...PRIVATE, key: pathname }, STICKY_AND_WRITABLE);
  }
}

function counterOf(owner: string, pathname: string): string {
  return `${owner}|${pathname.slice(0, pathname.lastIndexOf("/"))}`;
}

function rootOf({ rootMount, rootInode }: SeenActor): string {
  return `${rootMount}:${rootInode}`;
}
