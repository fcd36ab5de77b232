// SPDX-License-Identifier: Apache-2.0
// Very many short lines on stdout, written in large pieces; or the same as one JSON array.
import { out } from "./render.ts";

const PIECE_CHARS = 64 * 1024;
/** Stands for a value that is not there. */
const NONE = "-";

export class LineWriter {
  readonly #json: boolean;
  #waiting = "";
  #some = false;
  #open = true;

  constructor(json: boolean) {
    this.#json = json;
  }

  /** Adds one line. False when the reader is gone. */
  add(value: string | undefined): boolean {
    if (this.#json) {
      const text = value === undefined ? "null" : JSON.stringify(value);
      this.#waiting += this.#some ? `,\n${text}` : `[\n${text}`;
      this.#some = true;
    } else this.#waiting += `${value ?? NONE}\n`;
    if (this.#waiting.length >= PIECE_CHARS) this.flush();
    return this.#open;
  }

  flush(): void {
    const text = this.#waiting;
    this.#waiting = "";
    if (text !== "" && this.#open) this.#open = out(text);
  }

  /** Nothing follows. */
  end(): void {
    if (this.#json) this.#waiting += this.#some ? "\n]\n" : "[]\n";
    this.flush();
  }
}
