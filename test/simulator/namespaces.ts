// SPDX-License-Identifier: Apache-2.0
// The TSEM kernel's side of the control plane, played: namespaces, their tasks, who may command what, export queues.
// Two personalities: "k25" (tnum, bound to the parent) and "k24" (key, one digest in the parent's task).
import { createHash, randomBytes } from "node:crypto";
import { ERRNO } from "./fuse.ts";
import type { Answer } from "./fuse.ts";
import { describe } from "./records.ts";
import { parentThread, processOf, taskFacts } from "./tasks.ts";

export type Personality = "k25" | "k24";

export interface SimulatedTask {
  readonly tid: number;
  readonly tnum: bigint;
  readonly namespace: SimulatedNamespace;
  readonly started: string;
  untrusted: boolean;
  /** Ends the wait of the task's event. */
  waits: ((answer: Answer<number>) => void) | undefined;
}

export class SimulatedNamespace {
  readonly id: bigint;
  readonly kind: string;
  readonly digest: string;
  /** K24: what the kernel drew for it. */
  readonly taskKey: Buffer = randomBytes(32);
  readonly queue: Buffer[] = [];
  /** Lines that were given to the kernel's model. */
  readonly loaded: string[] = [];
  enforcing = false;
  sealed = false;
  number = 0;

  constructor(id: bigint, kind: string, digest: string) {
    this.id = id;
    this.kind = kind;
    this.digest = digest;
  }
}

export interface KernelOptions {
  readonly personality: Personality;
  readonly aggregate: string;
  /** Records that a new namespace exports by itself, the next one when the one before was answered. */
  readonly script?: readonly string[];
  /** K25 only: `enforce` and `seal` mean the namespace bound to the writer, as later kernels may do. */
  readonly commandsOfParent?: boolean;
}

export class TsemKernel {
  /** Bytes of each write to the control file, as they came. */
  readonly commands: string[] = [];
  /** The root namespace was told to enforce or to seal: what no orchestrator may do. */
  rootTouched = false;
  readonly namespaces = new Map<bigint, SimulatedNamespace>();
  readonly #options: KernelOptions;
  readonly #tasks = new Map<number, SimulatedTask>();
  /** What a thread that is a parent was given: the namespace (K25), or a digest of the key (K24). */
  readonly #bound = new Map<
    number,
    { readonly namespace: SimulatedNamespace; readonly key?: string }
  >();
  readonly #changed: (namespace: SimulatedNamespace) => void;
  readonly #script: string[];
  /** Pid and tnum that the script waits for. */
  #scriptWaits: { readonly pid: number; readonly tnum: string } | undefined;
  readonly #afterScript: (() => void)[] = [];
  #lastId = 0n;
  #lastTnum = 1_000n;

  constructor(options: KernelOptions, changed: (namespace: SimulatedNamespace) => void) {
    this.#options = options;
    this.#changed = changed;
    this.#script = [...(options.script ?? [])];
  }

