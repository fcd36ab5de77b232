// SPDX-License-Identifier: Apache-2.0
// JSON lines into a file, which may be rotated away at any time, or to the daemon's standard output.
import { constants, write } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { quote } from "../../../base/quote.ts";
import { SinkError, wordsOf } from "../errors.ts";
import { FULL_PAUSE_MS, MAX_MESSAGE_BYTES } from "../limits.ts";
import type { Message, Sink } from "./sink.ts";

const NEWLINE = 0x0a;
const STDOUT = 1;
/** Appends; a pipe that nobody reads does not hold a thread of the daemon. */
const APPEND = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
const writeSome = promisify(write);

/** @param mode of a file that is made */
export function fileSink(path: string, mode = 0o640): Sink {
  return new FileSink(path, mode);
}

class FileSink implements Sink {
  readonly target: string;
  readonly maxMessageBytes = MAX_MESSAGE_BYTES;
  readonly #path: string;
  readonly #mode: number;
  #file: FileHandle | undefined;

  constructor(path: string, mode: number) {
    this.#path = path;
    this.#mode = mode;
    this.target = `file ${quote(path)}`;
  }

  async send(messages: readonly Message[], signal: AbortSignal): Promise<void> {
    try {
      const file = await this.#current();
      const { size } = await file.stat();
      try {
        await writeAll(file.fd, linesOf(messages), signal);
      } catch (error) {
        // what did not fit must not stay as a part of a line
        await file.truncate(size).catch(() => undefined);
        throw error;
      }
      await file.datasync().catch(ignoreUnsyncable);
    } catch (error) {
      await this.close();
      throw unwritable(error);
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined);
  }

  /** The file that has the name now: whoever rotates files moves them away. */
  async #current(): Promise<FileHandle> {
    if (this.#file !== undefined) {
      const [mine, named] = await Promise.all([
        this.#file.stat(),
        stat(this.#path).catch(() => undefined),
      ]);
      if (named?.ino === mine.ino && named.dev === mine.dev) return this.#file;
      await this.close();
    }
    this.#file = await open(this.#path, APPEND, this.#mode);
    await cutPartialLine(this.#file);
    return this.#file;
  }
}

/** How lines of all formats begin. */
const STARTS = ['{"apiVersion":"galgo.dev/v1"', '{"activity_id":', '{"export":'];

/** A kill -9 in the middle of a write leaves a part of a line, whose entry comes again whole. What is not ours gets its end of line. */
async function cutPartialLine(file: FileHandle): Promise<void> {
  const found = await file.stat();
  if (!found.isFile() || found.size === 0) return;
  const end = await endOfLines(file, found.size);
  if (end === found.size) return;
  const first = Buffer.alloc(STARTS[0]?.length ?? 0);
  const { bytesRead } = await file.read(first, 0, first.length, end);
  const part = first.toString("latin1", 0, bytesRead);
  const ours = STARTS.some((start) => part.startsWith(start) || start.startsWith(part));
  if (ours) await file.truncate(end);
  else await file.write("\n");
}

/** Offset behind the last newline; 0 when there is none. */
async function endOfLines(file: FileHandle, size: number): Promise<number> {
  const chunk = Buffer.alloc(64 * 1024);
  for (let at = size; at > 0; ) {
    const from = Math.max(0, at - chunk.length);
    const { bytesRead } = await file.read(chunk, 0, at - from, from);
    const end = chunk.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (end >= 0) return from + end + 1;
    at = from;
  }
  return 0;
}

/** Pipes and terminals have no disk behind them. */
function ignoreUnsyncable(error: NodeJS.ErrnoException): void {
  if (error.code !== "EINVAL" && error.code !== "EROFS" && error.code !== "ENOTSUP") throw error;
}

/** The daemon's standard output. Not by process.stdout, whose writes to a pipe make the whole daemon wait for a slow reader. */
export function stdoutSink(fd: number = STDOUT): Sink {
  return {
    target: "standard output",
    maxMessageBytes: MAX_MESSAGE_BYTES,
    send: async (messages, signal) => {
      try {
        await writeAll(fd, linesOf(messages), signal);
      } catch (cause) {
        throw unwritable(cause);
      }
    },
    close: async () => {},
  };
}

/** All of `bytes`, in order; whoever reads a pipe is waited for until `signal`. */
async function writeAll(fd: number, bytes: Buffer, signal: AbortSignal): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    signal.throwIfAborted();
    try {
      at += (await writeSome(fd, bytes, at)).bytesWritten;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      await pause(FULL_PAUSE_MS, undefined, { signal });
    }
  }
}

function linesOf(messages: readonly Message[]): Buffer {
  return Buffer.from(messages.map(({ text }) => `${text}\n`).join(""), "utf8");
}

function unwritable(cause: unknown): SinkError {
  return new SinkError("UNREACHABLE", `can not write (${wordsOf(cause)})`, { cause });
}
