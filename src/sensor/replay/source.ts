// SPDX-License-Identifier: Apache-2.0
// The bytes of a recorded stream: a file or stdin, as they are or compressed by gzip, in memory that does not grow with the stream.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { createGunzip } from "node:zlib";
import { quote } from "../../base/quote.ts";
import { StreamError } from "./errors.ts";
import { READ_BYTES, RETRY_MS } from "./limits.ts";

const STDIN = 0;
const GZIP_MAGIC = [0x1f, 0x8b] as const;

/** An opened stream. */
export interface ByteSource {
  /** For messages: `stdin` or the quoted path. */
  readonly name: string;
  /** Bytes of a regular file as it lies on the disk; undefined for everything else. */
  readonly sizeBytes: number | undefined;
  /** Bytes taken from the file or pipe so far, before they are unpacked. */
  readonly takenBytes: number;
  /**
   * The content, once; gzip is recognised by its first bytes and unpacked. A chunk is valid until the next one is asked for.
   * Throws `StreamError` READ_FAILED, CUT_GZIP, BAD_GZIP.
   */
  chunks(): AsyncGenerator<Buffer, void>;
  close(): void;
}

/** Opens a file, or stdin for `-`. Throws `StreamError` NO_FILE. */
export function openSource(file: string): ByteSource {
  if (file === "-") return new DescriptorSource(STDIN, "stdin");
  let fd: number;
  try {
    fd = openSync(file, "r");
  } catch (cause) {
    throw new StreamError("NO_FILE", `can not read ${quote(file)} (${codeOf(cause)})`, { cause });
  }
  return new DescriptorSource(fd, quote(file));
}

class DescriptorSource implements ByteSource {
  readonly name: string;
  readonly sizeBytes: number | undefined;
  takenBytes = 0;
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES);

  constructor(fd: number, name: string) {
    this.#fd = fd;
    this.name = name;
    const stat = fstatSync(fd);
    this.sizeBytes = stat.isFile() ? stat.size : undefined;
  }

  async *chunks(): AsyncGenerator<Buffer, void> {
    const head = await this.#head();
    const packed = GZIP_MAGIC.every((byte, at) => head[at] === byte);
    if (packed) yield* unpacked(this.#raw(head), this.name);
    else yield* this.#raw(head);
  }

  close(): void {
    if (this.#fd !== STDIN) closeSync(this.#fd);
  }

  /** Enough of the beginning to tell gzip, fewer bytes only when there are no more. */
  async #head(): Promise<Buffer> {
    let size = 0;
    while (size < GZIP_MAGIC.length) {
      const more = await this.#read(size);
      if (more === 0) break;
      size += more;
    }
    return this.#buffer.subarray(0, size);
  }

  async *#raw(head: Buffer): AsyncGenerator<Buffer, void> {
    if (head.length > 0) yield head;
    for (;;) {
      const size = await this.#read(0);
      if (size === 0) return;
      yield this.#buffer.subarray(0, size);
    }
  }

  /** Reads behind `at` in the buffer; 0 at the end. Synchronous where it can be: nothing else is to be done meanwhile. */
  async #read(at: number): Promise<number> {
    for (;;) {
      try {
        const size = readSync(this.#fd, this.#buffer, at, READ_BYTES - at, null);
        this.takenBytes += size;
        return size;
      } catch (cause) {
        const code = codeOf(cause);
        if (code === "EOF") return 0;
        // a stdin that somebody made non-blocking
        if (code !== "EAGAIN" && code !== "EINTR") {
          throw new StreamError("READ_FAILED", `can not read ${this.name} (${code})`, { cause });
        }
        await delay(RETRY_MS);
      }
    }
  }
}

async function* unpacked(raw: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer, void> {
  const gunzip = createGunzip({ chunkSize: READ_BYTES });
  // its failure is told by the loop below, which reads what it makes
  const feeding = pipeline(Readable.from(copies(raw)), gunzip).catch(() => undefined);
  try {
    for await (const chunk of gunzip) yield chunk as Buffer;
  } catch (error) {
    throw error instanceof StreamError ? error : gzipError(error, name);
  }
  await feeding;
}

/** The stream holds on to what it is given while the next piece is read. */
async function* copies(raw: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  for await (const chunk of raw) yield Buffer.from(chunk);
}

function gzipError(cause: unknown, name: string): StreamError {
  if (codeOf(cause) === "Z_BUF_ERROR") {
    const problem = `${name} is compressed by gzip and stops before its end: it was cut`;
    return new StreamError("CUT_GZIP", problem, { cause });
  }
  const why = cause instanceof Error ? cause.message : String(cause);
  return new StreamError("BAD_GZIP", `${name} is damaged gzip data: ${quote(why, 120)}`, { cause });
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
