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
