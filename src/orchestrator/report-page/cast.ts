// SPDX-License-Identifier: Apache-2.0
// Who appears in a report: programs and actors by number, so that each is written once.
import { quote } from "../../base/quote.ts";
import type { TaskIdentity } from "../../event/index.ts";
import type { ReportActor } from "../../model/report/data.ts";
import type { Actors } from "../records/actors.ts";

const UNKNOWN = "(unknown program)";

/** Texts that get a number when they are met first. */
export class Numbered {
  readonly texts: string[] = [];
  readonly #numbers = new Map<string, number>();

  of(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.texts.length);
    return this.texts.push(text) - 1;
  }
}

export class Cast {
  readonly actors: ReportActor[] = [];
  readonly #programs = new Numbered();
  readonly #numbers = new WeakMap<Actors, Map<string, number>>();
  readonly #distinct = new Map<string, number>();

  get programs(): readonly string[] {
    return this.#programs.texts;
  }

  /** Number of a program. @param path raw; undefined: no record tells */
  program(path: string | undefined): number {
    return this.#programs.of(path === undefined ? UNKNOWN : quote(path));
  }

  /** Number of who acts as `task`. */
  actor(actors: Actors, task: TaskIdentity): number {
    let numbers = this.#numbers.get(actors);
    if (numbers === undefined) {
      numbers = new Map();
      this.#numbers.set(actors, numbers);
    }
    const key = `${task.pTaskId} ${task.taskId}`;
    let number = numbers.get(key);
    if (number === undefined) {
      number = this.#actor(actors, task);
      numbers.set(key, number);
    }
    return number;
  }

  #actor(actors: Actors, task: TaskIdentity): number {
    const chain = actors.chainOf(task);
    const programs = chain.map(({ program }) => this.program(program));
    const actor: ReportActor = {
      program: programs.at(-1) ?? this.program(undefined),
      before: programs.slice(0, -1),
      forked: chain.at(-1)?.forked ?? false,
    };
    const key = `${programs.join(" ")} ${actor.forked}`;
    const known = this.#distinct.get(key);
    if (known !== undefined) return known;
    this.#distinct.set(key, this.actors.length);
    return this.actors.push(actor) - 1;
  }
}
