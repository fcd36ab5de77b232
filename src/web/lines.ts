// SPDX-License-Identifier: Apache-2.0
// Cuts a stream of bytes into lines of latin1 text, one character a byte, as a page can do it.
import { type LineSink, MAX_LINE_BYTES } from "../event/index.ts";

const NEWLINE = 10;
/** Characters given to String.fromCharCode at once. */
const CHUNK = 4096;

/** Takes chunks as they come; keeps the text of at most one line. */
export class LineCutter {
  readonly #sink: LineSink;
  #number = 1;
  #rest = "";
  /** Pieces given of the line in hand. */
  #pieces = 0;

  constructor(sink: LineSink) {
    this.#sink = sink;
  }

  /** Lines that have ended. */
  get lines(): number {
    return this.#number - 1;
  }

  push(chunk: Uint8Array): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end));
      this.#finish();
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
  }

  /** What is left is the last line, without its newline. */
  end(): void {
    if (this.#rest !== "" || this.#pieces > 0) this.#finish();
  }

  #keep(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += CHUNK) {
      this.#rest += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
      if (this.#rest.length > MAX_LINE_BYTES) {
        this.#sink.piece(this.#rest, this.#number, ++this.#pieces, false);
        this.#rest = "";
      }
    }
  }

  #finish(): void {
    const text = this.#rest;
    const number = this.#number++;
    this.#rest = "";
    if (this.#pieces === 0) this.#sink.line(text, number);
    else this.#sink.piece(text, number, this.#pieces + 1, true);
    this.#pieces = 0;
  }
}
