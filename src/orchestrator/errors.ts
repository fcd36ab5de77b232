// SPDX-License-Identifier: Apache-2.0
// Errors of the orchestrator. Each message says what is wrong, where, and what to do about it.
import type { ModelRefusal } from "../attest/policy/appraise.ts";
import { CodedError } from "../base/errors.ts";
import type { Gap } from "../sensor/bpf/index.ts";

/** The state directory or a name in it. */
export class StateError extends CodedError<
  "BAD_NAME" | "NO_SUCH_RUN" | "NOT_WRITABLE" | "BAD_RUN_FILE"
> {}

/** A record file could not be read or written. */
export class RecordFileError extends CodedError<
  "NO_FILE" | "BAD_RECORD" | "TOO_LONG" | "WRITE_FAILED"
> {}

/** The command that was asked for can not be started. */
export class CommandError extends CodedError<"NOT_FOUND" | "NOT_EXECUTABLE"> {}

/** A model can not be used for this run. UNTRUSTED: a signature was demanded (`UntrustedModelError`). */
export class ModelUseError extends CodedError<
  | "NO_MODEL"
  | "BAD_MODEL"
  | "OTHER_MAPPING"
  | "OTHER_SENSOR"
  | "WEAKER_SENSOR"
  | "NOT_SEALED"
  | "NO_RECORDS"
  | "LOSSY"
  | "OTHER_MODEL"
  | "NOT_READY"
  | "BAD_KEY"
  | "UNTRUSTED"
  | "BAD_OPTION"
> {}

/** A model without the signature that was demanded of it. */
export class UntrustedModelError extends ModelUseError {
  /** All that hold. */
  readonly refusals: readonly ModelRefusal[];

  constructor(message: string, refusals: readonly ModelRefusal[]) {
    super("UNTRUSTED", message, { facts: { refusals } });
    this.refusals = refusals;
  }
}

/** A run could not be carried through. The workload, if it was started, is dead. */
export class RunError extends CodedError<
  | "NO_SENSOR"
  | "WORKER_FAILED"
  | "TMA_FAILED"
  | "DEADLINE"
  | "LAUNCH_FAILED"
  | "LOST_EVENTS"
  | "BAD_OPTION"
  | "CUT_SHORT"
  | "NO_FLOOR"
  | "NO_FREEZER"
  | "NO_DECISION"
  | "NO_AGENT"
> {}

/** No failure: the run goes on in the kernel without this Galgo, and another one can go on with it. */
export class LeftRun extends CodedError<"LEFT"> {
  /** What happened before it was adopted here, when it was. */
  readonly gap: Gap | undefined;

  constructor(gap: Gap | undefined) {
    super("LEFT", "the kernel goes on with the namespace");
    this.gap = gap;
  }
}

/** An order to a namespace that can not be carried out; nothing has changed. */
export class ControlError extends CodedError<
  "SEALED" | "TOO_LATE" | "BAD_VALUE" | "NOT_SUPPORTED" | "ENDED" | "FAILED"
> {}

/** What is true of a namespace at one instant can not be told. */
export class InstantError extends CodedError<"HALF_WRITTEN" | "BUSY" | "ENDED"> {}

/** A report can not be made of what was named, or of the page that Galgo was built with. */
export class ReportError extends CodedError<"NOT_REPORTABLE" | "BAD_TEMPLATE"> {}
