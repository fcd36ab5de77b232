// SPDX-License-Identifier: Apache-2.0
// The loop of the BPF sensor: takes records out of the ring in their order, has each decided, makes known to the programs what
// they need not ask again, and answers each task that waits. Blocks its thread until the workload is gone.
import { existsSync } from "node:fs";
import { pollAll } from "../../native/tsem.ffi.ts";
import { SensorBroken, Unseen } from "../file/unseen.ts";
import type { SensorStats } from "../sensor.ts";
import type { Anchor } from "./anchor.ts";
import { BpfSensorError } from "./errors.ts";
import { ANSWER, AnswerFlag, NamespaceFlag, RecordFlag } from "./layout.gen.ts";
import type { InternedSet } from "./interned.ts";
import type { AgentJournal, Gap, KeptAgent, KeptKey } from "./journal.ts";
import {
  BUSY_LOOKS,
  BUSY_WAIT_MS,
  MAX_RECORDS_A_TURN,
  MAX_UNASKED_ANSWERS,
  RELIEVE_EVERY_MS,
} from "./limits.ts";
import type { NamespaceView } from "./namespace-slot.ts";
import type { BpfRing } from "./ring.ts";
import type { BpfDecision, BpfSink } from "./sink.ts";
import type { PrimedKey, RecordDecoder, RecordHead, Told } from "./types.ts";

const EXEC = "bprm_committed_creds";
/** An exec is no behaviour of a model. */
const LET_EXEC: BpfDecision = { action: "allow", discipline: false };

export interface BpfServeOptions {
  /** The ring of the namespace, and the descriptor of its map. */
  readonly ring: BpfRing;
  readonly ringFd: number;
  readonly set: InternedSet;
  readonly namespace: NamespaceView;
  readonly decoder: RecordDecoder;
  readonly sink: BpfSink;
  /** Readable, or closed at its other end, once no process of the workload is left. */
  readonly goneFd: number;
  readonly progress: { begin(): void; end(): void };
  /** Asked once `goneFd` is readable: the namespace stays, and another agent goes on with it. */
  readonly stays?: () => boolean;
  /** Is told what another agent would need to go on. */
  readonly journal?: AgentJournal;
  /** The namespace had an agent before, which was killed. */
  readonly kept?: KeptAgent;
  /** With `kept`: what happened in between, once its records were taken. */
  readonly resumed?: (gap: Gap) => void;
}

interface Answer {
  readonly flags: number;
  readonly next: number;
  readonly instance: number;
}

const NO: Answer = { flags: 0, next: 0, instance: 0 };

/** What waits for whom is only known here, so the anchor asks this object: `startAnchor(loop.answer)`, then `run(anchor)`. */
export class BpfLoop {
  readonly #options: BpfServeOptions;
  readonly #serial: number;
  /** Answers to tasks that will ask, by thread id. One that was killed before it asked leaves its own behind. */
  readonly #answers = new Map<number, Answer>();
  /** Coefficients of what was interned, by number in the set; undefined: an exec. */
  readonly #points: (string | undefined)[] = [];
  /** Records were decided since the sink was last told that tasks have their answers. */
  #decided = false;
  #sweepAbove = MAX_UNASKED_ANSWERS;
  #records = 0n;
  #held = 0n;
  #refused = 0n;
  #lost = 0n;
  /** Records before this place of the ring were made while there was no agent. */
  #gapEnd = -1;
  #gap = { asked: 0, refused: 0, allowed: 0 };
  #due = performance.now() + RELIEVE_EVERY_MS;

  constructor(options: BpfServeOptions) {
    this.#options = options;
    this.#serial = options.namespace.serial;
    const { kept } = options;
    if (kept === undefined) return;
    for (const { point } of kept.keys) this.#points.push(point);
    this.#records = kept.records;
    this.#held = kept.held;
    this.#refused = kept.refused;
  }

  /** From now on tasks that ask are answered; what was recorded before was asked about in vain. */
  resume(): void {
    this.#gapEnd = this.#options.ring.produced;
    this.#endGap();
  }

