// SPDX-License-Identifier: Apache-2.0
// The screen of `galgo top` at work: looks at the workloads, reads records of the one that is open, draws what has changed.
import { Actors } from "../../orchestrator/inspect/index.ts";
import { drawn } from "../screen/line.ts";
import { isUtf8, Screen } from "../screen/terminal.ts";
import { withLook } from "./look.ts";
import type { Listed } from "./listed.ts";
import { RecordList } from "./record-view.ts";
import type { WorkloadSource } from "./source.ts";
import { initialState, LISTS, type ListName, type TopState } from "./state.ts";
import { type Effect, pressed, withRemark, withText } from "./update.ts";
import { view } from "./view.ts";
import { whyLines } from "./why.ts";

/** Frames are not drawn more often than that for records that come (ms); keys are answered at once. */
const FRAME_MS = 100;
/** The second look comes that soon (ms). */
const SECOND_MS = 300;
/** A look that takes longer is told of, and its time shown so often. */
const SILENT_MS = 2_000;

export interface TopOptions {
  readonly source: WorkloadSource;
  readonly intervalMs: number;
  readonly colours: boolean;
  /** Name or id that was asked for: where one workload has it, it is opened at once. */
  readonly only?: string;
}

/** Shows the screen until it is quit. Exit status: 0, or 128 and the signal that ended it. */
export function showTop(options: TopOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    new Top(options, resolve, reject).start();
  });
}

class Top {
  readonly #options: TopOptions;
  readonly #end: (status: number) => void;
  readonly #fail: (error: unknown) => void;
  readonly #screen: Screen;
  #state: TopState;
  #lookTimer: NodeJS.Timeout | undefined;
  #drawTimer: NodeJS.Timeout | undefined;
  #reading: AbortController | undefined;
  #over = false;

  constructor(options: TopOptions, end: (status: number) => void, fail: (error: unknown) => void) {
    this.#options = options;
    this.#end = end;
    this.#fail = fail;
    this.#screen = new Screen({
      onKey: (key) => this.#guard(() => this.#key(key)),
      onResize: () => this.#guard(() => this.#set({ ...this.#state, size: this.#screen.size })),
      onEnd: (status) => this.#finish(status),
    });
    const { only } = options;
    this.#state = {
      ...initialState(this.#screen.size, Date.now(), isUtf8(process.env)),
      ...(only === undefined ? {} : { only }),
    };
  }

  start(): void {
    process.once("uncaughtException", this.#crashed);
    this.#guard(() => this.#draw());
    void this.#looking();
  }

  async #looking(): Promise<void> {
    const since = Date.now();
    const waiting = setInterval(() => {
      this.#set({ ...this.#state, now: Date.now(), daemon: { kind: "silent", since } });
    }, SILENT_MS);
    try {
      const seen = await this.#options.source.look();
      if (this.#over) return;
      const first = this.#state.lookedAt === undefined;
      this.#set(withLook(this.#state, { now: Date.now(), ...seen }));
      // somebody who names a workload wants to see it whole
      if (first && this.#options.only !== undefined && seen.listed.length === 1) this.#key("enter");
      const { intervalMs } = this.#options;
      // rates need a second look
      const untilNext = first ? Math.min(SECOND_MS, intervalMs) : intervalMs;
      this.#lookTimer = setTimeout(() => void this.#looking(), untilNext);
    } catch (error) {
      this.#crashed(error);
    } finally {
      clearInterval(waiting);
    }
  }

  #key(key: string): void {
    const { state, effect } = pressed(this.#state, key);
    this.#set(state);
    if (effect !== undefined) this.#perform(effect);
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case "quit":
        this.#finish(0);
        break;
      case "redraw":
        this.#screen.redraw();
        this.#draw();
        break;
      case "suspend":
        this.#screen.suspend();
        break;
      case "open":
        this.#open(effect.id);
        break;
      case "kill":
        void this.#kill(effect.id);
        break;
      case "why":
        this.#why(effect.id, effect.number);
        break;
    }
  }

  #listed(id: string): Listed | undefined {
    return this.#state.rows.find(({ listed }) => listed.id === id)?.listed;
  }

  #open(id: string | undefined): void {
    this.#reading?.abort();
    this.#reading = undefined;
    const listed = id === undefined ? undefined : this.#listed(id);
    if (listed === undefined) return;
    const reading = new AbortController();
    this.#reading = reading;
    const actors = new Actors();
    const records = { forensics: new RecordList(actors), trajectory: new RecordList(actors) };
    this.#set({ ...this.#state, records });
    for (const name of LISTS) void this.#read(listed, name, records[name], reading.signal);
  }

  async #read(
    listed: Listed,
    name: ListName,
    into: RecordList,
    signal: AbortSignal,
  ): Promise<void> {
    const lull = setTimeout(() => this.#complete(into), FRAME_MS * 4);
    try {
      for await (const text of this.#options.source.records(listed, name, signal)) {
        if (signal.aborted) return;
        into.add(text);
        this.#drawSoon();
      }
    } catch (error) {
      if (signal.aborted) return;
      into.problem = error instanceof Error ? error.message : String(error);
    } finally {
      clearTimeout(lull);
      this.#complete(into);
    }
  }

  #complete(list: RecordList): void {
    list.complete = true;
    this.#drawSoon();
  }

  async #kill(id: string): Promise<void> {
    const { name = id, origin } = this.#listed(id) ?? {};
    const what = origin?.kind === "attached" ? "set free" : "killed";
    try {
      await this.#options.source.kill(id);
      this.#set(withRemark(this.#state, `${name} is being ${what}`, false));
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#set(withRemark(this.#state, text, true));
    }
  }

  /** Puts the explanation in the place of the record that is shown already. */
  #why(id: string, number: number): void {
    const listed = this.#listed(id);
    const { view: shown } = this.#state;
    if (listed === undefined || shown.kind !== "text") return;
    const { title, back, lines } = shown;
    this.#set(withText(this.#state, { title, back, lines: whyLines(listed, number, lines) }));
  }

  #set(state: TopState): void {
    this.#state = state;
    this.#draw();
  }

  #draw(): void {
    clearTimeout(this.#drawTimer);
    this.#drawTimer = undefined;
    if (this.#over) return;
    const { size, utf8 } = this.#state;
    const abilities = { colours: this.#options.colours, utf8 };
    const lines = view(this.#state).map((line) => drawn(line, size.columns, abilities));
    if (!this.#screen.draw(lines)) this.#drawSoon();
  }

  #drawSoon(): void {
    if (this.#over) return;
    this.#drawTimer ??= setTimeout(() => this.#guard(() => this.#draw()), FRAME_MS);
  }

  #finish(status: number): void {
    if (this.#over) return;
    this.#close();
    this.#end(status);
  }

  #close(): void {
    this.#over = true;
    this.#reading?.abort();
    clearTimeout(this.#lookTimer);
    clearTimeout(this.#drawTimer);
    process.off("uncaughtException", this.#crashed);
    this.#screen.close();
  }

  /** The terminal first, then the error. */
  readonly #crashed = (error: unknown): void => {
    if (this.#over) return;
    this.#close();
    this.#fail(error);
  };

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#crashed(error);
    }
  }
}
