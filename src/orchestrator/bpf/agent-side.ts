// SPDX-License-Identifier: Apache-2.0
// The worker's part of a run under the BPF sensor: makes the namespace, takes the workload into it, serves it, and reads at the
// end what the programs have counted.
import { pollAll } from "../../native/tsem.ffi.ts";
import {
  BpfAgent,
  type BpfRing,
  type BpfServer,
  type Gap,
  NamespaceFlag,
} from "../../sensor/bpf/index.ts";
import type { SensorStats } from "../../sensor/sensor.ts";
import type { NamespaceTma } from "../../tma/index.ts";
import type { Namespace } from "../namespace/namespace-types.ts";
import type { ProgramsView } from "../namespace/namespace-types.ts";
import type { BpfOrder, WorkerMessage, WorkerSetup } from "../worker-protocol.ts";
import { workerResult } from "../worker-result.ts";
import { attachTo } from "./attach.ts";
import { RunDecoder } from "./decoder.ts";
import { enforces } from "../run-record.ts";
import type { AttachTarget } from "../run-request.ts";
import type { RunKeeping } from "./keeping.ts";
import { toldEnd } from "./programs-control.ts";
import { rejoin } from "./rejoin.ts";
import type { BpfSetup } from "./setup.ts";

/** Time that a workload gets to be dead when the worker gives up. */
const ABANDON_MS = 10_000;

export interface BpfBench {
  readonly setup: WorkerSetup;
  readonly progress: { begin(): void; end(): void; alive(): void };
  readonly tma: NamespaceTma;
  readonly namespace: Namespace;
  /** Where the run is kept for another Galgo, when it is one that can be gone on with. */
  readonly keeping: RunKeeping | undefined;
  post(message: WorkerMessage): void;
  kill(reason: string): void;
}

/** How serving has ended. */
export type BpfEnd = Extract<WorkerMessage, { readonly type: "done" | "left" }>;

/** The namespace in the kernel; of one worker. */
export class BpfSide implements ProgramsView {
  #agent: BpfAgent | undefined;
  #decoder: RunDecoder | undefined;
  /** What ran before Galgo came is not killed, unless a model is enforced. */
  #spared = false;
  /** An adopted namespace stays as it was, until it is served. */
  #adopted = false;
  /** It was there before Galgo came. */
  #attached = false;
  /** The workload is in it. */
  #begun = false;
  /** The kernel is to go on with it alone. */
  #stays = false;
  #gap: Gap | undefined;