  #endGap(): void {
    const { ring, namespace, resumed, kept } = this.#options;
    if (this.#gapEnd < 0 || ring.position < this.#gapEnd) return;
    this.#gapEnd = -1;
    resumed?.({ ...this.#gap, lost: namespace.counter("lost") - (kept?.lost ?? 0n) });
  }

  /** Answers the question of a thread: after its record, which it has written before. */
  readonly answer = (pid: number, into: Buffer): number => {
    this.#drainFor(pid);
    // none: the ring was full, and the task tries again now; or somebody asks who has no business here
    const { flags, next, instance } = this.#answers.get(pid) ?? NO;
    this.#answers.delete(pid);
    into.writeUInt32LE(flags, ANSWER.at.flags);
    into.writeUInt32LE(next, ANSWER.at.next);
    into.writeUInt32LE(instance, ANSWER.at.instance);
    return 0;
  };

  /**
   * Makes behaviours of the model known to the programs before they happen. Those for which there is no room will be asked about, or
   * refused where nobody can wait.
   */
  prime(keys: readonly PrimedKey[]): void {
    this.#intern(keys.map(({ key, point }) => ({ key, point, next: 0 })));
  }

  /**
   * Serves until the workload is gone, then tells the sink how often everything happened.
   * @throws BpfSensorError FUSE_FAILED, BAD_RECORD; SensorBroken. The caller kills the workload.
   */
  run(anchor: Anchor): SensorStats {
    for (let gone = false; ; ) {
      const more = this.turn(anchor, MAX_RECORDS_A_TURN);
      if (gone && !more) break;
      gone ||= this.#wait(anchor, more ? 0 : Math.ceil(this.dueInMs));
    }
    return this.finish();
  }

  /** Time until a turn is wanted though nobody asks and nothing was recorded (ms). */
  get dueInMs(): number {
    const { set } = this.#options;
    return Math.max(0, Math.min(this.#due - performance.now(), set.retiresInMs ?? Infinity));
  }

  /**
   * Answers who asks, and takes what waits, `most` of each at most.
   * @returns whether there may be more
   * @throws BpfSensorError FUSE_FAILED, BAD_RECORD; SensorBroken. The caller kills the workload.
   */
  turn(anchor: Anchor, most: number): boolean {
    if (this.dueInMs === 0) {
      this.#options.set.relieve();
      this.#due = performance.now() + RELIEVE_EVERY_MS;
    }
    const asked = anchor.server.drain(most);
    if (asked === "ended") {
      throw new BpfSensorError(
        "FUSE_FAILED",
        "the connection through which the kernel asks has ended: its anchor was killed, or it was aborted",
      );
    }
    const taken = this.#take(most);
    this.#endGap();
    const more = taken === most || asked === "one";
    if (this.#decided) {
      this.#decided = false;
      this.#options.sink.answered(more);
    }
    return more;
  }

  /** Waits for something to do. @returns whether the workload is gone */
  #wait({ fuseFd }: Anchor, timeoutMs: number): boolean {
    const { ring, ringFd, goneFd } = this.#options;
    // a record that is still being written would let the ring be polled without a pause
    const busy = ring.busy;
    const watched = busy ? [fuseFd, goneFd] : [fuseFd, goneFd, ringFd];
    const [, gone = 0] = pollAll(watched, busy ? Math.min(BUSY_WAIT_MS, timeoutMs) : timeoutMs);
    return gone !== 0;
  }

  /**
   * Takes records until there is an answer for the thread. Its record, if it has written one, lies before where the programs are
   * now; other ones before it may still be being written.
   */
  #drainFor(pid: number): void {
    const { ring } = this.#options;
    const end = ring.produced;
    for (let looks = 0; ; looks++) {
      this.#take(Number.POSITIVE_INFINITY);
      if (this.#answers.has(pid) || ring.position >= end) return;
      // written on another processor, in no time; or by a program that was interrupted
      if (looks >= BUSY_LOOKS) pollAll([], BUSY_WAIT_MS);
    }
  }

  #take(most: number): number {
    return this.#options.ring.drain((at, bytes) => {
      const { progress } = this.#options;
      progress.begin();
      this.#record(at, bytes);
      progress.end();
    }, most);
  }

