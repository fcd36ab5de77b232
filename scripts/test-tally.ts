// SPDX-License-Identifier: Apache-2.0
// Counts what node:test reports: tests, not the suites and files around them, unless one of those fails by itself.
import { relative } from "node:path";

/** The members of node:test's events that are used here. */
export interface TestEvent {
  readonly type: string;
  readonly data: {
    readonly name?: string;
    readonly file?: string;
    readonly nesting?: number;
    readonly message?: string;
    readonly skip?: string | boolean;
    readonly todo?: string | boolean;
    readonly details?: {
      readonly type?: string;
      readonly error?: { readonly failureType?: string };
    };
  };
}

/** A test that did not run, and why. `file` is relative to the root. */
export interface Skip {
  readonly file: string;
  readonly name: string;
  readonly reason: string;
}

/** An entry of allowed-skips.json: a skip in `file` whose reason starts with `reason`; `why` is for the reader. */
export interface AllowedSkip {
  readonly file: string;
  readonly reason: string;
  readonly why: string;
}

export class TestTally {
  passed = 0;
  failed = 0;
  readonly skips: Skip[] = [];
  readonly #root: string;

  /** @param root files are shown relative to it */
  constructor(root: string) {
    this.#root = root;
  }

  count({ type, data }: TestEvent): void {
    if (type === "test:fail") this.#countFailure(data);
    if (type === "test:pass") this.#countSuccess(data);
  }

  /** The skips that no entry of the list covers. */
  skipsNotIn(allowed: readonly AllowedSkip[]): readonly Skip[] {
    return this.skips.filter(
      (skip) =>
        !allowed.some(({ file, reason }) => skip.file === file && skip.reason.startsWith(reason)),
    );
  }

  #countFailure({ details }: TestEvent["data"]): void {
    // what only repeats the failure of something inside it was counted there
    if (details?.error?.failureType !== "subtestsFailed") this.failed += 1;
  }

  #countSuccess({ name = "", file = "", skip, todo, details }: TestEvent["data"]): void {
    const reason = skip ?? todo;
    if (reason !== undefined && reason !== false) {
      const words = typeof reason === "string" && reason !== "" ? reason : "no reason given";
      this.skips.push({ file: file && relative(this.#root, file), name, reason: words });
    } else if (details?.type !== "suite") {
      this.passed += 1;
    }
  }
}