  hits(): number {
    return Number(this.#agent?.namespace.counter("hits") ?? 0n);
  }

  dying(): boolean {
    return ((this.#agent?.namespace.flags ?? 0) & NamespaceFlag.dying) !== 0;
  }

  /** From now on whoever waits or asks is refused. */
  die(): void {
    if (!this.#spared) this.#agent?.namespace.raise(NamespaceFlag.dying);
  }

  /** A console has closed the model. */
  seal(): void {
    this.#agent?.namespace.raise(NamespaceFlag.sealed);
  }

  /** @throws BpfSensorError, BpfError, NativeError */
  async open(bench: BpfBench, bpf: BpfSetup): Promise<BpfAgent> {
    const { setup, namespace, progress } = bench;
    const { leftAlone, rules, goneFd, attach } = bpf;
    const flags = flagsOf(setup);
    const adopt = bpf.keeping?.adopt;
    this.#adopted = adopt !== undefined;
    this.#attached = attach !== undefined;
    this.#spared = this.#attached && (flags & NamespaceFlag.enforcing) === 0;
    const decoder = new RunDecoder(bench, bpf);
    this.#decoder = decoder;
    const { keeping } = bench;
    const options = {
      sink: namespace,
      decoder: (ring: BpfRing, hashKey: Uint32Array) => decoder.of(ring, hashKey),
      ...{ leftAlone, rules, flags, goneFd, progress },
      stays: () => (this.#stays = this.#attached && toldEnd(goneFd) === "stays"),
      ...(keeping === undefined ? {} : { journal: keeping }),
    };
    const kept = keeping?.agent;
    if (adopt !== undefined && kept !== undefined) {
      const resumed = (gap: Gap): void => {
        this.#gap = gap;
        bench.post({ type: "notice", text: gapText(gap, (flags & NamespaceFlag.enforcing) !== 0) });
      };
      this.#agent = await BpfAgent.adopt({ ...options, ...adopt, kept, resumed });
      keeping?.restored();
      this.#agent.loop.prime(decoder.metAgain.splice(0));
    } else {
      this.#agent = await BpfAgent.open(options);
      if (bpf.keeping !== undefined) this.#agent.installation.leadTo(bpf.keeping.directory);
    }
    return this.#agent;
  }

  /**
   * Serves until the workload is gone, or is left to the kernel.
   * @throws what the loop throws; the workload is dead or was given up by then
   */
  async serve(bench: BpfBench, bpf: BpfSetup, order: BpfOrder): Promise<BpfEnd> {
    const agent = this.#agent;
    if (agent === undefined)
      throw new Error("the order to serve came before there was a namespace");
    try {
      this.begin(bench, bpf, order);
      return this.end(bench, agent.run());
    } catch (error) {
      this.giveUp(bench, error);
      pollAll([bpf.goneFd], ABANDON_MS);
      throw error;
    } finally {
      await this.finish(bench.keeping);
    }
  }

  /** Turn by turn, in a thread that has others: between `begin` and `end`. */
  server(goneFd: number): BpfServer {
    if (this.#agent === undefined) throw new Error("there is no namespace");
    return this.#agent.served(goneFd);
  }

  /**
   * Nobody decides any more: refused, not set free, until the workload is dead. Those who were there before have not to die for what could
   * not begin: then they are as they were.
   */
  giveUp(bench: Pick<BpfBench, "kill">, error: unknown): void {
    const begun = !this.#attached || this.#begun;
    if (begun && !this.#spared) this.#agent?.abandon();
    else if (!this.#unserved) this.#agent?.release();
    bench.kill(`Galgo failed: ${error instanceof Error ? error.message : String(error)}`);
  }

  /** What was served is over. Nothing of it stays, unless somebody would be set free by that. */
  async finish(keeping: RunKeeping | undefined): Promise<void> {
    await this.#giveBack(keeping, this.#stays || this.#unserved || this.#wouldFree());
  }

  /** Gives back what was not served. An adopted namespace goes back to the kernel alone: nobody is set free by that. */
  async close(keeping: RunKeeping | undefined): Promise<void> {
    await this.#giveBack(keeping, this.#unserved);
  }

  /** It was taken over, and is as it was. */
  get #unserved(): boolean {
    return this.#adopted && !this.#begun;
  }

  async #giveBack(keeping: RunKeeping | undefined, stays: boolean): Promise<void> {
    const agent = this.#agent;
    this.#agent = undefined;
    await (stays ? agent?.letGo() : agent?.close());
    keeping?.close(stays ? "kept" : "over");
  }

  /** Nobody has let those go who were there before, and who are under an enforced model: not even when Galgo fails. */
  #wouldFree(): boolean {
    const namespace = this.#agent?.namespace;
    if (namespace === undefined || !this.#attached || this.#spared) return false;
    return (namespace.flags & NamespaceFlag.active) !== 0 && namespace.counter("tasks") > 0n;
  }

  /** The workload comes into the namespace. @throws BpfError, NativeError, Error when it can not be caught up with */
  begin(bench: BpfBench, bpf: BpfSetup, order: BpfOrder): void {
    const agent = this.#agent;
    if (agent === undefined)
      throw new Error("the order to serve came before there was a namespace");
    const { namespace } = bench;
    for (const pid of order.protectedPids) agent.protect(pid);
    const { attach } = bpf;
    if (attach !== undefined) this.#attach(attach, bench, agent);
    else if (!agent.begin(order.workloadPid)) namespace.lost("launch", "the first task is gone");
    this.#begun = true;
    bench.post({ type: "serving", features: [] });
  }

  /** The workload is gone, or is left to the kernel: then what was kept beside the run is all that comes of it. */
  end(bench: BpfBench, sensor: SensorStats): BpfEnd {
    const { namespace } = bench;
    const gap = this.#gap === undefined ? {} : { gap: this.#gap };
    if (this.#stays) {
      namespace.finish();
      this.#decoder?.save();
      return { type: "left", ...gap };
    }
    if (this.#agent !== undefined) this.#countUnanswered(this.#agent, namespace);
    namespace.finish();
    this.#decoder?.save();
    return { type: "done", result: { ...workerResult(bench, sensor), ...gap } };
  }

  #attach(target: AttachTarget, bench: BpfBench, agent: BpfAgent): void {
    if (this.#adopted) this.#rejoin(target, bench, agent);
    // one that was killed before it had them all may have left them stopped, too
    if (bench.keeping?.wasAttached === true) return;
    attachTo(target, bench, { agent, primer: this.#decoder?.primer });
    bench.keeping?.attached();
  }

  #rejoin(target: AttachTarget, bench: BpfBench, agent: BpfAgent): void {
    if (this.dying()) bench.kill("Galgo was killed while it killed the workload");
    // where a model is enforced nobody could execute what nobody was asked about
    const changed = this.#spared ? rejoin(target, bench, agent) : 0;
    if (changed === 0) return;
    const text = `${changed} processes executed a program that nobody could be asked about: from now on they are known by what they run, but not what they did meanwhile`;
    bench.post({ type: "notice", text });
  }

  /** Questions that the kernel asked in vain: what is refused while the workload dies is not meant. */
  #countUnanswered(agent: BpfAgent, namespace: Namespace): void {
    const unanswered = agent.namespace.counter("unanswered");
    if (unanswered === 0n || this.dying()) return;
    namespace.lost("unanswered", `${unanswered} events were decided without an answer of Galgo's`);
  }
}

/** What happened while nobody served the namespace. */
function gapText({ asked, refused, allowed, lost }: Gap, enforcing: boolean): string {
  const verb = enforcing ? "refused" : "allowed";
  const parts = [
    `${asked} events that nobody could be asked about were ${verb}`,
    ...(refused === 0 ? [] : [`${refused} were refused where nobody can wait`]),
    ...(allowed === 0 ? [] : [`${allowed} were recorded where nobody can wait`]),
    ...(lost === 0n ? [] : [`${lost} have no record`]),
  ];
  return `the namespace is served again; while its Galgo was gone ${parts.join(", ")}`;
}

function flagsOf(setup: WorkerSetup): number {
  if (setup.mode === "free") return 0;
  return NamespaceFlag.sealed | (enforces(setup) ? NamespaceFlag.enforcing : 0);
}