  #record(at: number, bytes: number): void {
    const head = this.#options.decoder.head(at, bytes);
    if (head.serial !== this.#serial) return; // of a namespace that had the slot before
    this.#records += 1n;
    this.#decided = true;
    const held = (head.flags & RecordFlag.held) !== 0;
    if (held) this.#held += 1n;
    if ((head.flags & RecordFlag.refused) !== 0) this.#refused += 1n;
    this.#options.journal?.progress({
      records: this.#records,
      held: this.#held,
      refused: this.#refused,
      lost: this.#options.namespace.counter("lost"),
    });
    if (this.#inGap) this.#countGap(head);
    const answer = this.#decide(head, at, bytes);
    if (!held) return;
    this.#answers.set(head.tid, answer);
    if (this.#answers.size > this.#sweepAbove) this.#sweep();
  }

  /** Whether the record in hand was made while there was no agent. */
  get #inGap(): boolean {
    return this.#gapEnd >= 0 && this.#options.ring.position <= this.#gapEnd;
  }

  #countGap({ flags }: RecordHead): void {
    if ((flags & RecordFlag.held) !== 0) this.#gap.asked++;
    else if ((flags & RecordFlag.refused) !== 0) this.#gap.refused++;
    else this.#gap.allowed++;
  }

  #decide(head: RecordHead, at: number, bytes: number): Answer {
    const { decoder } = this.#options;
    try {
      const told = decoder.tell(at, bytes);
      const decision = this.#judge(told);
      const { intern, next, instance, primed } = decoder.conclude(told, decision);
      const { point } = decision;
      const isKnown = point !== undefined || head.hook === EXEC;
      const own =
        decision.action === "allow" && intern && isKnown ? [{ key: head.key, point, next }] : [];
      this.#intern([...own, ...primed.map((each) => ({ ...each, next: 0 }))]);
      const trust = decision.discipline ? AnswerFlag.untrusted : 0;
      // one that is to be killed is refused: only an answer lets it die
      const verdict = decision.action === "allow" ? AnswerFlag.allow : 0;
      return { flags: verdict | trust, next, instance };
    } catch (error) {
      if (error instanceof SensorBroken || error instanceof BpfSensorError) throw error;
      return this.#unseen(head, error instanceof Unseen ? error : slip(error));
    }
  }

  #judge({ head, event }: Told): BpfDecision {
    const { sink } = this.#options;
    const untrusted = (head.flags & RecordFlag.untrusted) !== 0;
    const gone = this.#inGap && (head.flags & RecordFlag.held) !== 0;
    const refused = (head.flags & RecordFlag.refused) !== 0 || (gone && this.#enforcing);
    if (head.hook === EXEC) {
      const not = this.#enforcing && (untrusted || gone);
      return not ? { action: "deny", discipline: false } : LET_EXEC;
    }
    if ((head.flags & RecordFlag.held) !== 0 && !gone) return sink.decide(event, untrusted);
    return sink.happened(event, { refused, untrusted, ...(gone ? { gone } : {}) });
  }

  #unseen(head: RecordHead, { reason, detail }: Unseen): Answer {
    const { decoder, journal } = this.#options;
    this.#loss(reason, detail);
    const next = this.#enforcing ? 0 : decoder.nextAfterLoss(head);
    journal?.commit();
    return this.#enforcing ? NO : { flags: AnswerFlag.allow, next, instance: 0 };
  }

  /** Behaviours that programs recognise from now on. The journal is told before they do, and before the task has its answer. */
  #intern(wanted: readonly KeptKey[]): void {
    const { set, journal } = this.#options;
    const keys = set.fresh(wanted);
    if (journal !== undefined) {
      for (const each of keys) journal.key(each);
      journal.commit();
    }
    for (const { key, next, point } of keys) {
      const number = set.insert(key, 0, next);
      if (number >= this.#points.length) this.#points[number] = point;
    }
  }

  /** Forgets answers for tasks that were killed before they asked. */
  #sweep(): void {
    for (const tid of this.#answers.keys()) {
      if (!existsSync(`/proc/${tid}`)) this.#answers.delete(tid);
    }
    this.#sweepAbove = Math.max(MAX_UNASKED_ANSWERS, 2 * this.#answers.size);
  }

  /** What was taken so far, and what the programs have counted. */
  get stats(): SensorStats {
    const { hits, lost } = this.#options.namespace.counters();
    return { seen: this.#records + hits + lost, held: this.#held, lost: this.#lost };
  }

  get #enforcing(): boolean {
    return (this.#options.namespace.flags & NamespaceFlag.enforcing) !== 0;
  }

  #loss(reason: string, detail: string, events = 1n): void {
    this.#lost += events;
    this.#options.sink.lost(reason, detail);
  }

  /** Nobody runs in the namespace any more: what the programs have counted is final. Unless it stays: then they go on counting. */
  finish(): SensorStats {
    const { namespace, set, sink, stays, kept } = this.#options;
    if (stays?.() === true) {
      sink.answered(false);
      return this.stats;
    }
    const sums = new Map<string, bigint>();
    let counted = 0n;
    for (const [number, count] of set.counts().entries()) {
      counted += count;
      const point = this.#points[number];
      if (point !== undefined && count > 0n) sums.set(point, (sums.get(point) ?? 0n) + count);
    }
    for (const [point, count] of sums) sink.repeated(point, Number(count));
    const { hits, lost, sequence } = namespace.counters();
    if (lost > 0n) this.#loss("ring-full", `${lost} events happened without a record`, lost);
    const missing = sequence - this.#records;
    if (missing > 0n) this.#loss("records-missing", `${missing} records were not read`, missing);
    // a table that was being replaced goes with its agent
    const uncounted = kept === undefined ? 0n : hits - counted;
    if (uncounted > 0n)
      this.#loss("counts-missing", `${uncounted} known events are in no count`, uncounted);
    sink.answered(false);
    return { seen: this.#records + hits + lost, held: this.#held, lost: this.#lost };
  }
}

/** A slip of ours is no reason to let an event pass, nor to kill everybody: it counts as lost. */
function slip(error: unknown): Unseen {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new Unseen("internal-error", text.split("\n", 3).join(" "));
}
