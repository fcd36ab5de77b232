// SPDX-License-Identifier: Apache-2.0
// Which hosts a roll-out reaches in which step.
import { hash } from "node:crypto";

export const DEFAULT_SHARES: readonly number[] = [1, 10, 100];
export const MAX_STEPS = 20;

/** Hosts of one step: those from `from` (included) to `to` in the order of the roll-out. */
export interface StepHosts {
  /** Percent of all hosts that have it when the step has ended. */
  readonly share: number;
  readonly from: number;
  readonly to: number;
}

/**
 * The hosts in the order in which a roll-out reaches them: another one for each roll-out, so that it is not always the same that are first,
 * and the same on all servers.
 */
export function orderOfHosts(rollout: string, hosts: readonly string[]): readonly string[] {
  const keyed = [...new Set(hosts)].map((host) => [hash("sha256", `${rollout} ${host}`), host]);
  return keyed.sort(([a = ""], [b = ""]) => (a < b ? -1 : 1)).map(([, host = ""]) => host);
}

/** The steps of so many hosts. A step that would reach nobody new is left out; the first reaches one host at least. */
export function stepsOf(shares: readonly number[], hosts: number): readonly StepHosts[] {
  const steps: StepHosts[] = [];
  let from = 0;
  for (const share of shares) {
    const to = Math.min(hosts, Math.ceil((hosts * share) / 100));
    if (to > from) steps.push({ share, from, to });
    from = Math.max(from, to);
  }
  return steps;
}

/** What is wrong with shares, in words; undefined: nothing. */
export function sharesFault(shares: readonly number[]): string | undefined {
  if (shares.length === 0 || shares.length > MAX_STEPS) return `1 to ${MAX_STEPS} steps`;
  if (shares.some((share) => !(share > 0 && share <= 100))) return "percents above 0, up to 100";
  if (shares.some((share, i) => i > 0 && share <= (shares[i - 1] ?? 0)))
    return "in ascending order";
  return shares.at(-1) === 100 ? undefined : "the last of them 100";
}
