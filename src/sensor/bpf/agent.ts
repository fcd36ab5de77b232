// SPDX-License-Identifier: Apache-2.0
// All that one namespace has of the BPF sensor: its slot in the programs' maps, ring, interned set, anchor, and the loop that
// serves it. Of the thread that decides.
import { join } from "node:path";
import { BpfMap, MAP_TYPE } from "../../native/bpf-map.ffi.ts";
import type { HookName, TaskIdentity } from "../../event/event.ts";
import type { SensorStats } from "../sensor.ts";
import { type Anchor, startAnchor } from "./anchor.ts";
import { builtObject } from "./built.ts";
import { adoptSlot, type Installation, install } from "./install.ts";
import { InternedSet } from "./interned.ts";
import type { AgentJournal, Gap, KeptAgent } from "./journal.ts";
import { KERNEL_HOOKS, Limit, NamespaceFlag } from "./layout.gen.ts";
import { identityIn, isMarked, markTask, protectProcess, remarkTask } from "./mark.ts";
import { NamespaceView } from "./namespace-slot.ts";
import { BpfRing } from "./ring.ts";
import { BpfLoop } from "./serve.ts";
import { BpfServer } from "./served.ts";
import type { BpfSink } from "./sink.ts";
import type { RecordDecoder } from "./types.ts";

export interface AgentOptions {
  readonly sink: BpfSink;
  /** The decoder of what is in the ring. `hashKey`: with which the programs hash. */
  readonly decoder: (ring: BpfRing, hashKey: Uint32Array) => RecordDecoder;
  /** Hooks that are left alone. */
  readonly leftAlone: readonly HookName[];
  /** RuleFlag: what the profile makes coarser, so that keys may be coarser too. */
  readonly rules: number;
  /** NamespaceFlag, besides active. */
  readonly flags: number;
  /** Readable, or closed at its other end, once no process of the workload is left. */
  readonly goneFd: number;
  readonly progress: { begin(): void; end(): void };
  /** Asked once `goneFd` is readable: the workload is not gone, the kernel is to go on with the namespace alone. Default: it is gone. */
  readonly stays?: () => boolean;
  /** Is told what another agent needs to go on with the namespace when this one was killed. */
  readonly journal?: AgentJournal;
}

/** A namespace that is gone on with. */
export interface AdoptionOptions extends AgentOptions {
  readonly slot: number;
  readonly serial: number;
  readonly kept: KeptAgent;
  /** What happened while nobody could be asked. */
  readonly resumed: (gap: Gap) => void;
}

/** Where the namespace is to be found by another thread of the process. */
export interface AgentPlace {
  /** Folder of the pins. */
  readonly folder: string;
  readonly slot: number;
  /** What had the slot before or has it later has another one. */
  readonly serial: number;
  /** Number of the FUSE connection that questions come through. */
  readonly connection: number;
}

export class BpfAgent {
  readonly installation: Installation;
  readonly namespace: NamespaceView;
  readonly loop: BpfLoop;
  readonly decoder: RecordDecoder;
  readonly #ring: BpfRing;
  readonly #ringMap: BpfMap;
  readonly #set: InternedSet;
  readonly #journal: AgentJournal | undefined;
  #anchor: Anchor | undefined;

  private constructor(installation: Installation, options: AgentOptions | AdoptionOptions) {
    const { slot } = installation;
    const { journal } = options;
    const adoption = "kept" in options ? { kept: options.kept, resumed: options.resumed } : {};
    this.installation = installation;
    this.namespace = new NamespaceView(installation.map("galgo_namespaces"), slot);
    this.#ringMap = ringOf(installation, "kept" in options);
    this.#ring = new BpfRing(this.#ringMap, journal === undefined ? undefined : 0);
    const kept = { ...adoption, ...(journal === undefined ? {} : { journal }) };
    this.#set = new InternedSet({ sets: installation.map("galgo_sets"), slot, ...kept });
    this.decoder = options.decoder(this.#ring, installation.hashKey);
    this.loop = new BpfLoop({
      ring: this.#ring,
      ringFd: this.#ringMap.fd,
      set: this.#set,
      namespace: this.namespace,
      decoder: this.decoder,
      sink: options.sink,
      goneFd: options.goneFd,
      progress: options.progress,
      ...(options.stays === undefined ? {} : { stays: options.stays }),
      ...kept,
    });
    this.#journal = journal;
  }

  /**
   * Makes a namespace with nobody in it.
   * @throws BpfSensorError, BpfError, NativeError; nothing stays then
   */
  static async open(options: AgentOptions): Promise<BpfAgent> {
    const installation = await install({ object: builtObject() });
    let agent: BpfAgent | undefined;
    try {
      agent = new BpfAgent(installation, options);
      await agent.#activate(options);
      return agent;
    } catch (error) {
      await (agent ?? installation).close();
      throw error;
    }
  }

  /**
   * Goes on with a namespace whose agent was killed.
   * @throws BpfSensorError NOT_ADOPTABLE and others, BpfError, NativeError; the namespace stays then as the kernel has kept it
   */
  static async adopt(options: AdoptionOptions): Promise<BpfAgent> {
    const installation = await adoptSlot({ object: builtObject(), ...options });
    let agent: BpfAgent | undefined;
    try {
      agent = new BpfAgent(installation, options);
      const anchor = await agent.#startAnchor();
      agent.namespace.setAnchor(anchor.pid, anchor.device.value);
      agent.loop.resume();
      return agent;
    } catch (error) {
      await (agent?.letGo() ?? installation.abandon());
      throw error;
    }
  }

  /** As if this process had died: the namespace stays as the kernel keeps it, and another agent may go on with it. */
  async letGo(): Promise<void> {
    this.#anchor?.close();
    this.#set.leave();
    this.#ring.close();
    this.#ringMap.close();
    this.namespace.close();
    await this.installation.abandon();
  }

  async #startAnchor(): Promise<Anchor> {
    const anchor = await startAnchor(this.loop.answer);
    this.#anchor = anchor;
    protectProcess(this.installation.map("galgo_tasks"), anchor.pid);
    return anchor;
  }

