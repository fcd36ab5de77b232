// SPDX-License-Identifier: Apache-2.0
// What a Galgo and the thread that speaks to its TPM say to each other.
import type { TpmEvidence } from "../../attest/evidence/index.ts";
import type { SessionOptions } from "./session.ts";

/** Given to the thread when it starts. */
export type TpmThreadData = SessionOptions;

/** What is asked and answered. */
export type TpmQuestion =
  /** Answered with what the platform's aggregate is the digest of. */
  | { readonly what: "open" }
  | { readonly what: "begin" }
  | { readonly what: "prove"; readonly binding: Uint8Array; readonly ofRoot: boolean };

export type TpmOrder =
  | {
      readonly what: "ask";
      readonly id: number;
      readonly question: TpmQuestion;
      /** Nobody waits for the answer after this (milliseconds since 1970). */
      readonly until: number;
    }
  /** Coefficients of the root namespace, `size` bytes each. */
  | { readonly what: "extend"; readonly coefficients: Uint8Array; readonly size: number }
  | { readonly what: "end" }
  | { readonly what: "close" };

/** An error, as a thread can send it. */
export interface TpmProblem {
  /** It is a `TpmError`; else something else is missing, such as the kernel's measurement list. */
  readonly ofTpm: boolean;
  readonly code: string;
  readonly message: string;
}

export interface TpmAnswer {
  readonly id: number;
  readonly result?: Uint8Array | TpmEvidence;
  readonly problem?: TpmProblem;
}
