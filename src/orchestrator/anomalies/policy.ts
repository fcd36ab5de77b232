// SPDX-License-Identifier: Apache-2.0
// What is done when a workload does strange things that its model allows (`--on-anomaly`).

export const ANOMALY_ACTIONS = ["observe", "untrusted", "freeze", "kill"] as const;
export type AnomalyAction = (typeof ANOMALY_ACTIONS)[number];

/** A frozen workload waits so long for a person when nobody says otherwise (ms). */
export const FREEZE_MS = 300_000;
/** The longest that it may wait (ms): timers of the platform hold no more than 24 days. */
export const MAX_FREEZE_MS: number = 7 * 24 * 3_600_000;

export type AnomalyPolicy =
  /** `untrusted`: all that the process does from then on is refused. */
  | { readonly action: "observe" | "untrusted" | "kill" }
  /** Stopped where it is; without a decision of a person within the time (ms), `afterwards` is done. */
  | { readonly action: "freeze"; readonly limitMs: number; readonly afterwards: "kill" | "thaw" };

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** Reads `observe`, `untrusted`, `kill`, `freeze`, `freeze=5m`, `freeze=30s,then=thaw`; undefined: it is none of them. */
export function parseAnomalyPolicy(text: string): AnomalyPolicy | undefined {
  if (text === "observe" || text === "untrusted" || text === "kill") return { action: text };
  const found = /^freeze(?:=(\d{1,6})([smh]))?(?:,then=(kill|thaw))?$/.exec(text);
  if (found === null) return undefined;
  const [, number, unit = "", then] = found;
  const limitMs = number === undefined ? FREEZE_MS : Number(number) * (UNITS[unit] ?? 0);
  if (limitMs < 1_000 || limitMs > MAX_FREEZE_MS) return undefined;
  return { action: "freeze", limitMs, afterwards: then === "thaw" ? "thaw" : "kill" };
}

/** The policy as it is written. */
export function anomalyPolicyText(policy: AnomalyPolicy): string {
  if (policy.action !== "freeze") return policy.action;
  return `freeze=${policy.limitMs / 1_000}s,then=${policy.afterwards}`;
}
