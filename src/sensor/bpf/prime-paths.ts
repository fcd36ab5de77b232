// SPDX-License-Identifier: Apache-2.0
// Keys of what is done to a name where nobody can wait: chroot, listing and removing attributes, reading and setting access lists, turning on quotas. The words of the
// object come from any record that told of it with the same root directory; who does what to it, from hints.
import { decodeBase64 } from "../../base/base64.ts";
import { encodePath } from "../../base/path-text.ts";
import type { DentryId } from "../../event/cell/file.ts";
import type { SecurityEvent } from "../../event/event.ts";
import type { Described } from "./description.ts";
import type { PrimeOptions } from "./prime.ts";
import type { PrimedKey, SeenActor, SeenObject } from "./types.ts";

/** An object as it was told of, and what is done to it. */
interface PathHint {
  readonly event: SecurityEvent;
  readonly pathname: string;
  /** The event with an object that was told of. */
  readonly on: (object: DentryId) => SecurityEvent;
  readonly told: Pick<Described, "args" | "text" | "more">;
}

export class PathHints {
  readonly #options: PrimeOptions;
  /** By identity. */
  readonly #hints = new Map<string, PathHint[]>();
  readonly #wanted = new Set<string>();
  /** By root and pathname: only those that hints name. */
  readonly #objects = new Map<string, SeenObject>();

  constructor(options: PrimeOptions) {
    this.#options = options;
  }

  /** @returns false when the event is about no name */
  add(event: SecurityEvent): boolean {
    const hint = hintOf(event);
    if (hint === undefined) return false;
    this.#wanted.add(hint.pathname);
    const key = nameOf(event);
    const list = this.#hints.get(key) ?? [];
    this.#hints.set(key, list);
    list.push(hint);
    return true;
  }

  wants(pathname: string): boolean {
    return this.#wanted.has(pathname);
  }

  /** Whether the object was last told of with other words, or never. */
  isNew({ actor, pathname, words }: SeenObject): boolean {
    const known = this.#objects.get(placeOf(actor, pathname));
    return known === undefined || !Buffer.from(known.words).equals(words);
  }

  /** An object is told of: keys for those of `actors` that see it by this path too. */
  object(actors: Iterable<SeenActor>, seen: SeenObject): readonly PrimedKey[] {
    const { actor, pathname } = seen;
    this.#objects.set(placeOf(actor, pathname), seen);
    return [...actors].flatMap((other) =>
      other.rootMount === actor.rootMount && other.rootInode === actor.rootInode
        ? this.#keys(other, (hint) => (hint.pathname === pathname ? seen : undefined))
        : [],
    );
  }

  /** Somebody acts: keys for what was told of before. */
  actor(actor: SeenActor): readonly PrimedKey[] {
    return this.#keys(actor, ({ pathname }) => this.#objects.get(placeOf(actor, pathname)));
  }

  #keys(
    actor: SeenActor,
    objectOf: (hint: PathHint) => SeenObject | undefined,
  ): readonly PrimedKey[] {
    const { identities, sink, keys } = this.#options;
    const task = identities.identityOf(actor.identity);
    const found: PrimedKey[] = [];
    for (const hint of (task && this.#hints.get(`${task.taskId} ${task.pTaskId}`)) ?? []) {
      const seen = objectOf(hint);
      const point = seen === undefined ? undefined : sink.pointOf(hint.on(seen.dentry));
      if (seen === undefined || point === undefined) continue;
      const what = { hook: hint.event.hook, objects: [seen.words], ...hint.told };
      found.push({ key: keys.keyOf({ ...actor, coe: hint.event.coe }, what), point });
    }
    return found;
  }
}

function hintOf(event: SecurityEvent): PathHint | undefined {
  switch (event.hook) {
    case "path_chroot":
      return {
        event,
        pathname: event.cell.path.pathname,
        on: ({ path }) => ({ ...event, cell: { path } }),
        told: { args: [] },
      };
    case "inode_listxattr":
    case "inode_killpriv":
    case "quota_on":
      return {
        event,
        pathname: event.cell.dentry.path.pathname,
        on: (dentry) => ({ ...event, cell: { dentry } }),
        told: { args: [] },
      };
    case "inode_getxattr":
    case "inode_removexattr": {
      if (event.hook === "inode_getxattr" && !isAccessList(event.cell.name)) return undefined;
      const { name, dentry: before } = event.cell;
      return {
        event,
        pathname: before.path.pathname,
        on: (dentry) => ({ ...event, cell: { dentry, name } }),
        told: { args: [], text: encodePath(name) },
      };
    }
    case "inode_setxattr": {
      const { name, value, dentry: before } = event.cell;
      if (!isAccessList(name)) return undefined;
      const text = decodeBase64(value);
      // the kernel says of a list only that it is set, not with which flags
      const told = { args: [0n, BigInt(text.length)], text, more: encodePath(name) };
      return {
        event,
        pathname: before.path.pathname,
        on: (dentry) => ({ ...event, cell: { ...event.cell, dentry } }),
        told,
      };
    }
    default:
      return undefined;
  }
}

/** The kernel asks for access lists, which are attributes as well, where nobody can wait. */
function isAccessList(name: string): boolean {
  return name.startsWith("system.posix_acl_");
}

function nameOf({ task }: SecurityEvent): string {
  return `${task.taskId} ${task.pTaskId}`;
}

function placeOf({ rootMount, rootInode }: SeenActor, pathname: string): string {
  return `${rootMount} ${rootInode} ${pathname}`;
}
