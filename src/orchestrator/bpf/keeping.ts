// SPDX-License-Identifier: Apache-2.0
// Keeps, beside a run that has attached to processes, what its agent alone knows: the kernel goes on with the namespace when Galgo is
// killed, and so can another Galgo. And reads it again.
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { EventOf, TaskIdentity } from "../../event/index.ts";
import type { PointObserver, SecurityPoint } from "../../model/runtime/index.ts";
import type {
  AgentJournal,
  AgentProgress,
  CreatedChange,
  KeptAgent,
  KeptKey,
} from "../../sensor/bpf/index.ts";
import type { SeenActor, SeenObject } from "../../sensor/bpf/types.ts";
import type { NamespaceTma } from "../../tma/index.ts";
import { MAX_JOURNAL_BYTES, MAX_LOSS_REASONS, MAX_RECORD_BYTES } from "../limits.ts";
import type { Heartbeat } from "../heartbeat.ts";
import type { Namespace } from "../namespace/namespace-types.ts";
import { lossesOf } from "../namespace/losses.ts";
import type { KeptNamespace, NamespaceCounts, NamespaceLedger } from "../namespace/ledger.ts";
import { JOURNAL, type KeptLines, LINE, readJournal } from "./journal-lines.ts";
import { KeptCounts } from "./kept-counts.ts";
import { runFolder } from "../state-dir.ts";
import type { KeepingSetup } from "./setup.ts";

/** What there was before; read before anything is written. */
interface Before {
  readonly lines: KeptLines;
  readonly agent: KeptAgent;
  readonly namespace: KeptNamespace;
  /** Counts of the points, those that the model began with first. */
  readonly count: (index: number) => number;
}

/**
 * The journal of one run, in a folder of its own. Lines wait until `commit`; numbers do not.
 */
export class RunKeeping implements AgentJournal, PointObserver, NamespaceLedger {
  readonly #folder: string;
  readonly #counts: KeptCounts;
  readonly #reasons = new Map<string, number>();
  readonly #before: Before | undefined;
  readonly #onGivenUp: (text: string) => void;
  #fd: number;
  #bytes: number;
  #waiting = "";
  #givenUp = false;
  /** What is told now of the model and by the primer was read from the journal. */
  #restoring: boolean;

