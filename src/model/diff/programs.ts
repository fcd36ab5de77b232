// SPDX-License-Identifier: Apache-2.0
// Who is behind the TASK_IDs of a model: the programs from the first one of a namespace down to the acting one, by pathname, so that two
// models can be held against each other although an update has changed every TASK_ID.
import type { TaskIdentity } from "../../event/event.ts";
import type { IdentityRecord } from "../learning/identities.ts";

/** One program of a chain. */
export interface ProgramLink {
  /** Pathname, as the rules leave it; undefined when no identity record tells. */
  readonly path: string | undefined;
  readonly taskId: string;
  /** hex; undefined as `path`. */
  readonly digest: string | undefined;
}

/** Programs that start themselves over and over: the rest of a chain is left out. */
const MAX_CHAIN = 32;
/** What stands for a program that no record names. */
const UNKNOWN = "?";
const BETWEEN = " > ";

/** Identities by TASK_ID, with the names of programs as the rules leave them. */
export class Programs {
  readonly #identities: ReadonlyMap<string, IdentityRecord>;
  readonly #pathOf: (identity: IdentityRecord) => string;
  readonly #chains = new Map<string, readonly ProgramLink[]>();

  constructor(
    identities: ReadonlyMap<string, IdentityRecord>,
    pathOf: (identity: IdentityRecord) => string,
  ) {
    this.#identities = identities;
    this.#pathOf = pathOf;
  }

  /** Every TASK_ID that is known. */
  get taskIds(): readonly string[] {
    return [...this.#identities.keys()];
  }

  has(taskId: string): boolean {
    return this.#identities.has(taskId);
  }

  pathOf(taskId: string): string | undefined {
    const identity = this.#identities.get(taskId);
    return identity === undefined ? undefined : this.#pathOf(identity);
  }

  /** The chain of what acts, first program first; empty before the first program. */
  chainOf({ taskId, pTaskId }: TaskIdentity): readonly ProgramLink[] {
    if (this.#identities.has(taskId) || taskId === pTaskId) return this.chainTo(taskId);
    return [...this.chainTo(pTaskId), { path: undefined, taskId, digest: undefined }];
  }

  /** The chain that ends in the program of a TASK_ID. */
  chainTo(taskId: string): readonly ProgramLink[] {
    const known = this.#chains.get(taskId);
    if (known !== undefined) return known;
    const links: ProgramLink[] = [];
    for (let next = taskId; !isRoot(next) && links.length < MAX_CHAIN; ) {
      const identity = this.#identities.get(next);
      const path = identity === undefined ? undefined : this.#pathOf(identity);
      links.push({ path, taskId: next, digest: identity?.file.digest });
      next = identity?.pTaskId ?? "";
    }
    links.reverse();
    this.#chains.set(taskId, links);
    return links;
  }
}

function isRoot(taskId: string): boolean {
  return /^0*$/.test(taskId);
}

/** A chain by its pathnames. */
export function namesOf(chain: readonly ProgramLink[]): readonly string[] {
  return chain.map(({ path }) => path ?? UNKNOWN);
}

/** One text for a chain of pathnames, to compare by. */
export function chainKey(names: readonly string[]): string {
  return names.join(BETWEEN);
}
