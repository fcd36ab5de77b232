// SPDX-License-Identifier: Apache-2.0
// A helper program of a test as a process of its own: lines in, lines out.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";

/** What a helper says, when it says it in JSON. */
export type Said = Readonly<Record<string, unknown>> & { readonly what: string };

export class LineHelper {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  /** @param script beside this file; it is killed when the test is over */
  constructor(t: TestContext, script: string, args: readonly string[]) {
    const words = ["--import", "tsx", join(import.meta.dirname, script), ...args];
    this.child = spawn(process.execPath, words, { stdio: ["pipe", "pipe", "inherit"] });
    const { stdout } = this.child;
    assert.ok(stdout);
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
    t.after(() => this.child.kill("SIGKILL"));
  }

  async line(): Promise<string> {
    return String((await this.#lines.next()).value);
  }

  /** The next that it says of one of these, or that it has failed. */
  async said(...what: readonly string[]): Promise<Said> {
    for (;;) {
      const said = JSON.parse(await this.line()) as Said;
      if (what.includes(said.what) || said.what === "failed") return said;
    }
  }

  send(text: string): void {
    this.child.stdin?.write(`${text}\n`);
  }
}
