// SPDX-License-Identifier: Apache-2.0
// A file of records as a reader of the mounted directory sees it: in the text form of a TSEM kernel, with a size and random access. What was
// fetched once lies in a file without a name, so that memory does not grow with the run.
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recordText } from "../../orchestrator/live/index.ts";
import { MAX_READ_BYTES } from "./limits.ts";
import type { NamespaceSource, RecordKind } from "./source.ts";

const CHOICE = { trajectory: "extended", forensics: "violation" } as const;

export interface SpoolParts {
  readonly source: NamespaceSource;
  readonly id: string;
  readonly kind: RecordKind;
}

export class RecordSpool {
  /** Of the text (bytes). */
  size = 0;
  /** When the text grew last (ms since 1970). */
  changed: number = Date.now();
  readonly #parts: SpoolParts;
  readonly #fd: number;
  /** Lines of the run's file that were taken so far. */
  #taken = 0;
  /** End of the text, not written yet. */
  #unwritten: Buffer[] = [];
  #unwrittenBytes = 0;
  #catching: Promise<void> | undefined;
  #following: AbortController | undefined;
  #closed = false;

  /** @throws what the file system of temporary files says */
  constructor(parts: SpoolParts) {
    this.#parts = parts;
    this.#fd = namelessFile();
  }

  /** Takes what is there by now; what was taken before stays when that can not be had. @throws FileError */
  async fetch(): Promise<void> {
    const { source, id, kind } = this.#parts;
    await this.#takeAll(source.records(id, kind, this.#taken));
  }

  /** As `fetch`, but who asks while another fetch is under way shares that one. @throws FileError */
  catchUp(): Promise<void> {
    this.#catching ??= this.fetch().finally(() => {
      this.#catching = undefined;
    });
    return this.#catching;
  }

  /** From now on takes records as they come, the last ones before the workload's end too. */
  follow(): void {
    if (this.#following !== undefined) return;
    const stop = new AbortController();
    this.#following = stop;
    void this.#followUntil(stop);
  }

  get isFollowing(): boolean {
    return this.#following !== undefined;
  }

  unfollow(): void {
    this.#following?.abort();
    this.#following = undefined;
  }

  /** At most `bytes` of the text from `at` on; only for who has it open. */
  read(at: number, bytes: number): Buffer {
    this.#flush();
    const content = Buffer.alloc(Math.max(0, Math.min(bytes, MAX_READ_BYTES, this.size - at)));
    const length = content.length === 0 ? 0 : readSync(this.#fd, content, 0, content.length, at);
    return content.subarray(0, length);
  }

  /** What is still on its way is dropped: the number of the descriptor may soon be another file's. */
  close(): void {
    this.#closed = true;
    this.unfollow();
    closeSync(this.#fd);
  }

  async #followUntil(stop: AbortController): Promise<void> {
    const { source, id, kind } = this.#parts;
    try {
      await this.#takeAll(source.follow(id, kind, this.#taken, stop.signal));
    } catch {
      // the daemon has gone or nobody has the file open any more: who looks next catches up, or is told
    }
    if (this.#following === stop) this.#following = undefined;
  }

  /** Two streams may bring the same lines: one that follows, and one for somebody who opens the file meanwhile. */
  async #takeAll(lines: AsyncIterable<string>): Promise<void> {
    let number = this.#taken;
    for await (const line of lines) {
      if (this.#closed) return;
      if (number === this.#taken) this.#take(line);
      number += 1;
    }
  }

  #take(line: string): void {
    this.#taken += 1;
    const { kind } = this.#parts;
    const text = recordText(line, CHOICE[kind]);
    if (text === undefined) return;
    const bytes = Buffer.from(`${text}\n`);
    this.#unwritten.push(bytes);
    this.#unwrittenBytes += bytes.length;
    this.size += bytes.length;
    this.changed = Date.now();
    if (this.#unwrittenBytes >= MAX_READ_BYTES) this.#flush();
  }

  #flush(): void {
    if (this.#unwrittenBytes === 0) return;
    const bytes = Buffer.concat(this.#unwritten);
    let at = this.size - bytes.length;
    for (let done = 0; done < bytes.length; ) {
      const written = writeSync(this.#fd, bytes, done, bytes.length - done, at);
      done += written;
      at += written;
    }
    this.#unwritten = [];
    this.#unwrittenBytes = 0;
  }
}

/** What a workload does is nobody's business but its owner's: nobody else can open it. */
function namelessFile(): number {
  const folder = mkdtempSync(join(tmpdir(), "galgo-mount-"));
  try {
    return openSync(join(folder, "records"), "wx+", 0o600);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
