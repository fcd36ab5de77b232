// SPDX-License-Identifier: Apache-2.0
// The security modeling namespace: takes events from a sensor, asks the TMA, decides by mode and policy as TSEM does,
// keeps the records. Runs in the worker thread; between an event and its answer it does nothing that can wait.
import { hrtime } from "node:process";
import { describeEvent } from "../../event/index.ts";
import type { EventOf, FileId, HookName, SecurityEvent, TaskIdentity } from "../../event/index.ts";
import type { BpfDecision, Happened } from "../../sensor/bpf/sink.ts";
import type { Decision, ExecutedProgram, SeenProcess } from "../../sensor/sensor.ts";
import type { Unheld } from "../../sensor/tsem/sink.ts";
import type { Assessment } from "../../tma/index.ts";
import { Evidence } from "./evidence.ts";
import { LatencyHistogram } from "./latency.ts";
import { MAX_FORENSIC_RECORDS, MAX_LOSS_EXAMPLE } from "../limits.ts";
import type { KeptNamespace } from "./ledger.ts";
import type { Mark } from "../records/marks.ts";
import type {
  Namespace,
  NamespaceAgent,
  NamespaceOptions,
  NamespaceParts,
  NamespaceSummary,
} from "./namespace-types.ts";
import type { RunMode, ViolationPolicy } from "../run-record.ts";
import { GONE, UNASKED, UNHELD_REASONS, UNPRIMED } from "./reasons.ts";
import { ALLOW, DENY, deathOf, KILL, OBSERVE, sentenceOf } from "./sentences.ts";
import { Tally } from "./tally.ts";

/** Made by `createNamespace`. */
export class ModelingNamespace implements Namespace {
  readonly root: TaskIdentity;
  readonly emptyDigest: string;
  #mode: RunMode;
  readonly #policy: ViolationPolicy;
  /** An event outside the model is refused. */
  #enforcing: boolean;
  #enforcesOnceSealed = false;
  readonly #modelsWhileDying: boolean;
  readonly #parts: NamespaceParts;
  readonly #agent: NamespaceAgent;
  readonly #evidence: Evidence;
  readonly #tally: Tally;
  /** Refused calls that have a record: the same call again is only counted. */
  readonly #refusedKinds = new Set<string>();
  /** Coefficients that the programs refused although they are in the model. */
  readonly #unprimedPoints = new Set<string>();
  readonly #latency: LatencyHistogram;
  #killed: string | undefined;
  #failed = false;
  /** When the event in hand was taken (ms, monotonic); -1 between events. */
  #since = -1;
  /** How long the last one was held (us). */
  #lastHeldUs: number | undefined;

  constructor(options: NamespaceOptions, parts: NamespaceParts) {
    this.#mode = options.mode;
    this.#policy = options.onViolation;
    this.#enforcing = options.mode === "enforce" && options.onViolation !== "observe";
    this.#modelsWhileDying = options.modelsWhileDying === true;
    this.#parts = parts;
    this.#evidence = new Evidence(parts, options.container);
    this.#tally = new Tally(parts);
    this.#agent = parts.agent;
    this.#latency = parts.latency ?? new LatencyHistogram();
    this.root = parts.agent.root;
    this.emptyDigest = parts.agent.emptyDigest;
  }

  wantsDigest(hook: HookName, flags: number, pathname: string, temporary?: string): boolean {
    return this.#agent.wantsDigest(hook, flags, pathname, temporary);
  }

  forked(parent: TaskIdentity): TaskIdentity {
    return this.#agent.forked(parent);
  }

  execed(before: TaskIdentity, { file, pid, process, coe }: ExecutedProgram): TaskIdentity {
    const task = this.#agent.execed(before, coe, file);
    const hook = "bprm_committed_creds";
    const record: EventOf<typeof hook> = { hook, pid, process, task, coe, ts: 0n, cell: { file } };
    if (this.#evidence.actors.add(record)) {
      this.#evidence.extend(record);
      this.#parts.ledger?.program(record);
      this.#entered();
    }
    const ts = hrtime.bigint();
    this.#parts.processes?.execed({ pid, process, taskId: task.taskId, ts });
    return task;
  }

  processSeen(seen: SeenProcess): void {
    this.#parts.processes?.seen(seen);
  }

  decide(event: SecurityEvent, untrusted: boolean): BpfDecision {
    const decision = this.#decide(event, untrusted);
    this.#entered();
    return decision;
  }

