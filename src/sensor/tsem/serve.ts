// SPDX-License-Identifier: Apache-2.0
// The loop of the TSEM sensor: takes records in the order of the kernel's queue, has each decided, and answers each waiting
// task exactly once. Blocks its thread until it is told that the workload is gone and the queue is empty.
import { readTsemRecord } from "../../event/index.ts";
import type { SecurityEvent, TsemDialect, TsemRecord } from "../../event/index.ts";
import { POLL_IN, pollAll } from "../../native/tsem.ffi.ts";
import type { SensorStats } from "../sensor.ts";
import type { Control } from "./control.ts";
import type { ExportFile } from "./export-file.ts";
import { MAX_RECORDS_A_TURN, NAMELESS_TICK_MS } from "./limits.ts";
import { NamelessWait } from "./nameless.ts";
import type { TsemSink } from "./sink.ts";
import { KnownTasks, type ProcessTasks } from "./tasks.ts";

export interface TsemServeOptions {
  readonly exportFile: ExportFile;
  readonly control: Control;
  readonly sink: TsemSink;
  /** How records are to be read: strictly as the kernel writes them, or as Quixote reads them. */
  readonly dialect: TsemDialect;
  readonly enforcing: boolean;
  /** Longest time that a task may wait which no record names (ms). */
  readonly deadlineMs: number;
  /** Readable, or closed at its other end, once no process of the workload is left. */
  readonly goneFd: number;
  /** The launcher's end of its reports: readable when the command could not be run. -1: none. */
  readonly reportsFd: number;
  readonly progress: { begin(): void; end(): void };
  /** The launcher, which is Galgo until it is the command: what it does before `go` is not the workload's. */
  readonly launcherPid: number;
  /** Lets the launcher exec the command. */
  go(): void;
  /** The platform's value, the first record of a namespace. */
  aggregate(value: string): void;
  /** `reportsFd` became readable. */
  launched(): void;
  /** Tasks of the workload, from /proc. */
  tasks(): readonly ProcessTasks[];
  /** The workload has to die, because it would hang otherwise. */
  hung(reason: string): void;
}

/** @throws TsemError BAD_EXPORT; the caller kills the workload */
export function serveTsem(options: TsemServeOptions): SensorStats {
  return new TsemLoop(options).run();
}

class TsemLoop {
  readonly #options: TsemServeOptions;
  readonly #known = new KnownTasks();
  readonly #nameless: NamelessWait;
  #reportsFd: number;
  /** The command has not been let go yet. */
  #before = true;
  #seen = 0n;
  #held = 0n;
  #lost = 0n;

