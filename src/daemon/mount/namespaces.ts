// SPDX-License-Identifier: Apache-2.0
// The namespaces as directories: which there are now, their numbers, what was fetched of them, and how long they have to be kept.
import type { SecurityPoint } from "../../model/runtime/index.ts";
import type { WorkloadStatus } from "../api/types.ts";
import { ERRNO, FileError } from "./errors.ts";
import { FRESH_MS, SPOOL_IDLE_MS } from "./limits.ts";
import type { NamespaceSource, RecordKind } from "./source.ts";
import { RecordSpool } from "./spool.ts";

/** Ids and names come from the daemon; what could not be one name in a directory is not shown. */
const SHOWABLE = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/;

/** A value that is asked for anew when it is too old; who asks at the same time shares the answer. */
class Fresh<T> {
  readonly #ask: () => Promise<T>;
  #value: { readonly answer: T; readonly at: number } | undefined;
  #asking: Promise<T> | undefined;

  constructor(ask: () => Promise<T>) {
    this.#ask = ask;
  }

  async get(): Promise<T> {
    if (this.#value !== undefined && Date.now() - this.#value.at < FRESH_MS)
      return this.#value.answer;
    this.#asking ??= this.#ask()
      .then((answer) => {
        this.#value = { answer, at: Date.now() };
        return answer;
      })
      .finally(() => {
        this.#asking = undefined;
      });
    return this.#asking;
  }
}

/** One namespace, shown as a directory. */
export class ShownNamespace {
  /** From 1. */
  readonly number: number;
  status: WorkloadStatus;
  ended = false;
  /** How often the kernel knows a node of it. */
  known = 0;
  readonly #source: NamespaceSource;
  readonly #points: Fresh<readonly SecurityPoint[]>;
  readonly #spools = new Map<RecordKind, { readonly spool: RecordSpool; open: number }>();
  #idle: NodeJS.Timeout | undefined;

  constructor(number: number, status: WorkloadStatus, source: NamespaceSource) {
    this.number = number;
    this.status = status;
    this.#source = source;
    this.#points = new Fresh(() => source.points(this.id));
  }

  get id(): string {
    return this.status.id;
  }

  /** Not older than FRESH_MS. @throws FileError */
  points(): Promise<readonly SecurityPoint[]> {
    return this.#points.get();
  }

  /** The records up to now. Who has them open keeps what he has when the daemon is away. @throws FileError */
  async records(kind: RecordKind): Promise<RecordSpool> {
    const { spool, open } = this.#place(kind);
    if (spool.isFollowing) return spool;
    try {
      await spool.catchUp();
      if (open > 0) spool.follow();
    } catch (error) {
      if (open === 0) throw error;
    }
    this.#rest();
    return spool;
  }

  /** Those up to now; new ones are taken as they come until `closeRecords`. @throws FileError, when the workload has ended too */
  async openRecords(kind: RecordKind): Promise<RecordSpool> {
    const place = this.#place(kind);
    // before anything is waited for: it may not be forgotten meanwhile
    place.open += 1;
    try {
      await place.spool.fetch();
    } catch (error) {
      this.closeRecords(kind);
      throw error;
    }
    place.spool.follow();
    return place.spool;
  }

  closeRecords(kind: RecordKind): void {
    const place = this.#place(kind);
    place.open -= 1;
    if (place.open === 0) place.spool.unfollow();
    this.#rest();
  }

  get hasOpenRecords(): boolean {
    return [...this.#spools.values()].some(({ open }) => open > 0);
  }

  close(): void {
    clearTimeout(this.#idle);
    for (const { spool } of this.#spools.values()) spool.close();
    this.#spools.clear();
  }

  #place(kind: RecordKind): { readonly spool: RecordSpool; open: number } {
    let place = this.#spools.get(kind);
    if (place === undefined) {
      place = { spool: new RecordSpool({ source: this.#source, id: this.id, kind }), open: 0 };
      this.#spools.set(kind, place);
    }
    return place;
  }

  #rest(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      for (const [kind, { spool, open }] of this.#spools) {
        if (open > 0) continue;
        spool.close();
        this.#spools.delete(kind);
      }
    }, SPOOL_IDLE_MS);
    this.#idle.unref();
  }
}

export class Namespaces {
  readonly #source: NamespaceSource;
  readonly #byId = new Map<string, ShownNamespace>();
  readonly #byNumber = new Map<number, ShownNamespace>();
  readonly #list: Fresh<readonly ShownNamespace[]>;
  #last = 0;

  constructor(source: NamespaceSource) {
    this.#source = source;
    this.#list = new Fresh(() => this.#refresh());
  }

  /** Those that are there now. @throws FileError */
  list(): Promise<readonly ShownNamespace[]> {
    return this.#list.get();
  }

  /** One that the kernel knows, also when it has ended. @throws FileError */
  numbered(number: number): ShownNamespace {
    const found = this.#byNumber.get(number);
    if (found === undefined) throw new FileError(ERRNO.noEntry);
    return found;
  }

  /** Names that stand for one namespace only, beside the ids. */
  async names(): Promise<ReadonlyMap<string, ShownNamespace>> {
    const list = await this.list();
    const names = new Map<string, ShownNamespace>();
    const twice = new Set<string>();
    for (const namespace of list) {
      const { name } = namespace.status;
      if (names.has(name)) twice.add(name);
      names.set(name, namespace);
    }
    for (const name of names.keys())
      if (twice.has(name) || this.#byId.has(name) || !SHOWABLE.test(name)) names.delete(name);
    return names;
  }

  /** The kernel knows one of its nodes `times` less often. */
  forget(number: number, times: number): void {
    const namespace = this.#byNumber.get(number);
    if (namespace === undefined) return;
    namespace.known -= times;
    this.release(namespace);
  }

  /** Forgets an ended one that neither the kernel nor a reader knows any more. */
  release(namespace: ShownNamespace): void {
    if (!namespace.ended || namespace.known > 0 || namespace.hasOpenRecords) return;
    namespace.close();
    this.#byNumber.delete(namespace.number);
  }

  close(): void {
    for (const namespace of this.#byNumber.values()) namespace.close();
    this.#byNumber.clear();
    this.#byId.clear();
  }

  async #refresh(): Promise<readonly ShownNamespace[]> {
    const statuses = (await this.#source.list()).filter(({ id }) => SHOWABLE.test(id));
    const ids = new Set(statuses.map(({ id }) => id));
    for (const [id, namespace] of this.#byId) {
      if (ids.has(id)) continue;
      namespace.ended = true;
      this.#byId.delete(id);
      this.release(namespace);
    }
    return statuses.map((status) => this.#shown(status));
  }

  #shown(status: WorkloadStatus): ShownNamespace {
    let shown = this.#byId.get(status.id);
    if (shown === undefined) {
      this.#last += 1;
      shown = new ShownNamespace(this.#last, status, this.#source);
      this.#byId.set(status.id, shown);
      this.#byNumber.set(this.#last, shown);
    }
    shown.status = status;
    return shown;
  }
}
