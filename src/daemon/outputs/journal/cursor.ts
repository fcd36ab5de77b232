// SPDX-License-Identifier: Apache-2.0
// How far an output has come, in a file of its own: <folder>/output-<name>.json.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { quote } from "../../../base/quote.ts";
import { writeAtomic } from "../../../orchestrator/inspect/index.ts";
import { JournalError } from "../errors.ts";
import { CURSOR_MS } from "../limits.ts";

/** What is kept of an output. */
export interface CursorState {
  /** Number of the entry that it gets next. */
  readonly next: number;
  /** Since the output exists: entries that it never got because the journal was full, and those that its receiver refused or that were too long. */
  readonly dropped: number;
  readonly refused: number;
}

export class Cursor {
  readonly #path: string;
  #state: CursorState | undefined;
  #written = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Why the last writing that nobody waited for failed. */
  #failure: unknown;

  /** @throws JournalError BAD_JOURNAL */
  constructor(folder: string, name: string) {
    this.#path = join(folder, `output-${name}.json`);
    this.#state = readState(this.#path);
  }

  /** undefined: this output is new. */
  get state(): CursorState | undefined {
    return this.#state;
  }

  /** Written at once when the last time is long enough ago, else soon. @throws Error of the file system, also of an earlier writing */
  move(state: CursorState): void {
    this.#state = state;
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
    const wait = this.#written + CURSOR_MS - Date.now();
    if (wait <= 0) this.save();
    else this.#timer ??= setTimeout(() => this.#saveLater(), wait).unref();
  }

  #saveLater(): void {
    try {
      this.save();
    } catch (error) {
      this.#failure = error;
    }
  }

  /** @throws Error of the file system */
  save(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#state === undefined) return;
    this.#written = Date.now();
    writeAtomic(this.#path, `${JSON.stringify(this.#state)}\n`);
  }
}

function readState(path: string): CursorState | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const { next, dropped = 0, refused = 0 } = JSON.parse(text) as Partial<CursorState>;
    if (Number.isSafeInteger(next) && next !== undefined) return { next, dropped, refused };
  } catch {
    // said below
  }
  throw new JournalError(
    "BAD_JOURNAL",
    `${quote(path)} does not say how far its output has come; remove it and the output begins as a new one`,
  );
}