  #decide(event: SecurityEvent, known: boolean): BpfDecision {
    if (this.#since < 0) this.#since = performance.now();
    this.#tally.event(event.hook);
    if (this.#killed !== undefined && !this.#modelsWhileDying) return KILL;
    if (this.#isMark(event)) return ALLOW;
    const untrusted = known || this.#parts.distrust?.of(event) === true;
    if (untrusted && this.#enforcing) return this.#refuse(event);
    const assessment = this.#assess(event);
    if ("action" in assessment) return assessment;
    if (assessment.valid) return this.#conforms(event, assessment);
    return this.#violate(event, assessment);
  }

  unheld(event: SecurityEvent, how: Unheld): Decision {
    this.#tally.event(event.hook);
    if (how === "log" && this.#enforcing) this.#tally.refused();
    const assessment = this.#assess(event);
    if ("action" in assessment) return assessment;
    if (assessment.valid) return this.#conforms(event, assessment);
    return this.#violateUnheld(event, assessment, how);
  }

  happened(event: SecurityEvent, how: Happened): BpfDecision {
    const decision = this.#happened(event, how);
    this.#entered();
    return decision;
  }

  #happened(event: SecurityEvent, { refused, untrusted, gone }: Happened): BpfDecision {
    this.#tally.event(event.hook);
    // a workload that is being killed is refused everything
    if (this.#killed !== undefined || (refused && this.#parts.programs?.dying() === true))
      return KILL;
    if (this.#isMark(event)) return ALLOW;
    if (refused && untrusted) {
      this.#refuse(event);
      return DENY;
    }
    const assessment = this.#assess(event);
    if ("action" in assessment) return assessment;
    const why = gone === true ? GONE : UNHELD_REASONS.async;
    if (!assessment.valid) return this.#violate(event, assessment, why);
    const decision = this.#conforms(event, assessment);
    if (refused) this.#unprimed(event, assessment, gone === true ? UNASKED : UNPRIMED);
    return decision;
  }

  /** Refused by the programs, wrongly: said as a violation, because the workload did not get what its model allows. */
  #unprimed(event: SecurityEvent, { coefficient }: Assessment, reason: string): void {
    if (this.#unprimedPoints.has(coefficient)) return;
    this.#unprimedPoints.add(coefficient);
    const decision = this.#enforcing ? "denied" : "observed";
    const mark = { kind: "violation", decision, coefficient, reason } as const;
    this.#evidence.note(event, { ...mark, number: this.#tally.violation() });
  }

  introduce(record: EventOf<"bprm_committed_creds">): void {
    this.#agent.introduce(record);
  }

  dependsOnProcess(event: SecurityEvent): boolean {
    return this.#agent.dependsOnProcess(event);
  }

  pointOf(event: SecurityEvent): string | undefined {
    return this.#agent.pointOf(event);
  }

  repeated(point: string, count: number): void {
    this.#tally.repeated(count);
    if (count > 0) this.#parts.sequence?.incomplete();
    this.#agent.repeated(point, count);
  }

  #violateUnheld(event: SecurityEvent, { added, coefficient }: Assessment, how: Unheld): Decision {
    const reason = UNHELD_REASONS[how];
    const fatal = how === "async" && this.#enforcing && this.#killed === undefined;
    if (added || fatal) {
      const decision = fatal ? "killed" : how === "log" && this.#enforcing ? "denied" : "observed";
      const number = this.#tally.violation();
      this.#evidence.note(event, { kind: "violation", number, decision, coefficient, reason });
    }
    if (!fatal) return OBSERVE;
    this.#kill(`the model was violated where nothing can be refused (${reason})`);
    return KILL;
  }

  unreadable(text: string, why: string): Decision {
    this.#tally.event();
    const example = `${why}: ${text.slice(0, MAX_LOSS_EXAMPLE)}`;
    this.#tally.lost("record that can not be understood", example);
    this.#parts.keepUnreadable?.(text, why, this.#tally.counts.events);
    if (!this.#enforcing) return ALLOW;
    this.#kill(`a record of the kernel's can not be judged (${why})`);
    return KILL;
  }

  refusedUnseen(): void {
    this.#tally.event();
    this.#tally.refused();
  }

  violated(event: SecurityEvent, reason: string): Decision {
    this.#tally.event(event.hook);
    if (this.#mode === "free") {
      // what was learned is not what happened: such a run must not become a model unnoticed
      this.#tally.lost(reason, describeEvent(event));
      return ALLOW;
    }
    const decision = this.#enforcing ? "killed" : "observed";
    this.#evidence.note(event, {
      kind: "violation",
      number: this.#tally.violation(),
      decision,
      reason,
    });
    if (!this.#enforcing) return OBSERVE;
    this.#kill(`an event that could not be held is outside the model (${reason})`);
    return KILL;
  }

  lost(reason: string, detail: string): void {
    this.#tally.lost(reason, detail);
  }

  taken(): void {
    this.#since = performance.now();
  }

  released(): void {
    const heldUs = this.#heldUs();
    if (heldUs === undefined) return;
    this.#latency.add(heldUs * 1_000);
    this.#lastHeldUs = heldUs;
    this.#since = -1;
  }

  answered(moreWaiting: boolean): void {
    this.released();
    this.#keep(this.#lastHeldUs, !moreWaiting);
    this.#parts.features?.send();
    this.#lastHeldUs = undefined;
  }

  seal(): void {
    this.#agent.seal();
    this.#tally.sealed();
    if (this.#mode !== "free") return;
    this.#mode = this.#enforcesOnceSealed ? "enforce" : "detect";
    // a run without a model has the policy "observe": whoever orders this wants something else
    this.#enforcing = this.#enforcesOnceSealed;
  }

  enforceOnceSealed(): void {
    this.#enforcesOnceSealed = true;
  }

  refuses(enforcing: boolean): void {
    this.#mode = enforcing ? "enforce" : "detect";
    this.#enforcing = enforcing;
  }

  get enforcing(): boolean {
    return this.#enforcing;
  }

  finish(): void {
    this.#keep(undefined, true);
  }

  resume(kept: KeptNamespace): void {
    this.#tally.resume(kept);
    if (kept.sealed && this.#mode === "free") this.#mode = "detect";
    for (const record of kept.programs) {
      this.#evidence.actors.add(record);
      this.#agent.introduce(record);
    }
  }

  programOf(taskId: string): FileId | undefined {
    return this.#evidence.actors.get(taskId)?.cell.file;
  }

  /** With a ledger: on record before anything follows from it. */
  #entered(): void {
    const { ledger } = this.#parts;
    if (ledger === undefined) return;
    ledger.counts(this.#tally.counts);
    this.#keep(this.#heldUs(), true);
  }

  summary(): NamespaceSummary {
    return {
      ...this.#tally.summary(),
      latency: this.#latency.summary(),
      killed: this.#killed,
    };
  }

  /** What was counted until now is what is seen from outside. */
  protected readonly publish = (): void => this.#tally.publish();

  #conforms(event: SecurityEvent, { added, coefficient }: Assessment): BpfDecision {
    this.#parts.sequence?.add(event.pid, event.task.taskId, coefficient);
    this.#parts.features?.add(event, coefficient);
    if (added) {
      this.#evidence.extend(event, this.#parts.marks?.testOf(event));
      this.#tally.grown();
    }
    return { action: "allow", discipline: false, point: coefficient };
  }

  /** Only while everything is allowed: a model that is enforced or watched knows no exception. */
  #isMark(event: SecurityEvent): boolean {
    return this.#mode === "free" && this.#parts.marks?.take(event) === true;
  }

  /** A call of a process that was disciplined before: not modeled, refused. */
  #refuse(event: SecurityEvent): Decision {
    this.#tally.refused();
    const kind = `${event.task.taskId} ${describeEvent(event)}`;
    if (this.#refusedKinds.size < MAX_FORENSIC_RECORDS && !this.#refusedKinds.has(kind)) {
      this.#refusedKinds.add(kind);
      this.#evidence.note(event, {
        kind: "refused",
        number: this.#tally.counts.violations,
        decision: "denied",
      });
    }
    return DENY;
  }

  /** An event outside the sealed model. Only the first occurrence of a behaviour has a record. `reason`: it was not held. */
  #violate(event: SecurityEvent, assessment: Assessment, reason?: string): Decision {
    this.#parts.sequence?.addOutside(event.pid, event.task.taskId, assessment.coefficient);
    this.#parts.features?.add(event, assessment.coefficient);
    const decision = sentenceOf(assessment, this.#enforcing, this.#policy);
    if (assessment.added) {
      const { coefficient } = assessment;
      const number = this.#tally.violation();
      const mark: Mark = { kind: "violation", number, decision, coefficient };
      this.#evidence.note(event, reason === undefined ? mark : { ...mark, reason });
    }
    if (decision !== "killed") return decision === "denied" ? DENY : OBSERVE;
    this.#kill(deathOf(assessment));
    return KILL;
  }

  /** What the agent says of it, or what follows from its saying nothing. */
  #assess(event: SecurityEvent): Assessment | Decision {
    try {
      return this.#agent.assess(event);
    } catch (error) {
      return this.#noVerdict(error);
    }
  }

  /** No verdict means no: denied, and since nothing later can be judged either, killed. */
  #noVerdict(error: unknown): Decision {
    const why = error instanceof Error ? error.message : String(error);
    if (!this.#enforcing) {
      this.#tally.lost("the modeling agent gave no verdict", why);
      return ALLOW;
    }
    this.#fail(error);
    return KILL;
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    if (this.#mode !== "detect") {
      this.#kill(`Galgo failed: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.#parts.failed(error);
  }

  #kill(reason: string): void {
    if (this.#killed !== undefined) return;
    this.#killed = reason;
    this.#parts.kill(reason);
    // nothing is answered any more, so nobody waits for these records to be written
    this.#keep(this.#heldUs(), true);
  }

  /** Time since the event in hand was taken (us); undefined between events. */
  #heldUs(): number | undefined {
    return this.#since < 0 ? undefined : (performance.now() - this.#since) * 1_000;
  }

  /** Writes records; an error of the file system ends the run, because a run without records proves nothing. */
  #keep(heldUs: number | undefined, flush: boolean): void {
    try {
      this.#evidence.write(heldUs, flush);
      if (flush) this.#parts.sequence?.settle();
    } catch (error) {
      this.#evidence.drop();
      this.#fail(error);
    }
  }
}
