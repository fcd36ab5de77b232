// SPDX-License-Identifier: Apache-2.0
// One run from beginning to end, as the sequence that it is:
// parse -> probe -> state directory -> agent in its thread -> cgroup -> launch, held -> loop -> report.
import { closeSync } from "node:fs";
import { keepRequest } from "./bpf/adoption.ts";
import { AttachedWorkload } from "./bpf/attached.ts";
import { GonePipe, ProgramsControl } from "./bpf/programs-control.ts";
import { bpfSetup } from "./bpf/setup.ts";
import type { CgroupHandle } from "./cgroup.ts";
import type { Ending } from "./ending.ts";
import { LeftRun, RunError } from "./errors.ts";
import { ABORT_MS, LATE_GRACE_MS } from "./limits.ts";
import { newHeartbeatBuffer, readSealedAt } from "./heartbeat.ts";
import { floorFeatures, floorNotices, type OpenFloor, openFloor } from "./floor/floor-run.ts";
import { withAggregate } from "./own-terms.ts";
import { parseRequest, probeSensor } from "./plan.ts";
import type { RunPlan } from "./plan.ts";
import type { Outside } from "./outside.ts";
import { RunResponses } from "./anomalies/run-side.ts";
import { failReport, leaveReport, startReport, writeReport } from "./report.ts";
import type { Site } from "./report.ts";
import { ownProcessHost } from "./run-host.ts";
import type { CarriedOut, RunHost } from "./run-host.ts";
import { enforces } from "./run-record.ts";
import type { RunObserver, RunRequest, RunResult } from "./run-request.ts";
import type { SignalReceiver } from "./signals.ts";
import { noteHungThread } from "./thread/worker-thread.ts";
import { launchInTsem } from "./tsem/workload.ts";
import type { HeldWorkload } from "./tsem/workload.ts";
import { longWorkText, startWatchdog } from "./watchdog.ts";
import type { RunWorker } from "./worker-client.ts";
import { atMost, noticeLingering, settled } from "./waiting.ts";
import type { BpfSetup } from "./bpf/setup.ts";
import type { ServeOrder } from "./worker-protocol.ts";
import { workerSetup } from "./worker-setup.ts";
import { childExit, commandError, isIgnored, openGroupKill, signalNumber } from "./workload.ts";

/**
 * Runs a command in a new namespace and reports. When it returns or throws, no process of the workload is left.
 * @param host where the run lives; default: this process is all its
 * @throws CommandError, ModelUseError, StateError, RunError, RecordFileError, LaunchError; LeftRun when somebody has left it to the kernel
 */
export async function runWorkload(
  request: RunRequest,
  observer: RunObserver = {},
  host: RunHost = ownProcessHost(),
): Promise<RunResult> {
  const plan = await withAggregate(parseRequest(request), (text) => observer.onNotice?.(text));
  const probe = probeSensor(plan);
  for (const weakness of probe.weaker)
    observer.onNotice?.(`weaker than the model was learned with: ${weakness}`);
  for (const other of probe.others) observer.onNotice?.(other);
  const floor = plan.floor === undefined ? undefined : openFloor(plan.floor, plan.tma);
  const site = startReport(plan, floor?.record);
  if (floor !== undefined)
    for (const notice of floorNotices(floor.record)) observer.onNotice?.(notice);
  const run = new RunInProgress(plan, { ...site, floor }, observer, host);
  try {
    observer.onStart?.(site.directory, plan, site.record);
    // before anything is launched: a socket that can not be made costs no workload
    await run.openToOutside();
    await run.responses.open();
    // the workload is held before its first instruction, so it may be launched while the agent's thread starts
    const agent = run.startAgent();
    await settled([agent, run.launch(agent)]);
    const ending = await run.loop();
    return writeReport(plan, site, ending);
  } catch (error) {
    if (error instanceof LeftRun) {
      leaveReport(site, { why: run.leftFor, gap: error.gap });
    } else {
      await run.abort();
      failReport(site, error);
    }
    throw error;
  } finally {
    await run.close();
  }
}

