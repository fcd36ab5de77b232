// SPDX-License-Identifier: Apache-2.0
// Keys of behaviours before they happen. Hooks that can not wait are decided in the kernel from what is interned, so what a model
// allows there has to be interned before. Which events those are is told by hints (the records beside the model), or found by trying
// small domains; whether one is allowed is always asked of the model.
import type { SecurityEvent, TaskIdentity } from "../../event/event.ts";
import type { AgentJournal } from "./journal.ts";
import { argumentsOf } from "./arguments-of.ts";
import type { KeyMaker } from "./description.ts";
import { ownDomain, targetDomain } from "./domains.ts";
import type { Identities } from "./identities.ts";
import { ATOMIC_HOOKS, IdentityNumber } from "./layout.gen.ts";
import { MAX_TARGETS } from "./limits.ts";
import { FileHints } from "./prime-files.ts";
import { PathHints } from "./prime-paths.ts";
import type { BpfSink } from "./sink.ts";
import type { PrimedKey, Primer, SeenActor, SeenFile, SeenObject } from "./types.ts";

export interface PrimeOptions {
  readonly sink: Pick<BpfSink, "pointOf">;
  readonly identities: Identities;
  readonly keys: KeyMaker;
  /** Events that were recorded when the model was learned; those of hooks that can wait are of no use here. */
  readonly hints: readonly SecurityEvent[];
  /** The hints may not be all of the model: small domains are tried too. */
  readonly enumerate: boolean;
  /** Is told of whom and what it meets. */
  readonly journal?: Pick<AgentJournal, "actor" | "object">;
}

interface Hint {
  readonly event: SecurityEvent;
  /** Coefficient; undefined: not in the model. */
  readonly point: string | undefined;
}

/** Primes for the identities of one namespace as they turn up. */
export class KeyPrimer implements Primer {
  readonly #options: PrimeOptions;
  readonly #hints = new Map<string, Hint[]>();
  readonly #files: FileHints;
  readonly #paths: PathHints;
  /** Who was seen already, without and with the credentials. */
  readonly #places = new Map<string, SeenActor>();
  readonly #actors = new Map<string, SeenActor>();
  /** Hints that name a program which has no number yet, with who acts in them. */
  readonly #waiting = new Map<string, (readonly [SeenActor, Hint])[]>();
  readonly #targets = new Set<string>();

