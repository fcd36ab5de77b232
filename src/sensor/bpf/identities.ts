// SPDX-License-Identifier: Apache-2.0
// Numbers of identities. The kernel knows who acts by a number: an even one for each (TASK_ID, PTASK_ID) that an exec leads to,
// the odd one above it for what such a program forks, so that a child's number is known without asking.
import type { TaskIdentity } from "../../event/event.ts";
import { Unseen } from "../file/unseen.ts";
import type { AgentJournal } from "./journal.ts";
import { IdentityNumber } from "./layout.gen.ts";
import type { IdentityNumbers } from "./types.ts";

/** 0 stands for none. */
const FIRST = 2;
const STEP = 2;

/** What is needed to tell who forks and who begins. */
export interface IdentitySource {
  readonly root: TaskIdentity;
  readonly emptyDigest: string;
  forked(parent: TaskIdentity): TaskIdentity;
}

type IdentityJournal = Pick<AgentJournal, "identity">;

export interface IdentityHistory {
  readonly journal?: IdentityJournal;
  readonly kept?: readonly TaskIdentity[];
}

/** The numbers of one namespace; none is given twice or taken back. */
export class Identities implements IdentityNumbers {
  readonly root: number;
  readonly #source: IdentitySource;
  readonly #max: number;
  readonly #journal: IdentityJournal | undefined;
  /** By half of the number. */
  readonly #given: { readonly own: TaskIdentity; readonly forked: TaskIdentity }[] = [];
  readonly #numbers = new Map<string, number>();

  /**
   * @param max the largest number to be given
   * @param journal is told of those that are given from now on
   * @param kept have the first numbers, in this order
   */
  constructor(
    source: IdentitySource,
    max: number = IdentityNumber.max,
    { journal, kept = [] }: IdentityHistory = {},
  ) {
    this.#source = source;
    this.#max = max;
    for (const identity of kept) this.numberOf(identity);
    this.#journal = journal;
    this.root = this.numberOf(source.root);
  }

  get unattributed(): number {
    // outside every model by construction: no digest is all ones
    const id = "f".repeat(this.#source.emptyDigest.length);
    return this.numberOf({ taskId: id, pTaskId: id });
  }

  numberOf(identity: TaskIdentity): number {
    const key = `${identity.taskId} ${identity.pTaskId}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = FIRST + STEP * this.#given.length;
    if (number + IdentityNumber.forked > this.#max)
      throw new Unseen(
        "identity-limit",
        `more than ${this.#given.length} programs were told apart`,
      );
    this.#given.push({ own: identity, forked: this.#source.forked(identity) });
    this.#numbers.set(key, number);
    this.#journal?.identity(identity);
    return number;
  }

  identityOf(number: number): TaskIdentity | undefined {
    const pair = this.#given[(number - FIRST) >> 1];
    return (number & IdentityNumber.forked) === 0 ? pair?.own : pair?.forked;
  }

  /** Number of the identity with this TASK_ID that an exec has led to; those it forked have it too. */
  *withTaskId(taskId: string): Iterable<number> {
    for (let i = 0; i < this.#given.length; i++) {
      if (this.#given[i]?.own.taskId !== taskId) continue;
      yield FIRST + STEP * i;
      yield FIRST + STEP * i + IdentityNumber.forked;
    }
  }

  /** TASK_IDs that have numbers. */
  get taskIds(): ReadonlySet<string> {
    return new Set(this.#given.map(({ own }) => own.taskId));
  }
}
