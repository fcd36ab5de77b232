// SPDX-License-Identifier: Apache-2.0
// Bytes to physical lines. A line is latin1 text, one character a byte: cheap to make, and nothing is lost whatever the bytes are.
import type { LineSink } from "./joiner.ts";
import { MAX_LINE_BYTES } from "./limits.ts";

const NEWLINE = 10;

/** Latin1 text of the bytes from `start` up to `end` of a chunk: each platform has its own fastest way. */
export type Latin1Text = (chunk: Uint8Array, start: number, end: number) => string;

/** Cuts chunks into lines, as they come; keeps the text of at most one line. */
export class LineSplitter {
  readonly #sink: LineSink;
  readonly #text: Latin1Text;
  #number = 1;
  #rest = "";
  /** Pieces given of the line in hand. */
  #pieces = 0;

  constructor(sink: LineSink, text: Latin1Text) {
    this.#sink = sink;
    this.#text = text;
  }

  /** Lines that have ended. */
  get lines(): number {
    return this.#number - 1;
  }

  push(chunk: Uint8Array): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const text = this.#text(chunk, start, end);
      if (this.#rest === "" && this.#pieces === 0 && text.length <= MAX_LINE_BYTES)
        this.#sink.line(text, this.#number++);
      else this.#finish(text);
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(this.#text(chunk, start, chunk.length));
  }

  /** The stream has ended: what is left is the last line, without its newline. */
  end(): void {
    if (this.#rest !== "" || this.#pieces > 0) this.#finish("");
  }

  #keep(text: string): void {
    this.#rest += text;
    if (this.#rest.length <= MAX_LINE_BYTES) return;
    this.#sink.piece(this.#rest, this.#number, ++this.#pieces, false);
    this.#rest = "";
  }

  #finish(text: string): void {
    const whole = this.#rest + text;
    this.#rest = "";
    const number = this.#number++;
    if (this.#pieces === 0 && whole.length <= MAX_LINE_BYTES) this.#sink.line(whole, number);
    else {
      this.#sink.piece(whole, number, this.#pieces + 1, true);
      this.#pieces = 0;
    }
  }
}
