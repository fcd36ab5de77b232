// SPDX-License-Identifier: Apache-2.0
// A terminal that draws (tmux), with a shell in it: what a person would see of a program that paints its screen.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

const DEADLINE_MS = 30_000;
const POLL_MS = 50;
/** Of the shell in it, at the begin of a line. */
export const PROMPT = "ready> ";

/** Why tests in it can not be run, if they can not. */
export function withoutTmux(): string | undefined {
  try {
    execFileSync("tmux", ["-V"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "tmux is not installed";
  }
}

export class Tmux {
  readonly #socket: string;

  /** @param size "80x24" @param env added to that of this process */
  constructor(t: TestContext, size: string, env: NodeJS.ProcessEnv) {
    const folder = mkdtempSync(join(tmpdir(), "galgo-tmux-"));
    this.#socket = join(folder, "socket");
    t.after(() => {
      try {
        this.#tmux("kill-server");
      } catch {
        // the shell has ended, and tmux with it
      }
      rmSync(folder, { recursive: true, force: true });
    });
    const [columns = "", rows = ""] = size.split("x");
    execFileSync(
      "tmux",
      [
        ...["-S", this.#socket, "-f", "/dev/null", "-u", "new-session", "-d"],
        ...["-x", columns, "-y", rows, "sh"],
      ],
      { env: { ...process.env, LC_ALL: "C.UTF-8", PS1: PROMPT, ENV: "", TMUX: "", ...env } },
    );
  }

  /** Types text, then Enter. */
  run(command: string): void {
    this.#tmux("send-keys", "-l", command);
    this.keys("Enter");
  }

  /** Presses keys by tmux's names: a, Enter, Down, C-c. */
  keys(...names: readonly string[]): void {
    this.#tmux("send-keys", ...names);
  }

  resize(size: string): void {
    const [columns = "", rows = ""] = size.split("x");
    this.#tmux("resize-window", "-x", columns, "-y", rows);
  }

  /** The lines that are shown, with their colours as sequences when asked for. */
  lines(colours = false): string[] {
    const text = this.#tmux("capture-pane", "-p", ...(colours ? ["-e"] : []));
    return text.replace(/\n$/, "").split("\n");
  }

  get text(): string {
    return this.lines().join("\n");
  }

  /** Value of one of tmux's formats: alternate_on, cursor_flag, wrap_flag, pane_title. */
  format(name: string): string {
    return this.#tmux("display-message", "-p", `#{${name}}`).trim();
  }

  /** Waits until what is shown is as wanted. @returns it */
  async see(pattern: RegExp): Promise<string> {
    return this.until((text) => pattern.test(text), String(pattern));
  }

  async until(wanted: (text: string) => boolean, what: string): Promise<string> {
    const deadline = performance.now() + DEADLINE_MS;
    for (;;) {
      const { text } = this;
      if (wanted(text)) return text;
      if (performance.now() > deadline) throw new Error(`no ${what} came; this is shown:\n${text}`);
      await pause(POLL_MS);
    }
  }

  #tmux(...args: readonly string[]): string {
    return execFileSync("tmux", ["-S", this.#socket, ...args], { encoding: "utf8" });
  }
}
