// SPDX-License-Identifier: Apache-2.0
// JSON lines into a file, which may be rotated away at any time, or to the daemon's standard output.
import { type FileHandle, open, stat } from "node:fs/promises";
import { quote } from "../../../base/quote.ts";
import { SinkError, wordsOf } from "../errors.ts";
import { MAX_MESSAGE_BYTES } from "../limits.ts";
import type { Message, Sink } from "./sink.ts";

const NEWLINE = 0x0a;

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

  async send(messages: readonly Message[]): Promise<void> {
    try {
      const file = await this.#current();
      const { size } = await file.stat();
      const bytes = Buffer.from(messages.map(({ text }) => `${text}\n`).join(""), "utf8");
      try {
        for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
      } catch (error) {
        // what did not fit must not stay as a part of a line
        await file.truncate(size).catch(() => undefined);
        throw error;
      }
      await file.datasync().catch(ignoreUnsyncable);
    } catch (error) {
      await this.close();
      throw new SinkError("UNREACHABLE", `can not write (${wordsOf(error)})`, { cause: error });
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
    this.#file = await open(this.#path, "a+", this.#mode);
    await cutPartialLine(this.#file);
    return this.#file;
  }
}

/** A kill -9 in the middle of a write leaves a part of a line, whose entry comes again whole. */
async function cutPartialLine(file: FileHandle): Promise<void> {
  const found = await file.stat();
  if (!found.isFile() || found.size === 0) return;
  const chunk = Buffer.alloc(64 * 1024);
  for (let at = found.size; at > 0; ) {
    const from = Math.max(0, at - chunk.length);
    const { bytesRead } = await file.read(chunk, 0, at - from, from);
    const end = chunk.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (end >= 0) {
      if (from + end + 1 < found.size) await file.truncate(from + end + 1);
      return;
    }
    at = from;
  }
  await file.truncate(0);
}

/** Pipes and terminals have no disk behind them. */
function ignoreUnsyncable(error: NodeJS.ErrnoException): void {
  if (error.code !== "EINVAL" && error.code !== "EROFS" && error.code !== "ENOTSUP") throw error;
}

/** The daemon's standard output. */
export function stdoutSink(stream: NodeJS.WritableStream = process.stdout): Sink {
  // a reader that has gone away is told of by each write; without a listener it would end the daemon
  stream.on("error", () => undefined);
  return {
    target: "standard output",
    maxMessageBytes: MAX_MESSAGE_BYTES,
    send: async (messages) => {
      const text = messages.map((message) => `${message.text}\n`).join("");
      await new Promise<void>((resolve, reject) => {
        stream.write(text, (error) => (error == null ? resolve() : reject(unwritable(error))));
      });
    },
    close: async () => {},
  };
}

function unwritable(cause: Error): SinkError {
  return new SinkError("UNREACHABLE", `can not write (${wordsOf(cause)})`, { cause });
}