class RunInProgress {
  readonly #plan: RunPlan;
  readonly #enforcing: boolean;
  readonly #site: Site & { readonly floor: OpenFloor | undefined };
  readonly #observer: RunObserver;
  readonly #host: RunHost;
  readonly #heartbeat = newHeartbeatBuffer();
  readonly #release: (() => void)[] = [];
  /** What is done about anomalies. */
  readonly responses: RunResponses;
  /** Rejects when the run can not be brought to an orderly end. */
  readonly #broken: Promise<never>;
  #break: (error: Error) => void = () => undefined;
  #outside: Outside | undefined;
  /** What the sensor and the launch found on this machine. */
  #features: readonly string[] = [];
  #worker: RunWorker | undefined;
  #workload: HeldWorkload | undefined;
  /** The workload, when it ran before Galgo came: killed only where a model is enforced. */
  #attached: AttachedWorkload | undefined;
  /** What the worker is told to serve. */
  #order: ServeOrder | undefined;
  /** With the BPF sensor: ends the worker's loop, and the namespace as it is in the kernel. */
  #gone: GonePipe | undefined;
  #programs: ProgramsControl | undefined;
  #served = false;
  /** The workload is in the namespace. */
  #begun = false;
  #group: CgroupHandle | undefined;
  #groupKillFd: number | undefined;
  #killed: string | undefined;
  /** Why this run can not succeed, whatever the workload does. */
  #failure: RunError | undefined;
  /** Why the kernel goes on with the namespace alone. */
  leftFor = "";
  #firstHasEnded = false;
  #cutShort = false;
  #stopRequested = false;

