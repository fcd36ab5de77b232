// SPDX-License-Identifier: Apache-2.0
// What a namespace can answer, and which answer an event outside of the model gets.
import type { Decision } from "../../sensor/sensor.ts";
import type { Assessment } from "../../tma/index.ts";
import type { ViolationPolicy } from "../run-record.ts";

export const ALLOW: Decision = { action: "allow", discipline: false };
export const OBSERVE: Decision = { action: "allow", discipline: true };
export const DENY: Decision = { action: "deny", discipline: true };
export const KILL: Decision = { action: "kill", discipline: true };

/** @param enforcing the run's own mode; a ruling of a fleet is above it */
export function sentenceOf(
  { ruling }: Assessment,
  enforcing: boolean,
  policy: ViolationPolicy,
): "observed" | "denied" | "killed" {
  if (ruling === "kill" || (enforcing && policy === "kill")) return "killed";
  return ruling === "deny" || enforcing ? "denied" : "observed";
}

/** Why the workload is killed. */
export function deathOf({ ruling }: Assessment): string {
  if (ruling === undefined) return "the model was violated";
  return "the model was violated, and the fleet has refused it";
}