  constructor(options: TsemServeOptions) {
    this.#options = options;
    this.#reportsFd = options.reportsFd;
    const { control, tasks, deadlineMs } = options;
    this.#nameless = new NamelessWait({
      known: this.#known,
      tasks,
      deadlineMs,
      release: (pid, tnum) => control.reply(true, pid, tnum),
      hung: options.hung,
    });
  }

  run(): SensorStats {
    // the launcher waits for its order: what it has caused is in the queue
    while (this.#drain());
    this.#before = false;
    this.#options.go();
    for (let gone = false; ; ) {
      const more = this.#drain();
      if (gone && !more) break;
      this.#nameless.look();
      gone ||= this.#wait(more ? 0 : this.#nameless.active ? NAMELESS_TICK_MS : -1);
    }
    return { seen: this.#seen, held: this.#held, lost: this.#lost };
  }

  /** Waits for something to do. @returns whether the workload is gone */
  #wait(timeoutMs: number): boolean {
    const { exportFile, goneFd, launched } = this.#options;
    const watched = [exportFile.fd, goneFd, this.#reportsFd];
    const [exported = 0, end = 0, reported = 0] = pollAll(watched, timeoutMs);
    if (reported !== 0) {
      this.#reportsFd = -1;
      launched();
    }
    // a file that only reports trouble would be polled without a pause; its end comes with the workload's
    if (exported !== 0 && (exported & POLL_IN) === 0 && end === 0)
      pollAll([goneFd], NAMELESS_TICK_MS);
    return end !== 0;
  }

  /** Takes what waits in the queue. @returns whether there may be more */
  #drain(): boolean {
    const { exportFile, progress, sink } = this.#options;
    for (let taken = 0; taken < MAX_RECORDS_A_TURN; taken++) {
      const text = exportFile.next();
      if (text === undefined) {
        if (taken > 0) sink.answered(false);
        return false;
      }
      progress.begin();
      this.#take(text);
      progress.end();
    }
    return true;
  }

  #take(text: string): void {
    let record: TsemRecord;
    try {
      record = readTsemRecord(text, { dialect: this.#options.dialect });
    } catch (error) {
      this.#unreadable(text, error instanceof Error ? error.message : String(error));
      return;
    }
    this.#nameless.advanced();
    if (this.#isOwn(record)) this.#own(record);
    else if (record.kind === "event") this.#event(record.event, text);
    else if (record.kind === "async_event") this.#asynchronous(record.event);
    else if (record.kind === "log") this.#logged(record);
    else if (record.kind === "aggregate") this.#options.aggregate(record.value);
    else if (record.kind === "nothing")
      this.#unnamed(text, "a record that does not say which task waits");
    else this.#unreadable(text, "a line of a trajectory in the place of an export record");
  }

  /** Done by Galgo in the namespace: the kernel asks for CAP_MAC_ADMIN at each command. */
  #isOwn(record: TsemRecord): boolean {
    if (!this.#before || !("event" in record)) return false;
    return record.event?.pid === this.#options.launcherPid;
  }

  #own(record: TsemRecord): void {
    if (record.kind !== "event") return;
    this.#reply(true, record.event.pid, record.event.tnum ?? 0n);
  }

  #event(event: SecurityEvent, text: string): void {
    if (event.pid === 0) {
      this.#unnamed(text, "an event without the number of its task");
      return;
    }
    this.#note(event);
    this.#held += 1n;
    // the kernel itself remembers who is untrusted, and exports no more events of those
    const { discipline } = this.#options.sink.decide(event, false);
    this.#reply(!discipline, event.pid, event.tnum ?? 0n);
    this.#options.sink.answered(true);
  }

  #asynchronous(event: SecurityEvent): void {
    this.#note(event);
    const { sink } = this.#options;
    // the only answer that an asynchronous event ever gets, and it gets it once
    if (sink.unheld(event, "async").action === "kill")
      this.#reply(false, event.pid, event.tnum ?? 0n);
    sink.answered(true);
  }

  #logged(record: Extract<TsemRecord, { kind: "log" }>): void {
    const { sink } = this.#options;
    if (record.event !== undefined) {
      this.#note(record.event);
      sink.unheld(record.event, "log");
    } else if (record.action === "DENY") {
      this.#seen += 1n;
      sink.refusedUnseen();
    } else {
      this.#loss("log-without-event", `${record.hook} of ${record.process}`);
    }
  }

  #note(event: SecurityEvent): void {
    this.#seen += 1n;
    if (event.pid > 0) this.#known.note(event.pid, event.tnum ?? 0n);
  }

  /** Nothing can be said of the event, but its task may wait: let it go on, or let all of it end. */
  #unreadable(text: string, why: string): void {
    const { sink, enforcing } = this.#options;
    this.#seen += 1n;
    this.#lost += 1n;
    sink.unreadable(text, why);
    const waits = waitingTask(text);
    if (waits === "nobody") return;
    if (waits !== undefined) {
      this.#known.note(waits.pid, waits.tnum);
      this.#reply(!enforcing, waits.pid, waits.tnum);
    } else if (!enforcing) {
      this.#nameless.begin();
    }
    sink.answered(true);
  }

  #unnamed(text: string, why: string): void {
    const { sink, enforcing } = this.#options;
    this.#seen += 1n;
    this.#lost += 1n;
    sink.unreadable(text, why);
    if (!enforcing) this.#nameless.begin();
    sink.answered(true);
  }

  #loss(reason: string, detail: string): void {
    this.#seen += 1n;
    this.#lost += 1n;
    this.#options.sink.lost(reason, detail);
  }

  #reply(trusted: boolean, pid: number, tnum: bigint): void {
    const outcome = this.#options.control.reply(trusted, pid, tnum);
    // a task that was killed while it waited is nobody to answer
    if (outcome === "done" || outcome === "ESRCH") return;
    this.#options.hung(`the kernel refuses the answer to task ${pid}: ${outcome}`);
  }
}

/** Who waits behind a record that can not be read. The kernel writes pid and tnum before any text of the workload's. */
function waitingTask(
  text: string,
): { readonly pid: number; readonly tnum: bigint } | "nobody" | undefined {
  if (/^\{"export": \{"type": "(?:async_event|log|aggregate)"\}/.test(text)) return "nobody";
  const head =
    /^\{"export": \{"type": "event"\}, "event": \{"pid": "(\d{1,10})"(?:, "tnum": "(\d{1,20})")?/.exec(
      text,
    );
  if (head === null) return undefined;
  return { pid: Number(head[1]), tnum: BigInt(head[2] ?? 0) };
}
