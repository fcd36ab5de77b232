// SPDX-License-Identifier: Apache-2.0
// Bytes to physical lines. A line is latin1 text, one character a byte: cheap to make, and nothing is lost whatever the bytes are.
import { type LineSink, MAX_LINE_BYTES } from "../../event/index.ts";

const NEWLINE = 10;

/** Buffer's own way to latin1 text, faster than toString and missing in its type. */
type Latin1 = Buffer & { latin1Slice(start: number, end?: number): string };

/** Cuts chunks into lines. */
export class LineSplitter {
  readonly #sink: LineSink;
  #number = 1;
  #rest = "";
  /** Pieces given of the line in hand. */
  #pieces = 0;

  constructor(sink: LineSink) {
    this.#sink = sink;
  }

  /** Bytes behind the last newline that are kept. */
  get waiting(): number {
    return this.#rest.length;
  }

  push(bytes: Buffer): void {
    const chunk = bytes as Latin1;
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const text = chunk.latin1Slice(start, end);
      if (this.#rest === "" && this.#pieces === 0) this.#sink.line(text, this.#number++);
      else this.#finish(text);
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.latin1Slice(start));
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