  /**
   * @param how "begin" a journal, or "resume" with the one that is there
   * @param onGivenUp hears why nobody will be able to go on with the run
   * @throws Error of the file system; with "resume" also what `readJournal` throws
   */
  constructor(
    folder: string,
    how: "begin" | "resume",
    onGivenUp: (text: string) => void = () => undefined,
  ) {
    this.#folder = folder;
    this.#onGivenUp = onGivenUp;
    if (how === "begin") mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, JOURNAL);
    const { kept: lines, cutBytes } =
      how === "resume" ? readJournal(path) : { kept: undefined, cutBytes: 0 };
    // what is written from now on begins a line
    if (cutBytes > 0) truncateSync(path, statSync(path).size - cutBytes);
    this.#counts = new KeptCounts(folder);
    this.#before = lines === undefined ? undefined : beforeOf(lines, this.#counts);
    for (const { reason } of lines?.losses ?? []) this.#reasons.set(reason, this.#reasons.size);
    this.#fd = openSync(path, "a", 0o600);
    this.#bytes = fstatSync(this.#fd).size;
    this.#restoring = how === "resume";
  }

  /** What another agent has left; undefined at the beginning. */
  get agent(): KeptAgent | undefined {
    return this.#before?.agent;
  }

  get namespace(): KeptNamespace | undefined {
    return this.#before?.namespace;
  }

  /** What was told until now was read from the journal; from now on it is new. */
  restored(): void {
    this.#restoring = false;
  }

  /** Has a model that was made anew know what it knew. */
  restoreModel(tma: NamespaceTma): void {
    const before = this.#before;
    if (before === undefined) return;
    const { found, sealedAfter } = before.lines;
    const counts = [...tma.points(), ...found].map((_, index) => before.count(index));
    const loaded = tma.points().length;
    for (const [index, { coefficient }] of tma.points().entries())
      tma.repeated(coefficient, counts[index] ?? 0);
    for (const [at, coefficient] of found.entries()) {
      if (at === sealedAfter) tma.seal();
      tma.observe(coefficient);
      tma.repeated(coefficient, Math.max(0, (counts[loaded + at] ?? 0) - 1));
    }
    if (sealedAfter === found.length) tma.seal();
  }

  /** Whether all that was to be attached to is in the namespace that was left. */
  get wasAttached(): boolean {
    return this.#before?.lines.attached === true;
  }

  /** Everybody is in the namespace. */
  attached(): void {
    this.#tell(() => LINE.attached());
    this.commit();
  }

  // --- of the agent ---

  identity(identity: TaskIdentity): void {
    this.#tell(() => LINE.identity(identity));
  }

  key(key: KeptKey): void {
    this.#tell(() => LINE.key(key));
  }

  carried(counts: BigUint64Array): void {
    this.#tell(() => LINE.carried(counts));
  }

  created(change: CreatedChange): void {
    this.#tell(() => LINE.created(change));
  }

  actor(actor: SeenActor): void {
    if (!this.#restoring) this.#tell(() => LINE.actor(actor));
  }

  object(seen: SeenObject): void {
    if (!this.#restoring) this.#tell(() => LINE.object(seen));
  }

  progress({ records, held, refused, lost }: AgentProgress): void {
    this.#counts.setNumber("records", Number(records));
    this.#counts.setNumber("heldRecords", Number(held));
    this.#counts.setNumber("refusedRecords", Number(refused));
    this.#counts.setNumber("lostRecords", Number(lost));
  }

  commit(): void {
    if (this.#waiting === "" || this.#givenUp) return;
    const bytes = Buffer.from(this.#waiting, "utf8");
    this.#waiting = "";
    this.#bytes += bytes.length;
    if (this.#bytes > MAX_JOURNAL_BYTES) {
      this.#giveUp(`it would be larger than ${MAX_JOURNAL_BYTES} bytes`);
      return;
    }
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    } catch (error) {
      this.#giveUp(codeOf(error));
    }
  }

  /** An end that nobody can go on from, rather than a journal with a hole: numbers would be given twice. */
  #giveUp(why: string): void {
    this.#givenUp = true;
    try {
      rmSync(join(this.#folder, JOURNAL), { force: true });
    } catch {
      // what is in it is less than what the kernel knows: that is found out
    }
    this.#onGivenUp(
      `the journal of the run can not be written (${why}): when Galgo ends now, nobody can go on with the run, and the kernel decides alone`,
    );
  }

  // --- of the model ---

  added(index: number, { coefficient, count }: SecurityPoint): void {
    if (this.#restoring) return;
    this.#setPoint(index, count);
    if (count > 0) this.#tell(() => LINE.point(coefficient));
  }

  counted(index: number, count: number): void {
    if (!this.#restoring) this.#setPoint(index, count);
  }

  #setPoint(index: number, count: number): void {
    if (this.#givenUp) return;
    try {
      this.#counts.setPoint(index, count);
    } catch (error) {
      this.#giveUp(codeOf(error));
    }
  }

  aggregated(): void {
    // of the platform: this sensor has none
  }

  // --- of the namespace ---

  counts({ events, violations, refused }: NamespaceCounts): void {
    this.#counts.setNumber("events", events);
    this.#counts.setNumber("violations", violations);
    this.#counts.setNumber("refused", refused);
  }

  lost(reason: string, example: string): void {
    let number = this.#reasons.get(reason);
    if (number === undefined) {
      number = Math.min(this.#reasons.size, MAX_LOSS_REASONS);
      if (number < MAX_LOSS_REASONS) {
        this.#reasons.set(reason, number);
        this.#tell(() => LINE.loss(reason, example));
      }
    }
    this.#counts.addLoss(number);
  }

  program(record: EventOf<"bprm_committed_creds">): void {
    this.#tell(() => LINE.program(record));
  }

  grown(event: number): void {
    this.#tell(() => LINE.grown(event));
  }

  sealed(): void {
    this.#tell(() => LINE.sealed());
    this.commit();
  }

  // --- end ---

  /** @param end "over": the run has ended, and nobody goes on with it */
  close(end: "over" | "kept"): void {
    if (this.#fd < 0) return;
    if (end === "kept") this.commit();
    closeSync(this.#fd);
    this.#fd = -1;
    this.#counts.close();
    if (end === "over") rmSync(this.#folder, { recursive: true, force: true });
  }

  #tell(line: () => string): void {
    if (!this.#givenUp) this.#waiting += line();
  }
}

/** The journal of a run that is to have one; before its records are opened. @throws what `RunKeeping` throws */
export function openKeeping(
  setup: KeepingSetup | undefined,
  onGivenUp: (text: string) => void,
): RunKeeping | undefined {
  if (setup === undefined) return undefined;
  if (setup.adopt !== undefined) mendRecords(setup.directory);
  return new RunKeeping(setup.folder, setup.adopt === undefined ? "begin" : "resume", onGivenUp);
}

/** A record that was being written when Galgo was killed is left out: nobody has acted on it. */
function mendRecords(directory: string): void {
  const { trajectory, forensics, processes } = runFolder(directory, { name: "", runId: "" });
  for (const path of [trajectory, forensics, processes]) {
    if (!existsSync(path)) continue;
    const { size } = statSync(path);
    const cutBytes = cutTail(path, size);
    if (cutBytes > 0) truncateSync(path, size - cutBytes);
  }
}

/** Bytes behind the last newline. */
function cutTail(path: string, size: number): number {
  const fd = openSync(path, "r");
  try {
    const tail = Buffer.alloc(Math.min(size, MAX_RECORD_BYTES));
    readSync(fd, tail, 0, tail.length, size - tail.length);
    return tail.length - (tail.lastIndexOf("\n") + 1);
  } finally {
    closeSync(fd);
  }
}

/** A namespace goes on, and what is shown of it too. */
export function resume(namespace: Namespace, heartbeat: Heartbeat, kept: KeptNamespace): void {
  namespace.resume(kept);
  if (kept.sealed) heartbeat.sealed();
  const lost = kept.losses.reduce((sum, { count }) => sum + count, 0);
  heartbeat.resume({ ...kept, lost, extended: kept.growth.length });
}

/** One observer of all that there are. */
export function observing(
  ...observers: readonly (PointObserver | undefined)[]
): PointObserver | undefined {
  const all = observers.filter((observer) => observer !== undefined);
  if (all.length < 2) return all[0];
  return {
    added: (index, point) => {
      for (const each of all) each.added(index, point);
    },
    counted: (index, count) => {
      for (const each of all) each.counted(index, count);
    },
    aggregated: (hex) => {
      for (const each of all) each.aggregated(hex);
    },
  };
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

function beforeOf(lines: KeptLines, counts: KeptCounts): Before {
  const numbers = {
    records: BigInt(counts.number("records")),
    held: BigInt(counts.number("heldRecords")),
    refused: BigInt(counts.number("refusedRecords")),
    lost: BigInt(counts.number("lostRecords")),
  };
  const losses = lines.losses.map(({ reason, example }, at) => ({
    reason,
    example,
    count: counts.loss(at),
  }));
  return {
    lines,
    agent: { ...lines, ...numbers },
    namespace: {
      events: counts.number("events"),
      violations: counts.number("violations"),
      refused: counts.number("refused"),
      programs: lines.programs,
      growth: lines.growth,
      losses: lossesOf(losses, counts.loss(MAX_LOSS_REASONS)),
      sealed: lines.sealedAfter !== undefined,
    },
    count: (index) => counts.point(index),
  };
}
