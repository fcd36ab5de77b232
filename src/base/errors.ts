// SPDX-License-Identifier: Apache-2.0
// Errors are facts with a code: callers switch on `code`, people read `message`.

/** Extra facts of an error, and what caused it. */
export interface ErrorDetail {
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** Base of every error that Galgo throws on purpose. `code` is stable, `message` is for people. */
export class CodedError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(code: Code, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = new.target.name;
    this.code = code;
    this.facts = detail.facts ?? {};
  }
}
