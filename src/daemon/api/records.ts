// SPDX-License-Identifier: Apache-2.0
// The lines of a record file as they are written, as a stream: whole lines only, from a given one on, and on request those that come later.
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { FOLLOW_POLL_MS, RECORD_PIECE_BYTES } from "../limits.ts";

export interface LineRequest {
  readonly path: string;
  /** Lines that are left out at the begin. */
  readonly from: number;
  /** Go on with later lines until this settles; undefined: end with what is there. */
  readonly until?: Promise<unknown>;
  readonly signal: AbortSignal;
}

const NEWLINE = 0x0a;

/** Pieces of the file, each of whole lines. A file that is not there yet has no lines. */
export async function* recordLines(request: LineRequest): AsyncGenerator<Uint8Array> {
  const end = new End(request);
  const file = await openWhenThere(request, end);
  if (file === undefined) return;
  const tail = new LineTail(file, request.from);
  try {
    for (;;) {
      // asked before reading: what was written by then is read below
      const last = end.reached;
      yield* piecesOf(tail, request.signal);
      if (last) return;
      await end.wait();
    }
  } finally {
    await file.close();
  }
}

async function* piecesOf(tail: LineTail, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  while (!signal.aborted) {
    const piece = await tail.next();
    if (piece === undefined) return;
    if (piece.length > 0) yield piece;
  }
}

/** When there is nothing more to wait for. */
class End {
  reached: boolean;
  readonly #signal: AbortSignal;
  readonly #until: Promise<unknown>;

  constructor({ until, signal }: LineRequest) {
    this.reached = until === undefined;
    this.#signal = signal;
    const reach = (): void => {
      this.reached = true;
    };
    this.#until = (until ?? Promise.resolve()).then(reach, reach);
    signal.addEventListener("abort", reach, { once: true });
  }

  async wait(): Promise<void> {
    const options = { signal: this.#signal };
    await Promise.race([this.#until, pause(FOLLOW_POLL_MS, undefined, options).catch(() => {})]);
  }
}

async function openWhenThere({ path }: LineRequest, end: End): Promise<FileHandle | undefined> {
  for (;;) {
    const last = end.reached;
    try {
      return await open(path, "r");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
    if (last) return undefined;
    await end.wait();
  }
}

/** Reads on where it stopped. */
class LineTail {
  readonly #file: FileHandle;
  readonly #buffer = Buffer.alloc(RECORD_PIECE_BYTES);
  /** The begin of a line whose end has not come. */
  #rest: Uint8Array = new Uint8Array(0);
  #skip: number;

  constructor(file: FileHandle, skip: number) {
    this.#file = file;
    this.#skip = skip;
  }

  /** Whole lines (none: empty), or undefined at the end of the file. */
  async next(): Promise<Uint8Array | undefined> {
    const { bytesRead } = await this.#file.read(this.#buffer, 0, this.#buffer.length, null);
    if (bytesRead === 0) return undefined;
    const bytes = Buffer.concat([this.#rest, this.#buffer.subarray(0, bytesRead)]);
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    this.#rest = bytes.subarray(end);
    return this.#skipped(bytes.subarray(0, end));
  }

  #skipped(lines: Buffer): Uint8Array {
    let at = 0;
    while (this.#skip > 0 && at < lines.length) {
      at = lines.indexOf(NEWLINE, at) + 1;
      this.#skip -= 1;
    }
    return lines.subarray(at);
  }
}
