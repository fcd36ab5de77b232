// SPDX-License-Identifier: Apache-2.0
// From which image a new process was forked, when its parent as /proc shows it is not, or need not be, who forked it.
import type { TaskIdentity } from "../../event/event.ts";
import { MAX_DEPARTED } from "./limits.ts";

/** What a child inherits. */
export interface ImageIdentity {
  readonly identity: TaskIdentity;
  /** stat key of the image */
  readonly exe: string;
  readonly name: string;
  readonly untrusted: boolean;
}

/** Makers of siblings (CLONE_PARENT), and processes that ended with children that were never seen. */
export class Ancestors {
  /** By the parent that the siblings show. What the maker was when it made them; its trust as it is now. */
  readonly #makers = new Map<number, ImageIdentity[]>();
  readonly #departed = new Map<string, ImageIdentity>();
  /** Too many different ones have ended: that none of them fits says nothing any more. */
  #overflown = false;

  addMaker(parent: number, maker: ImageIdentity): void {
    const { identity, exe, name } = maker;
    const makers = this.#makers.get(parent) ?? [];
    if (makers.some((other) => keyOf(other) === keyOf(maker))) return;
    makers.push({
      identity,
      exe,
      name,
      get untrusted() {
        return maker.untrusted;
      },
    });
    this.#makers.set(parent, makers);
  }

  addDeparted({ identity, exe, name, untrusted }: ImageIdentity): void {
    const key = keyOf({ identity, exe });
    const before = this.#departed.get(key)?.untrusted ?? false;
    if (!this.#departed.has(key) && this.#departed.size >= MAX_DEPARTED) {
      this.#overflown = true;
      return;
    }
    this.#departed.set(key, { identity, exe, name, untrusted: untrusted || before });
  }

  hasMakers(parent: number): boolean {
    return this.#makers.has(parent);
  }

  /** The image `exe` that a child which shows `ppid` and, as far as it is known, `parent` was forked from; undefined unless one fits. */
  find(exe: string, ppid: number, parent: ImageIdentity | undefined): ImageIdentity | undefined {
    if (this.#overflown) return undefined;
    const known = [...(this.#makers.get(ppid) ?? []), ...this.#departed.values()];
    if (parent !== undefined) known.push(parent);
    const fitting = known.filter((candidate) => candidate.exe === exe);
    const ids = new Set(fitting.map(({ identity }) => identity.taskId));
    if (ids.size !== 1) return undefined;
    // of candidates with one identity the untrusted one counts
    return fitting.find(({ untrusted }) => untrusted) ?? fitting[0];
  }
}

function keyOf({ identity, exe }: Pick<ImageIdentity, "identity" | "exe">): string {
  return `${identity.taskId} ${exe}`;
}