  constructor(
    plan: RunPlan,
    site: Site & { readonly floor: OpenFloor | undefined },
    observer: RunObserver,
    host: RunHost,
  ) {
    this.#plan = plan;
    this.#enforcing = enforces(plan.request);
    this.#site = site;
    this.#observer = observer;
    this.#host = host;
    this.responses = new RunResponses(plan.request, site.directory, observer, {
      kill: (reason, failure) => this.#kill(reason, failure),
    });
    this.#broken = new Promise((_, reject) => {
      this.#break = reject;
    });
    this.#broken.catch(() => undefined);
  }

  /** For consoles and verifiers. */
  async openToOutside(): Promise<void> {
    const plan = this.#plan;
    if (plan.request.quixoteSocket === undefined && plan.request.attest === undefined) return;
    const { openOutside } = await import("./outside.ts");
    this.#outside = await openOutside({
      ...{ plan, site: this.#site, heartbeat: this.#heartbeat, observer: this.#observer },
      features: () => this.#features,
      enforced: () => this.#host.carriedOut?.enforced === true,
      serving: () => this.#begun && this.#failure === undefined,
    });
  }

  async startAgent(): Promise<void> {
    const { directory } = this.#site;
    const bpf = this.#bpfSetup();
    const [heartbeat, shared] = [this.#heartbeat, this.#outside?.link];
    const { distrust, feed, transfer } = this.responses;
    this.#worker = await this.#host.startWorker(
      workerSetup(this.#plan, directory, { heartbeat, shared, bpf, distrust, feed }),
      {
        onViolation: (violation) => this.#observer.onViolation?.(violation, directory),
        onAnomaly: (anomaly) => this.responses.found(anomaly),
        onKill: (reason) => this.#kill(reason),
        onNotice: (text) => this.#observer.onNotice?.(text),
        onFailed: (message) => {
          this.#failure ??= new RunError("TMA_FAILED", `the run failed: ${message}`);
        },
      },
      [...(this.#outside?.transfer ?? []), ...transfer],
    );
    this.#outside?.watch(this.#worker);
    const { programs } = this.#worker;
    if (programs === undefined) return;
    this.#programs = new ProgramsControl(programs);
    this.#release.push(() => this.#programs?.close());
  }

  #bpfSetup(): BpfSetup | undefined {
    const { request, name, model, signature } = this.#plan;
    if (request.bpf === undefined) return undefined;
    const gone = new GonePipe();
    this.#gone = gone;
    this.#release.push(() => gone.close());
    const { attach, adopt } = request.bpf;
    const { directory } = this.#site;
    if (attach !== undefined && adopt === undefined)
      keepRequest(directory, request, { name, model, signature, attach });
    return bpfSetup(this.#plan, gone.readFd, directory);
  }

  /** @param agent settles when the worker could launch a workload itself */
  async launch(agent: Promise<void>): Promise<void> {
    const { tsem, bpf } = this.#plan.request;
    if (bpf?.attach !== undefined) {
      await agent;
      if (this.#programs === undefined) return;
      this.#attached = new AttachedWorkload(bpf.attach, this.#programs, (text) => {
        if (this.#begun && this.#enforcing) this.#observer.onNotice?.(text);
      });
      this.#watched(this.#attached, 0);
      return;
    }
    const group = this.#host.group(this.#plan.name);
    // without one the guard finds every process by itself: slower, so it is a feature and no condition
    this.#group = "unavailable" in group ? undefined : group;
    this.#groupKillFd = this.#group === undefined ? undefined : openGroupKill(this.#group);
    this.responses.requireGroup(group);
    if (bpf !== undefined) {
      const workload = await this.#host.launch(this.#plan, this.#group, { how: "watched" });
      this.#watched(workload, workload.pid);
      return;
    }
    if (tsem === undefined) {
      const { floor } = this.#site;
      const workload = await this.#host.launch(this.#plan, this.#group, {
        how: "filtered",
        ...(floor === undefined ? {} : { rulesetFd: floor.rulesetFd }),
      });
      this.#workload = workload;
      const protectedPids = this.#protectedPids(workload);
      const { listenerFd, pid: workloadPid, broughtBy } = workload;
      const readsUnheld = floor !== undefined;
      this.#order = {
        ...{ sensor: "seccomp", listenerFd, readsUnheld, workloadPid, protectedPids },
        ...(broughtBy === undefined ? {} : { broughtBy }),
      };
      return;
    }
    await agent;
    if (this.#worker === undefined) return;
    const workload = await launchInTsem(this.#worker, this.#group, this.#plan.program);
    this.#workload = workload;
    this.#release.push(() => workload.close());
    this.#order = { sensor: "tsem", goneFd: workload.goneFd };
  }

  /** A workload that programs in the kernel watch. @param workloadPid 0: it is not ours */
  #watched(workload: HeldWorkload, workloadPid: number): void {
    this.#workload = workload;
    const protectedPids = this.#protectedPids(workload);
    this.#order = { sensor: "bpf", workloadPid, protectedPids };
    const gone = () => this.#gone?.tell("gone");
    workload.drained.then(gone, gone);
  }

  #protectedPids({ guardPid }: HeldWorkload): number[] {
    return [...this.#host.protectedPids, guardPid].filter((pid) => pid > 0);
  }

  async loop(): Promise<Ending> {
    const [worker, workload, order] = [this.#worker, this.#workload, this.#order];
    if (worker === undefined || workload === undefined || order === undefined)
      throw new RunError("LAUNCH_FAILED", "nothing was launched");
    this.#attend(workload);
    this.#watch();
    const inGroup = workload.features.includes("cgroup");
    this.#served = true;
    const features = await worker.serve({
      ...order,
      ...(inGroup && this.#groupKillFd !== undefined ? { cgroupKillFd: this.#groupKillFd } : {}),
    });
    this.#features = [...workload.features, ...features, ...floorFeatures(this.#site.floor)];
    await this.responses.begin(workload);
    this.#begun = true;
    workload.go();
    const exit = await this.#orBroken(workload.exited);
    this.#afterFirst();
    const [result] = await this.#orBroken(Promise.all([worker.done, workload.drained]));
    await this.responses.finish(this.#killed ?? result.summary.killed);
    if (this.#failure !== undefined) throw this.#failure;
    await this.#outside?.finish(result.summary.lost);
    const refused = await workload.execFailed;
    if (refused !== undefined && result.summary.violations === 0)
      throw commandError(refused, result.summary.losses);
    return {
      exit: refused === undefined ? childExit(exit) : { code: 126 },
      result,
      features: this.#features,
      killed: this.#killed ?? result.summary.killed,
      cutShort: this.#cutShort,
      stopRequested: this.#stopRequested,
      ordered: this.#ordered(),
    };
  }

  #ordered(): CarriedOut {
    if (this.#plan.tma.sealed) return {};
    const sealedAt = this.#outside?.sealedAt ?? readSealedAt(this.#heartbeat);
    return { ...(sealedAt === undefined ? {} : { sealedAt }), ...this.#host.carriedOut };
  }

  /** Brings down what was started. The workload is dead afterwards. */
  async abort(): Promise<void> {
    this.#bringDown();
    await atMost(ABORT_MS, this.#workload?.drained);
    if (!this.#served && this.#programs !== undefined) this.#worker?.leave();
    // a thread that hangs in a system call can not be ended before it returns
    await atMost(LATE_GRACE_MS, this.#worker?.terminate());
  }

  /** Gives everything back; nothing of the workload runs any more. */
  async close(): Promise<void> {
    for (const release of this.#release.splice(0).reverse()) release();
    await this.#outside?.close();
    await this.responses.close();
    this.#site.floor?.close();
    // nobody has been told to serve it, so nobody else closes it
    if (!this.#served && this.#order?.sensor === "seccomp") closeSync(this.#order.listenerFd);
    const [ended] = await Promise.all([
      atMost(LATE_GRACE_MS, this.#worker?.terminate()),
      this.#group?.remove(),
    ]);
    if (!ended) noteHungThread();
    // a thread that comes back one day may still write to it
    else if (this.#groupKillFd !== undefined) closeSync(this.#groupKillFd);
  }

  #kill(reason: string, failure?: RunError): void {
    this.#failure ??= failure;
    this.#killed ??= reason;
    if (!this.#firstHasEnded) this.#cutShort = true;
    this.#bringDown();
  }

  /** Who was there before is not killed for what Galgo could not begin. */
  #bringDown(): void {
    if (this.#attached === undefined || (this.#begun && this.#enforcing)) this.#killWorkload();
    else if (this.#begun || this.#plan.request.bpf?.adopt === undefined) this.#attached.stop();
    else this.#attached.leave();
  }

  /** Leaves those who were there before to the kernel, which goes on refusing. @returns false where nothing is refused */
  #leave(reason: string): boolean {
    if (this.#attached === undefined || !this.#enforcing) return false;
    // it may be about to end
    if (this.#gone?.tell("stays") !== true) return true;
    this.leftFor = reason;
    this.#attached.leave();
    return true;
  }

  #killWorkload(): void {
    this.#programs?.die();
    this.#workload?.kill();
  }

  async #orBroken<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#broken]);
  }

  #attend(workload: HeldWorkload): void {
    const isService = this.#plan.request.service === true;
    const receiver: SignalReceiver = {
      forward: (signal) => workload.signal(signalNumber(signal)),
      leave: (reason) => this.#leave(reason),
      kill: (reason) => {
        if (this.#attached === undefined) this.#kill(reason);
      },
      asked: (signal) => {
        this.#stopRequested = true;
        if (this.#firstHasEnded || this.#attached !== undefined || isService) return;
        this.#observer.onNotice?.(`${signal} is passed on; once more ends the workload`);
      },
      firstHasEnded: () => this.#firstHasEnded,
      passesAll: isService,
      ignores: (signal) => isIgnored(this.#plan.request.ignoredSignals ?? 0n, signal),
    };
    const launched = this.#attached === undefined ? workload : undefined;
    this.#release.push(this.#host.attend(receiver, launched));
  }

  #watch(): void {
    const watchdog = startWatchdog({
      heartbeat: this.#heartbeat,
      deadlineMs: this.#plan.request.deadlineMs,
      onLate: (heldMs) => this.#late(heldMs),
      onLongWork: (heldMs, steps) => this.#observer.onNotice?.(longWorkText(heldMs, steps)),
    });
    this.#release.push(() => watchdog.stop());
  }

  /** No answer in time: whatever the mode, a workload that hangs for ever is worse than one that is dead. */
  #late(heldMs: number): void {
    const reason = `no decision on one event for ${heldMs} ms (deadline ${this.#plan.request.deadlineMs} ms, --deadline)`;
    const failure = new RunError("DEADLINE", `the workload was killed: ${reason}`);
    this.#programs?.abort();
    this.#kill(reason, failure);
    const timer = setTimeout(() => this.#break(failure), LATE_GRACE_MS);
    this.#release.push(() => clearTimeout(timer));
  }

  /** The command has ended; others of the workload may go on. */
  #afterFirst(): void {
    this.#firstHasEnded = true;
    if (this.#plan.request.onExit === "kill") {
      this.#workload?.kill();
      return;
    }
    this.#release.push(noticeLingering(this.#observer));
  }
}