  constructor(options: PrimeOptions) {
    this.#options = options;
    this.#files = new FileHints(options);
    this.#paths = new PathHints(options);
    const atomic = new Set(ATOMIC_HOOKS);
    for (const event of options.hints) {
      if (this.#files.add(event) || this.#paths.add(event)) continue;
      if (!atomic.has(event.hook)) continue;
      const point = options.sink.pointOf(event);
      if (point === undefined) continue;
      const key = nameOf(event.task);
      const list = this.#hints.get(key) ?? [];
      this.#hints.set(key, list);
      list.push({ event, point });
    }
  }

  seen(actor: SeenActor): readonly PrimedKey[] {
    if (this.#actors.has(actorKey(actor))) return [];
    this.#options.journal?.actor(actor);
    const found: PrimedKey[] = [];
    const own = actor.identity & ~IdentityNumber.forked;
    for (const identity of [own, own | IdentityNumber.forked])
      this.#meet({ ...actor, identity }, found);
    return found;
  }

  seenFile(actor: SeenActor, seen: SeenFile): readonly PrimedKey[] {
    const own = actor.identity & ~IdentityNumber.forked;
    return [own, own | IdentityNumber.forked].flatMap((identity) =>
      this.#files.keys({ ...actor, identity }, seen),
    );
  }

  wantsObject(pathname: string): boolean {
    return this.#paths.wants(pathname);
  }

  seenObject(seen: SeenObject): readonly PrimedKey[] {
    if (this.#paths.isNew(seen)) this.#options.journal?.object(seen);
    return this.#paths.object(this.#places.values(), seen);
  }

  #meet(actor: SeenActor, found: PrimedKey[]): void {
    const task = this.#options.identities.identityOf(actor.identity);
    if (task === undefined) return;
    this.#learnTarget(task, found);
    const place = placeKey(actor);
    if (!this.#places.has(place)) {
      this.#places.set(place, actor);
      found.push(...this.#paths.actor(actor));
      // the credentials in a hint are those it was recorded with, which this actor may have later
      for (const hint of this.#hints.get(nameOf(task)) ?? []) this.#take(actor, hint, found);
    }
    const key = actorKey(actor);
    if (this.#actors.has(key)) return;
    this.#actors.set(key, actor);
    if (!this.#options.enumerate) return;
    this.#tryAll(actor, ownDomain({ task, coe: actor.coe }), found);
    for (const target of this.#targets) this.#tryTarget(actor, target, false, found);
    this.#tryTarget(actor, this.#nobody(task), true, found);
  }

  /** A program that has a number from now on: what waits for it, and what others may do to it. */
  #learnTarget({ taskId }: TaskIdentity, found: PrimedKey[]): void {
    if (this.#targets.has(taskId)) return;
    this.#targets.add(taskId);
    const waiting = this.#waiting.get(taskId) ?? [];
    this.#waiting.delete(taskId);
    for (const [actor, hint] of waiting) this.#take(actor, hint, found);
    if (!this.#options.enumerate || this.#targets.size > MAX_TARGETS) return;
    for (const actor of this.#actors.values()) this.#tryTarget(actor, taskId, false, found);
  }

  #take(actor: SeenActor, hint: Hint, found: PrimedKey[]): void {
    const { point, event } = hint;
    if (point === undefined) return;
    const missing = new Set<string>();
    this.#give({ ...actor, coe: event.coe }, event, { point, missing, found });
    for (const taskId of missing) {
      const list = this.#waiting.get(taskId) ?? [];
      this.#waiting.set(taskId, list);
      list.push([actor, hint]);
    }
  }

  #tryTarget(actor: SeenActor, target: string, outside: boolean, found: PrimedKey[]): void {
    const task = this.#options.identities.identityOf(actor.identity);
    if (task === undefined) return;
    this.#tryAll(actor, targetDomain({ task, coe: actor.coe }, target, outside), found);
  }

  #tryAll(actor: SeenActor, events: Iterable<SecurityEvent>, found: PrimedKey[]): void {
    for (const event of events) {
      const point = this.#options.sink.pointOf(event);
      if (point !== undefined) this.#give(actor, event, { point, missing: new Set(), found });
    }
  }

  #give(
    actor: SeenActor,
    event: SecurityEvent,
    to: { readonly point: string; readonly missing: Set<string>; readonly found: PrimedKey[] },
  ): void {
    const { identities, keys } = this.#options;
    const numbersOf = (taskId: string): readonly number[] => {
      const numbers = [...identities.withTaskId(taskId)];
      if (numbers.length === 0) to.missing.add(taskId);
      return numbers;
    };
    for (const described of argumentsOf(event, numbersOf)) {
      const key = keys.keyOf(actor, { hook: event.hook, ...described });
      to.found.push({ key, point: to.point });
    }
  }

  #nobody({ taskId }: TaskIdentity): string {
    return "0".repeat(taskId.length);
  }
}

function nameOf({ taskId, pTaskId }: TaskIdentity): string {
  return `${taskId} ${pTaskId}`;
}

function placeKey({ identity, rootMount, rootInode }: SeenActor): string {
  return `${identity} ${rootMount} ${rootInode}`;
}

function actorKey(actor: SeenActor): string {
  const { uid, euid, suid, gid, egid, sgid, fsuid, fsgid, capeff } = actor.coe;
  return `${placeKey(actor)} ${uid} ${euid} ${suid} ${gid} ${egid} ${sgid} ${fsuid} ${fsgid} ${capeff}`;
}
