// SPDX-License-Identifier: Apache-2.0
// The terminal while a screen is shown on it: alternate screen, raw keys, rows that changed. Whatever ends Galgo, except SIGKILL, it is
// given back as it was.
import { writeSync } from "node:fs";
import { constants } from "node:os";
import { StringDecoder } from "node:string_decoder";
import { frame } from "./frame.ts";
import { KeyReader, SEQUENCE_MS } from "./keys.ts";

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface ScreenEvents {
  onKey(key: string): void;
  /** Also after the screen was away (Ctrl-Z): draw everything. */
  onResize(): void;
  /** The terminal has gone, or a signal asks to end. The screen is closed already. @param status exit status for it */
  onEnd(status: number): void;
}

/** Alternate screen, no cursor, nothing wraps; wheel as cursor keys. */
const ENTER = "\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[?1007h\u001b[m\u001b[2J";
const LEAVE = "\u001b[?2026l\u001b[m\u001b[?1007l\u001b[?7h\u001b[?25h\u001b[?1049l";
const DEFAULT_SIZE: Size = { columns: 80, rows: 24 };
const ENDING = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;

/** True when both ends are terminals that know cursor addressing. */
export function canShowScreen(): boolean {
  const { stdin, stdout, env } = process;
  return stdin.isTTY === true && stdout.isTTY === true && env["TERM"] !== "dumb";
}

/** True when the locale says that the terminal takes UTF-8. */
export function isUtf8(env: NodeJS.ProcessEnv): boolean {
  const locale = [env["LC_ALL"], env["LC_CTYPE"], env["LANG"]].find((value) => value);
  return /utf-?8/i.test(locale ?? "");
}

export class Screen {
  readonly #events: ScreenEvents;
  readonly #keys = new KeyReader();
  readonly #decoder = new StringDecoder("utf8");
  #shown: readonly string[] = [];
  #open = false;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(events: ScreenEvents) {
    this.#events = events;
    this.#enter();
    const { stdin, stdout } = process;
    stdin.on("data", this.#read).on("end", this.#hangup).on("error", this.#hangup);
    stdout.on("resize", this.#resized).on("error", this.#hangup);
    for (const signal of ENDING) process.on(signal, this.#ended);
    process.on("SIGTSTP", this.#stop).on("SIGCONT", this.#continue);
    process.on("exit", this.#restore);
  }

  get size(): Size {
    const { columns, rows } = process.stdout;
    return columns > 0 && rows > 0 ? { columns, rows } : DEFAULT_SIZE;
  }

  /** Shows these rows; nothing is written when the terminal has not taken the last ones yet. False then. */
  draw(rows: readonly string[]): boolean {
    if (!this.#open || process.stdout.writableNeedDrain) return false;
    const text = frame(this.#shown, rows);
    this.#shown = rows;
    if (text !== "") process.stdout.write(text);
    return true;
  }

  /** The next rows are drawn whole. */
  redraw(): void {
    this.#shown = [];
    if (this.#open) process.stdout.write("\u001b[m\u001b[2J");
  }

  /** Away with the screen until the shell continues this job. */
  suspend(): void {
    // the whole job, as the terminal does it for a Ctrl-Z
    process.kill(0, "SIGTSTP");
  }

  close(): void {
    this.#closed = true;
    this.#restore();
    const { stdin, stdout } = process;
    stdin.off("data", this.#read).off("end", this.#hangup).pause();
    stdout.off("resize", this.#resized);
    for (const signal of ENDING) process.off(signal, this.#ended);
    process.off("SIGTSTP", this.#stop).off("SIGCONT", this.#continue).off("exit", this.#restore);
    clearTimeout(this.#timer);
  }

  #enter(): void {
    this.#open = true;
    this.#shown = [];
    process.stdin.setRawMode(true).resume();
    process.stdout.write(ENTER);
  }

  // synchronous: it must be out before the process ends
  readonly #restore = (): void => {
    if (!this.#open) return;
    this.#open = false;
    try {
      process.stdin.setRawMode(false);
      writeSync(1, LEAVE);
    } catch {
      // the terminal has gone
    }
  };

  readonly #read = (bytes: Buffer): void => {
    clearTimeout(this.#timer);
    for (const key of this.#keys.push(this.#decoder.write(bytes))) this.#events.onKey(key);
    if (!this.#keys.pending) return;
    this.#timer = setTimeout(() => {
      for (const key of this.#keys.flush()) this.#events.onKey(key);
    }, SEQUENCE_MS);
  };

  readonly #resized = (): void => {
    this.redraw();
    this.#events.onResize();
  };

  readonly #stop = (): void => {
    this.#restore();
    // without a listener the signal does what it always does
    process.off("SIGTSTP", this.#stop);
    process.kill(process.pid, "SIGTSTP");
    // the kernel stops no group that has no shell above it (a session's only program): then this is reached without SIGCONT
    setImmediate(() => {
      if (!this.#open && !this.#closed) this.#continue();
    });
  };

  readonly #continue = (): void => {
    if (!this.#open) process.on("SIGTSTP", this.#stop);
    // the shell has set the terminal to what it wants, also where SIGSTOP left us no time to say goodbye
    process.stdin.setRawMode(false);
    this.#enter();
    this.#resized();
  };

  readonly #hangup = (): void => {
    this.close();
    this.#events.onEnd(128 + constants.signals.SIGHUP);
  };

  readonly #ended = (signal: NodeJS.Signals): void => {
    this.close();
    this.#events.onEnd(128 + constants.signals[signal]);
  };
}
