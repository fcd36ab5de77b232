// SPDX-License-Identifier: Apache-2.0
// A pseudo-terminal with a program in it that has it as its controlling terminal, to type into and to read from.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { constants, openSync, writeSync } from "node:fs";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ReadStream } from "node:tty";
import { libc } from "../../src/native/libc.ffi.ts";
import { descendants, killProcess } from "../../src/sensor/seccomp/launch-tree.ts";

const TIOCSPTLCK = 0x40045431;
const TIOCGPTN = 0x80045430;
const DEADLINE_MS = 30_000;
const POLL_MS = 5;

/**
 * Says that it has begun, and each time that it was continued: by then a shell has given it the terminal, so that a Ctrl-C is its
 * own and not the shell's. No other program in it: a child of vfork that is stopped before its exec would keep its parent from stopping.
 */
export const STOPPABLE: readonly string[] = [
  "/bin/sh",
  "-c",
  "trap 'echo aw''ake' CONT; echo be''gun; read a; read b; read c",
];

/** A command line as it is typed to a shell. */
export function typed(words: readonly string[]): string {
  return `${words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ")}\n`;
}

export class Pty {
  readonly process: ChildProcess;
  readonly #master: number;
  #output = "";
  #seen = 0;

  /** Runs a command as the leader of a session of its own. It and all below it are killed after the test. */
  constructor(t: TestContext, command: readonly string[]) {
    this.#master = openSync("/dev/ptmx", constants.O_RDWR | constants.O_NOCTTY);
    const slave = `/dev/pts/${unlock(this.#master)}`;
    // a session leader that opens a terminal gets it as its controlling one
    const script = 'exec "$@" <"$0" >"$0" 2>&1';
    this.process = spawn("/bin/sh", ["-c", script, slave, ...command], {
      detached: true,
      stdio: "ignore",
      env: { ...process.env, PS1: "% ", TERM: "dumb", HISTFILE: "" },
    });
    const reader = new ReadStream(this.#master);
    reader.setEncoding("utf8");
    reader.on("data", (text: string) => {
      this.#output += text;
    });
    reader.on("error", () => undefined); // EIO: nobody has the other end open
    t.after(async () => {
      const { pid, exitCode, signalCode } = this.process;
      if (pid !== undefined && exitCode === null && signalCode === null) {
        [pid, ...descendants(pid)].forEach(killProcess);
      }
      await this.end();
      reader.destroy();
    });
  }

  /** Types text; "\x03" is Ctrl-C, "\x1a" Ctrl-Z. */
  type(text: string): void {
    writeSync(this.#master, text);
  }

  /** Waits for text after what was waited for before. @returns the match */
  async expect(pattern: RegExp, withinMs: number = DEADLINE_MS): Promise<RegExpExecArray> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const match = pattern.exec(this.#output.slice(this.#seen));
      if (match !== null) {
        this.#seen += match.index + match[0].length;
        return match;
      }
      if (performance.now() > deadline) {
        throw new Error(
          `${pattern} did not come; the terminal shows ${JSON.stringify(this.#output)}`,
        );
      }
      await pause(POLL_MS);
    }
  }

  /** Waits for the end of the session leader. */
  async end(): Promise<{ readonly code: number | null; readonly signal: string | null }> {
    const { process } = this;
    const deadline = performance.now() + DEADLINE_MS;
    while (process.exitCode === null && process.signalCode === null) {
      if (performance.now() > deadline) {
        throw new Error(`the session goes on; the terminal shows ${JSON.stringify(this.#output)}`);
      }
      await pause(POLL_MS);
    }
    return { code: process.exitCode, signal: process.signalCode };
  }

  /** Everything that the terminal has shown. */
  get output(): string {
    return this.#output;
  }
}

/** Number of the other end (/dev/pts/N) of an opened /dev/ptmx, which can be opened from now on. */
export function unlock(master: number): number {
  const ioctl = libc().func("int ioctl(int, unsigned long, void *)");
  const value = Buffer.alloc(4);
  if (ioctl(master, TIOCSPTLCK, value) < 0 || ioctl(master, TIOCGPTN, value) < 0) {
    throw new Error("this is no pseudo-terminal");
  }
  return value.readUInt32LE(0);
}