  async #activate({ rules, leftAlone, flags }: AgentOptions): Promise<void> {
    const anchor = await this.#startAnchor();
    const alone = new Set<string>(leftAlone);
    const modeled = [...KERNEL_HOOKS.entries()].filter(([, hook]) => !alone.has(hook));
    this.namespace.setHooks(modeled.map(([number]) => number));
    this.namespace.setRules(rules);
    this.namespace.setAnchor(anchor.pid, anchor.device.value);
    this.namespace.raise(NamespaceFlag.active | flags);
  }

  get place(): AgentPlace {
    const { folder, slot, serial } = this.installation;
    return { folder, slot, serial, connection: this.#anchor?.device.minor ?? 0 };
  }

  /** Makes a task the first one of the namespace. @returns false when it is gone */
  begin(pid: number): boolean {
    return this.mark(pid, this.decoder.identities.root);
  }

  /** Takes a task that runs into the namespace, with the identity of that number. @returns false when it is gone */
  mark(tid: number, identity: number): boolean {
    const { slot, serial } = this.installation;
    const tasks = this.installation.map("galgo_tasks");
    this.#journal?.commit();
    // counted before it can end, which counts it down
    this.namespace.addTasks(1);
    const marked = markTask(tasks, tid, { slot, serial, identity });
    if (!marked) this.namespace.addTasks(-1);
    return marked;
  }

  /** Whether a thread is in the namespace. */
  has(tid: number): boolean {
    return isMarked(this.installation.map("galgo_tasks"), tid, this.installation);
  }

  /** Who a thread of the namespace is; undefined: it is not in it. */
  identityOf(tid: number): TaskIdentity | undefined {
    const number = identityIn(this.installation.map("galgo_tasks"), tid, this.installation);
    return number === undefined ? undefined : this.decoder.identities.identityOf(number);
  }

  /** Gives a thread of the namespace another identity. */
  remark(tid: number, identity: number): void {
    const { slot, serial } = this.installation;
    this.#journal?.commit();
    remarkTask(this.installation.map("galgo_tasks"), tid, { slot, serial, identity });
  }

  /** Modeled tasks must not touch this process. */
  protect(pid: number): void {
    protectProcess(this.installation.map("galgo_tasks"), pid);
  }

  /** Serves until the workload is gone. @throws what `BpfLoop.run` throws */
  run(): SensorStats {
    if (this.#anchor === undefined) throw new Error("an agent that was not opened");
    return this.loop.run(this.#anchor);
  }

  /** The same turn by turn; `close` of it only ends the watching. @throws what `BpfLoop.turn` throws */
  served(goneFd: number): BpfServer {
    if (this.#anchor === undefined) throw new Error("an agent that was not opened");
    const [ring, ringFd] = [this.#ring, this.#ringMap.fd];
    return new BpfServer({ loop: this.loop, anchor: this.#anchor, ring, ringFd, goneFd });
  }

  /** Whoever waits or asks is refused from now on, whoever else is at it is not set free: the workload is to be killed. */
  abandon(): void {
    this.namespace.raise(NamespaceFlag.dying);
    this.#anchor?.close();
  }

  /** Nothing is told, asked or refused from now on. */
  release(): void {
    this.namespace.lower(NamespaceFlag.active);
    this.#anchor?.close();
  }

  /** Gives everything back; tasks that are left are not modeled any more. */
  async close(): Promise<void> {
    // first nobody is asked any more, then nobody asks
    this.namespace.lower(NamespaceFlag.active);
    this.#anchor?.close();
    this.#set.close();
    this.#ring.close();
    this.#ringMap.close();
    this.namespace.close();
    await this.installation.close();
  }
}

/** The ring in the slot of a namespace: records that nobody has read are in one that was there before. */
function ringOf(installation: Installation, adopted: boolean): BpfMap {
  const rings = installation.map("galgo_rings");
  const id = adopted ? rings.innerId(installation.slot) : undefined;
  const before = id === undefined ? undefined : BpfMap.byId(id);
  if (before !== undefined) return before;
  const ring = newRing();
  rings.setInner(installation.slot, ring);
  return ring;
}

function newRing(): BpfMap {
  return BpfMap.create({
    name: "galgo_ring",
    type: MAP_TYPE.RINGBUF,
    keyBytes: 0,
    valueBytes: 0,
    maxEntries: Limit.ringBytes,
  });
}

/** A view of a namespace that another thread of this process serves. @throws BpfError */
export function openNamespaceView({ folder, slot }: AgentPlace): NamespaceView {
  const map = BpfMap.open(join(folder, "maps/galgo_namespaces"));
  try {
    return new NamespaceView(map, slot);
  } finally {
    map.close();
  }
}
