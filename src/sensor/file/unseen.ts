// SPDX-License-Identifier: Apache-2.0
// A held call that can not be described: memory, credentials or content that this process may not read.

/** Thrown by handlers. The call is counted as lost, and refused when enforcing. */
export class Unseen extends Error {
  readonly reason: string;
  readonly detail: string;

  constructor(reason: string, detail: string) {
    super(`${reason}: ${detail}`);
    this.name = "Unseen";
    this.reason = reason;
    this.detail = detail;
  }
}

/** Nobody waits for the answer any more: the task has ended. */
export class Unwanted extends Unseen {
  constructor(detail: string) {
    super("unwanted", detail);
    this.name = "Unwanted";
  }
}

/** Thrown when nothing that is done afterwards could be right: ends the sensor, and with it the workload. */
export class SensorBroken extends Error {
  constructor(message: string) {
    super(message);
    this.name = "SensorBroken";
  }
}