  get #isOld(): boolean {
    return this.#options.personality === "k24";
  }

  /** Id as a reader of the `id` file sees it. */
  idFor(tid: number): Answer<bigint> {
    const bound = this.#isOld ? undefined : this.#bound.get(tid);
    if (bound !== undefined) return bound.namespace.id;
    const own = this.#taskOf(tid)?.namespace;
    if (own !== undefined) return own.id;
    return this.#isOld ? 0n : { errno: ERRNO.ENOENT };
  }

  /** The namespace whose files a thread sees. */
  seenBy(tid: number): SimulatedNamespace | undefined {
    return this.#bound.get(tid)?.namespace ?? this.#taskOf(tid)?.namespace;
  }

  /** One write to the control file. */
  command(tid: number, bytes: string): Answer<number> {
    this.commands.push(bytes);
    const end = bytes.indexOf("\n");
    if (end < 0 || bytes.length > 127) return { errno: ERRNO.EINVAL };
    const [verb = "", ...words] = bytes.slice(0, end).split(" ");
    const values = new Map(words.map((word) => word.split("=", 2) as [string, string]));
    // the kernel asks whether the task may: for one inside a namespace that is an event
    if (this.#taskOf(tid) !== undefined) this.hook(tid, "async capable 33", () => undefined);
    const errno = this.#obey(tid, verb, values);
    return errno === 0 ? bytes.length : { errno };
  }

  #obey(tid: number, verb: string, values: ReadonlyMap<string, string>): number {
    switch (verb) {
      case "external":
      case "internal":
      case "export":
        return this.#create(tid, verb, values);
      case "trusted":
      case "untrusted":
        return this.#answer(tid, verb === "untrusted", values);
      case "enforce":
      case "seal":
        return this.#mode(tid, verb);
      case "state":
      case "pseudonym":
      case "base":
        return this.#load(tid, verb, values.get("value") ?? "");
      default:
        return ERRNO.EINVAL;
    }
  }

  #create(tid: number, kind: string, values: ReadonlyMap<string, string>): number {
    const key = values.get("key");
    const parent = parentThread(tid);
    if (!this.#acceptable(kind, values) || parent === undefined) return ERRNO.EINVAL;
    const digest = values.get("digest") ?? "sha256";
    const namespace = new SimulatedNamespace(++this.#lastId, kind, digest);
    const proof = key === undefined ? {} : { key: proofOf(namespace.taskKey, key) };
    this.#bound.set(parent, { namespace, ...proof });
    this.namespaces.set(namespace.id, namespace);
    this.#join(tid, namespace);
    const { aggregate } = this.#options;
    if (kind === "external")
      this.export(
        namespace,
        `{"export": {"type": "aggregate"}, "aggregate": {"value": "${aggregate}"}}`,
      );
    this.#playOn(namespace);
    return 0;
  }

  #acceptable(kind: string, values: ReadonlyMap<string, string>): boolean {
    const wantsKey = this.#isOld && kind === "external";
    const known = ["nsref", "model", "digest", "cache", ...(wantsKey ? ["key"] : [])];
    return (
      [...values.keys()].every((word) => known.includes(word)) &&
      ["initial", "current"].includes(values.get("nsref") ?? "initial") &&
      (!values.has("cache") || Number(values.get("cache")) > 0) &&
      (kind !== "external" || values.size > 0) &&
      (!wantsKey || values.get("key")?.length === 64)
    );
  }

  #join(tid: number, namespace: SimulatedNamespace): SimulatedTask {
    const started = taskFacts(tid)?.started ?? "";
    const tnum = ++this.#lastTnum;
    const task = { tid, tnum, namespace, started, untrusted: false, waits: undefined };
    this.#tasks.set(tid, task);
    return task;
  }

  /** The task as the kernel knows it; fork inherits the namespace and the trust. */
  #taskOf(tid: number): SimulatedTask | undefined {
    const facts = taskFacts(tid);
    const known = this.#tasks.get(tid);
    if (known !== undefined && (facts === undefined || facts.started === known.started))
      return known;
    if (facts === undefined || tid <= 1) return undefined;
    const process = processOf(tid);
    const from = this.#taskOf(process === tid ? facts.parent : process);
    if (from === undefined) return undefined;
    const task = this.#join(tid, from.namespace);
    task.untrusted = from.untrusted;
    return task;
  }

  #answer(tid: number, untrusted: boolean, values: ReadonlyMap<string, string>): number {
    const bound = this.#bound.get(tid);
    const pid = Number(values.get("pid"));
    if (bound === undefined || !(pid > 0)) return ERRNO.EINVAL;
    if (this.#scriptWaits?.pid === pid) return this.#answerScript(bound.namespace, values);
    const task = this.#tasks.get(pid);
    if (task === undefined || taskFacts(pid) === undefined) {
      // tasks of a script live as long as anybody speaks of them
      return this.#options.script === undefined ? ERRNO.ESRCH : 0;
    }
    if (task.namespace !== bound.namespace) return ERRNO.EINVAL;
    const proven = this.#isOld
      ? proofOf(bound.namespace.taskKey, values.get("key") ?? "") === bound.key
      : values.get("tnum") === String(task.tnum);
    if (!proven) return ERRNO.EINVAL;
    if (untrusted) task.untrusted = true;
    // the first violating event of a task is recorded, not refused
    const release = task.waits;
    task.waits = undefined;
    release?.(0);
    return 0;
  }

  #answerScript(namespace: SimulatedNamespace, values: ReadonlyMap<string, string>): number {
    if (!this.#isOld && values.get("tnum") !== this.#scriptWaits?.tnum) return ERRNO.EINVAL;
    this.#scriptWaits = undefined;
    this.#playOn(namespace);
    return 0;
  }

  #mode(tid: number, verb: "enforce" | "seal"): number {
    const bound = this.#bound.get(tid)?.namespace;
    const own = this.#taskOf(tid)?.namespace;
    const meant = this.#options.commandsOfParent === true ? bound : own;
    if (meant === undefined) {
      if (this.#options.commandsOfParent === true) return ERRNO.EINVAL;
      this.rootTouched = true;
      return 0;
    }
    if (meant.sealed) return ERRNO.EPERM;
    if (verb === "enforce") meant.enforcing = true;
    else meant.sealed = true;
    meant.loaded.push(verb);
    return 0;
  }

  #load(tid: number, verb: string, value: string): number {
    const namespace = this.#taskOf(tid)?.namespace;
    if (namespace?.kind !== "internal" || !/^[0-9a-f]{64}$/.test(value)) return ERRNO.EINVAL;
    if (namespace.sealed) return ERRNO.EPERM;
    namespace.loaded.push(`${verb} ${value}`);
    return 0;
  }

  // --- events ---------------------------------------------------------------------------------------------------------

  export(namespace: SimulatedNamespace, record: string): void {
    namespace.queue.push(Buffer.from(`${record}\n`, "latin1"));
    this.#changed(namespace);
  }

  /** A hook of a task: what it writes to the hook file. `done` ends its wait. */
  hook(tid: number, line: string, done: (answer: Answer<number>) => void): void {
    const task = this.#taskOf(tid);
    if (task === undefined) done({ errno: ERRNO.ESRCH });
    else if (line === "after-script") this.#whenPlayed(() => done(0));
    else this.#event(task, line, done);
  }

  #event(task: SimulatedTask, line: string, done: (answer: Answer<number>) => void): void {
    const [first = "", ...rest] = line.split(" ");
    const how = ["async", "nopid", "raw"].includes(first) ? first : "event";
    const [hook = "", ...args] = how === "event" ? [first, ...rest] : rest;
    const { namespace } = task;
    namespace.number += 1;
    const event = { task, number: namespace.number, old: this.#isOld, hook, args };
    if (task.untrusted && how === "event") {
      const refused = namespace.enforcing;
      this.export(namespace, describe({ ...event, kind: "log", refused }));
      done(refused ? { errno: ERRNO.EPERM } : 0);
    } else if (how === "async") {
      this.export(namespace, describe({ ...event, kind: "async_event" }));
      done(0);
    } else {
      task.waits = done;
      const records: Readonly<Record<string, () => string>> = {
        nopid: () => '{"export": {"type": "event"}, }',
        raw: () => fill(rest.join(" "), task),
      };
      this.export(namespace, records[how]?.() ?? describe({ ...event, kind: "event" }));
    }
  }

  /** A signal ended the wait. */
  interrupted(tid: number): void {
    const task = this.#tasks.get(tid);
    if (task !== undefined) task.waits = undefined;
  }

  /** Tasks that wait now. */
  waiting(): number[] {
    return [...this.#tasks.values()].flatMap(({ tid, waits }) =>
      waits === undefined ? [] : [tid],
    );
  }

  // --- a script of records -------------------------------------------------------------------------------------------

  #playOn(namespace: SimulatedNamespace): void {
    while (this.#scriptWaits === undefined) {
      const record = this.#script.shift();
      if (record === undefined) {
        for (const done of this.#afterScript.splice(0)) done();
        return;
      }
      const sync = /^\{"export": \{"type": "event"\}.*?"pid": "(\d+)"(?:, "tnum": "(\d+)")?/.exec(
        record,
      );
      if (sync !== null) this.#scriptWaits = { pid: Number(sync[1]), tnum: sync[2] ?? "" };
      this.export(namespace, record);
    }
  }

  #whenPlayed(done: () => void): void {
    if (this.#script.length === 0 && this.#scriptWaits === undefined) done();
    else this.#afterScript.push(done);
  }
}

function fill(text: string, { tid, tnum }: SimulatedTask): string {
  return text.replaceAll("PID", String(tid)).replaceAll("TNUM", String(tnum));
}

function proofOf(taskKey: Buffer, key: string): string {
  return createHash("sha256").update(taskKey).update(Buffer.from(key, "hex")).digest("hex");
}
