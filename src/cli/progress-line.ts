// SPDX-License-Identifier: Apache-2.0
// One line on the terminal that says how far long work has come; nothing where stderr is no terminal.
import { count, sayRaw } from "./render.ts";

/** Work that is over sooner needs no word. */
const FIRST_MS = 500;
const EVERY_MS = 200;
const CLEAR = "\r\u001b[K";

export class ProgressLine {
  readonly wanted: boolean = process.stderr.isTTY === true && process.env["TERM"] !== "dumb";
  #next = performance.now() + FIRST_MS;
  #shown = false;

  show({ records, share }: { readonly records: number; readonly share: number | undefined }): void {
    const now = performance.now();
    if (!this.wanted || now < this.#next) return;
    this.#next = now + EVERY_MS;
    this.#shown = true;
    const part = share === undefined ? "" : ` ${Math.floor(Math.min(1, share) * 100)} %`;
    sayRaw(`${CLEAR}galgo: replaying${part}, ${count(records)} records`);
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#shown) sayRaw(CLEAR);
    this.#shown = false;
  }
}
