// SPDX-License-Identifier: Apache-2.0
// What `galgo show` can print.

export const SHOW_SUBJECTS = [
  "state",
  "measurement",
  "trajectory",
  "forensics",
  "coefficients",
  "counts",
  "model",
  "run",
] as const;

export type ShowSubject = (typeof SHOW_SUBJECTS)[number];

/** What a running workload can be asked through its management socket. */
export const CONSOLE_SUBJECTS = [
  "state",
  "measurement",
  "trajectory",
  "forensics",
  "coefficients",
  "counts",
  "map",
  "events",
  "forensics-coefficients",
  "forensics-counts",
] as const;

export type ConsoleSubject = (typeof CONSOLE_SUBJECTS)[number];
