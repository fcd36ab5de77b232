// SPDX-License-Identifier: Apache-2.0
// What the worker needs to make a namespace of the BPF sensor: told by the plan of a run.
import type { HookName } from "../../event/index.ts";
import type { ProfileSpec, RuleSpec } from "../../model/runtime/index.ts";
import { ruleFlags } from "../../sensor/bpf/index.ts";
import { leftAlone } from "../fidelity.ts";
import type { RunPlan } from "../plan.ts";
import type { AdoptTarget, AttachTarget } from "../run-request.ts";
import { fidelityOf } from "../sensors.ts";
import type { RunDirectory } from "../state-dir.ts";
import { keepingFolder } from "./adoption.ts";

/** Plain data. */
export interface BpfSetup {
  /** Readable, or closed at its other end, once there is nothing to serve any more (`toldEnd`). */
  readonly goneFd: number;
  readonly leftAlone: readonly HookName[];
  /** RuleFlag of the programs. */
  readonly rules: number;
  /** The enforced model: what it allows is made known to the programs beforehand where nobody can wait. */
  readonly modelFile?: string;
  /** Nothing is launched then. */
  readonly attach?: AttachTarget;
  /** With `attach`: where is kept what another Galgo would need to go on. */
  readonly keeping?: KeepingSetup;
}

export interface KeepingSetup {
  /** Of the run. */
  readonly directory: string;
  readonly folder: string;
  /** The namespace is there already. */
  readonly adopt?: { readonly slot: number; readonly serial: number };
}

export function bpfSetup(
  { request, model, tma }: RunPlan,
  goneFd: number,
  directory: RunDirectory,
): BpfSetup | undefined {
  const { bpf, modelFile } = request;
  if (bpf === undefined) return undefined;
  const alone =
    model === undefined ? undefined : leftAlone(model.spec.fidelity, fidelityOf(request, []));
  return {
    goneFd,
    leftAlone: alone ?? [],
    rules: rulesOf(tma.profile),
    ...(modelFile === undefined || request.mode !== "enforce" ? {} : { modelFile }),
    ...(bpf.attach === undefined
      ? {}
      : { attach: bpf.attach, keeping: keepingSetup(directory, bpf.adopt) }),
  };
}

function keepingSetup(directory: RunDirectory, adopt: AdoptTarget | undefined): KeepingSetup {
  const place = { directory: directory.path, folder: keepingFolder(directory) };
  if (adopt === undefined) return place;
  return { ...place, adopt: { slot: adopt.slot, serial: adopt.serial } };
}

/** Keys may be as coarse as coefficients, and no coarser: only what the profile lists. */
function rulesOf({ rules }: ProfileSpec): number {
  const names = new Set<RuleSpec["rule"]>(rules.map(({ rule }) => rule));
  return ruleFlags((rule) => names.has(rule));
}
