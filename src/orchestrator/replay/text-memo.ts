// SPDX-License-Identifier: Apache-2.0
// Remembers coefficients by the text of a record: what a workload does again is recognised without being decoded. The key is everything that
// a mapping looks at, as text: TASK_IDs, COE, hook and CELL. pid, numbers and times are no part of it, nor of any coefficient.
import type { HookName, RecordParts, TaskIdentity } from "../../event/index.ts";
import { MAX_MEMO_CHARS, MAX_MEMO_TEXTS } from "./limits.ts";

/** Characters that CELLs are told apart by first: a digest and the end of a name. */
const END_CHARS = 120;
/** CELLs that end alike and are kept. */
const MAX_ALIKE = 16;

/** Rules read numbers of the acting process in such names, and the process is no part of the key. */
const PROCESS_PATH = "/proc/";

/** Which CELLs are remembered: those that mean the same whichever process does it. */
export type Remembered = "all" | "but-proc" | "none";

/** A CELL that was read, and the next one that ends alike. */
interface Known {
  readonly cell: string;
  readonly coefficient: string;
  readonly next: Known | undefined;
}

/** By the end of the CELL: hashing all of it takes as long as everything else, and what differs mostly differs there. */
type ByEnd = Map<string, Known>;
type ByHook = Map<HookName, ByEnd>;
type ByCoe = Map<string, ByHook>;

export class TextMemo {
  readonly #remembered: Remembered;
  #tasks = new Map<string, ByCoe>();
  /** The same by the objects that records share: an exec makes new ones of the same ids, but not often. */
  #known = new WeakMap<TaskIdentity, ByCoe>();
  #texts = 0;
  #chars = 0;
  /** Who acts in the record before: most records repeat it. */
  #task: TaskIdentity | undefined;
  #coe = "";
  #coes: ByCoe = new Map();
  #hooks: ByHook = new Map();

  constructor(remembered: Remembered) {
    this.#remembered = remembered;
  }

  /** The coefficient of a record with these parts, when it is known. */
  get(parts: RecordParts): string | undefined {
    this.#turnTo(parts);
    const { cell } = parts;
    let known = this.#hooks.get(parts.hook)?.get(cell.slice(-END_CHARS));
    while (known !== undefined && known.cell !== cell) known = known.next;
    return known?.coefficient;
  }

  /** Keeps the coefficient of a record that was read. */
  set(parts: RecordParts, coefficient: string): void {
    if (this.#remembered === "none") return;
    if (this.#remembered === "but-proc" && parts.cell.includes(PROCESS_PATH)) return;
    if (this.#texts >= MAX_MEMO_TEXTS || this.#chars >= MAX_MEMO_CHARS) {
      this.#tasks = new Map();
      this.#known = new WeakMap();
      this.#texts = 0;
      this.#chars = 0;
      this.#task = undefined;
    }
    this.#turnTo(parts);
    let cells = this.#hooks.get(parts.hook);
    if (cells === undefined) {
      cells = new Map();
      this.#hooks.set(parts.hook, cells);
    }
    this.#texts += 1;
    this.#chars += parts.cell.length;
    // in memory of its own: a slice keeps the whole line, and is slow to compare
    const cell = Buffer.from(parts.cell, "latin1").toString("latin1");
    const end = cell.slice(-END_CHARS);
    cells.set(end, { cell, coefficient, next: shortened(cells.get(end)) });
  }

  #turnTo(parts: RecordParts): void {
    if (parts.task !== this.#task) this.#turnToTask(parts);
    else if (parts.coeText !== this.#coe) this.#turnToCoe(parts.coeText);
  }

  #turnToTask({ task, coeText }: RecordParts): void {
    let coes = this.#known.get(task);
    if (coes === undefined) {
      coes = this.#coesOf(task);
      this.#known.set(task, coes);
    }
    this.#task = task;
    this.#coes = coes;
    this.#turnToCoe(coeText);
  }

  #coesOf({ taskId, pTaskId }: TaskIdentity): ByCoe {
    const key = `${taskId} ${pTaskId}`;
    let coes = this.#tasks.get(key);
    if (coes === undefined) {
      coes = new Map();
      this.#tasks.set(key, coes);
      this.#chars += key.length;
    }
    return coes;
  }

  #turnToCoe(coe: string): void {
    let hooks = this.#coes.get(coe);
    if (hooks === undefined) {
      hooks = new Map();
      this.#coes.set(coe, hooks);
      this.#chars += coe.length;
    }
    this.#coe = coe;
    this.#hooks = hooks;
  }
}

/** The chain, or nothing when it is as long as it may be. */
function shortened(known: Known | undefined): Known | undefined {
  let length = 0;
  for (let one = known; one !== undefined; one = one.next) length += 1;
  return length < MAX_ALIKE ? known : undefined;
}
