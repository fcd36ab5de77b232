// SPDX-License-Identifier: Apache-2.0
// The journal: everything that outputs are to be told, numbered, in files of bounded size. Written once by the daemon's main thread, read by each
// output at its own pace. What has been written survives a kill -9; every second it is handed to the disk as well.
import { EventEmitter } from "node:events";
import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { quote } from "../../../base/quote.ts";
import { JournalError } from "../errors.ts";
import { KEPT_JOURNAL_BYTES, MAX_OUTPUTS, MAX_SEGMENT_BYTES, SYNC_MS } from "../limits.ts";
import { type EntryBody, entryLine } from "./entry.ts";
import { findSegments, repairEnd, type Segment, segmentPath } from "./segments.ts";

export interface JournalOptions {
  /** Made when it is not there; what is above it has to be. */
  readonly folder: string;
  /** All files together (bytes). */
  readonly maxBytes: number;
  /** Numbers up to this one have been used, whatever the files say: an output has had them. */
  readonly usedUpTo?: number;
}

/** A line to be appended: its body, and its record as text where it has one. */
export interface NewEntry {
  readonly body: EntryBody;
  readonly recordText?: string;
}

interface JournalEvents {
  /** Entries were appended. */
  appended: [];
}

export class Journal extends EventEmitter<JournalEvents> {
  /** Bytes of an entry that was cut by a crash and has been removed. */
  readonly cutBytes: number;
  /** Number of the last entry that was there when it was opened; 0: there was none. */
  readonly found: number;
  /** All files together (bytes). */
  maxBytes: number;
  readonly #options: JournalOptions;
  readonly #segments: Segment[];
  /** Lowest number that some output still wants; entries below it are removed sooner. */
  #wanted: () => number = () => 0;
  #next: number;
  #bytes = 0;
  #fd: number;
  #unsynced = false;
  #syncTimer: NodeJS.Timeout | undefined;

  /** @throws JournalError NOT_WRITABLE, BAD_JOURNAL */
  constructor(options: JournalOptions) {
    super();
    // each output waits for new entries
    this.setMaxListeners(MAX_OUTPUTS);
    this.#options = options;
    this.maxBytes = options.maxBytes;
    try {
      makeFolder(options.folder);
      this.#segments = findSegments(options.folder);
      const { found, cutBytes } = repair(this.#segments);
      this.cutBytes = cutBytes;
      this.found = found;
      this.#bytes = this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
      // after a power cut the files may know less than an output has had: numbers are not used twice
      const used = Math.max(found, options.usedUpTo ?? 0);
      this.#next = used + 1;
      const last = this.#segments.at(-1);
      const goesOn = last !== undefined && used === found;
      this.#fd = goesOn ? openSync(last.path, "a", 0o600) : this.#begin();
    } catch (error) {
      if (error instanceof JournalError) throw error;
      throw this.#notWritable(error);
    }
  }

  /** Number of the oldest entry that is kept. */
  get first(): number {
    return this.#segments[0]?.first ?? this.#next;
  }

  /** Number that the next entry gets. */
  get next(): number {
    return this.#next;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Files, oldest first; for readers. */
  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** Tells the journal which entries have been had by all outputs: those below the result. */
  keepFrom(wanted: () => number): void {
    this.#wanted = wanted;
  }

  /**
   * Appends entries and hands them to the kernel in one write. @throws JournalError NOT_WRITABLE; then none of them is in the journal
   */
  append(entries: readonly NewEntry[]): void {
    if (entries.length === 0) return;
    let text = "";
    let seq = this.#next;
    for (const { body, recordText } of entries) text += `${entryLine(seq++, body, recordText)}\n`;
    const segmentBytes = Math.min(MAX_SEGMENT_BYTES, this.maxBytes / 8);
    if ((this.#segments.at(-1)?.bytes ?? 0) >= segmentBytes) this.#rotate();
    this.#write(Buffer.from(text, "utf8"));
    this.#next = seq;
    this.#syncSoon();
    this.#prune();
    this.emit("appended");
  }

  /** Waits until everything is on the disk. */
  sync(): void {
    if (!this.#unsynced || this.#fd < 0) return;
    fdatasyncSync(this.#fd);
    this.#unsynced = false;
  }

  close(): void {
    if (this.#fd < 0) return;
    clearTimeout(this.#syncTimer);
    this.sync();
    closeSync(this.#fd);
    this.#fd = -1;
  }

  #write(bytes: Buffer): void {
    const segment = this.#segments.at(-1);
    if (segment === undefined) return;
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    } catch (error) {
      // neither a part of a line may stay nor one whose number is used again
      ftruncateSync(this.#fd, segment.bytes);
      throw this.#notWritable(error);
    }
    segment.bytes += bytes.length;
    this.#bytes += bytes.length;
  }

  #begin(): number {
    const path = segmentPath(this.#options.folder, this.#next);
    // opened first: what is written counts for the file that is listed last, and a failed write cuts that one
    const fd = openSync(path, "a", 0o600);
    this.#segments.push({ first: this.#next, path, bytes: 0 });
    return fd;
  }

  #rotate(): void {
    const before = this.#fd;
    try {
      this.sync();
      this.#fd = this.#begin();
    } catch (error) {
      throw this.#notWritable(error);
    }
    closeSync(before);
  }

  /** The oldest file goes when the journal is too large, or when all have had what is in it and enough of that is kept. */
  #prune(): void {
    for (;;) {
      const [oldest, second] = this.#segments;
      if (oldest === undefined || second === undefined) break;
      const had = this.#wanted() >= second.first;
      const limit = had ? Math.min(KEPT_JOURNAL_BYTES, this.maxBytes) : this.maxBytes;
      if (this.#bytes <= limit) break;
      try {
        rmSync(oldest.path, { force: true });
      } catch {
        // the entries just written are in the journal all the same; it is tried again with the next ones
        return;
      }
      this.#segments.shift();
      this.#bytes -= oldest.bytes;
    }
  }

  #syncSoon(): void {
    this.#unsynced = true;
    this.#syncTimer ??= setTimeout(() => {
      this.#syncTimer = undefined;
      if (this.#fd >= 0) this.#syncAside();
    }, SYNC_MS).unref();
  }

  /** By a descriptor of its own, which no rotation closes meanwhile. What can not be synced now is synced after the next entries. */
  #syncAside(): void {
    let fd: number;
    try {
      fd = openSync(this.#segments.at(-1)?.path ?? "", "r");
    } catch {
      return;
    }
    this.#unsynced = false;
    fdatasync(fd, (error) => {
      if (error !== null) this.#unsynced = true;
      closeSync(fd);
    });
  }

  #notWritable(cause: unknown): JournalError {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    return new JournalError(
      "NOT_WRITABLE",
      `can not write the journal in ${quote(this.#options.folder)} (${code}); outputs get nothing new until there is room`,
      { cause },
    );
  }
}

/** Cuts what a crash left of a last line. `found`: number of the last entry. */
function repair(segments: readonly Segment[]): { found: number; cutBytes: number } {
  for (const segment of segments) segment.bytes = statSync(segment.path).size;
  const last = segments.at(-1);
  if (last === undefined) return { found: 0, cutBytes: 0 };
  const end = repairEnd(last.path);
  last.bytes = end.bytes;
  return { found: end.last ?? last.first - 1, cutBytes: end.cutBytes };
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
