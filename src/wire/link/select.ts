// SPDX-License-Identifier: Apache-2.0
// Which workloads a command means. The server counts with it, the host acts by it.
import { fits } from "../../attest/policy/trust-policy.ts";
import type { WorkloadSelector } from "./command-types.ts";

/** What is known of a host. */
export interface SelectedHost {
  readonly labels: Readonly<Record<string, string>>;
  readonly group?: string;
}

/** What is known of a workload. */
export interface SelectedWorkload {
  /** Of the run. */
  readonly id: string;
  readonly name: string;
  /** Digest of its model, hex. */
  readonly model?: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Whether the selector means any workload of this host, whatever runs there. */
export function selectsHost(select: WorkloadSelector, host: SelectedHost): boolean {
  if ("all" in select) return true;
  return select.group === undefined || select.group === host.group;
}

/** Whether the selector means this workload. */
export function selects(
  select: WorkloadSelector,
  host: SelectedHost,
  workload: SelectedWorkload,
): boolean {
  if ("all" in select) return true;
  const { workloads, names, models, labels } = select;
  if (!selectsHost(select, host)) return false;
  if (workloads !== undefined && !workloads.includes(workload.id)) return false;
  if (names !== undefined && !names.some((name) => fits(name, workload.name))) return false;
  const { model } = workload;
  if (models !== undefined && (model === undefined || !models.includes(model))) return false;
  return labels === undefined || hasLabels(labels, host, workload);
}

function hasLabels(
  wanted: Readonly<Record<string, string>>,
  host: SelectedHost,
  workload: SelectedWorkload,
): boolean {
  return Object.entries(wanted).every(
    ([name, value]) => labelOf(workload, name) === value || labelOf(host, name) === value,
  );
}

function labelOf({ labels }: SelectedHost | SelectedWorkload, name: string): string | undefined {
  return Object.hasOwn(labels, name) ? labels[name] : undefined;
}
