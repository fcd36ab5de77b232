// SPDX-License-Identifier: Apache-2.0
// What the evidence is about and how it was held: workload, mode, counts, what the sensor sees, who decided.
import { quote } from "../../base/quote.ts";
import type { WorkloadModel } from "../../model/index.ts";
import { weaknessesOf } from "../../model/index.ts";
import type { Evidence, EvidenceFidelity } from "../evidence/index.ts";
import { fits } from "../policy/trust-policy.ts";
import type { Findings } from "./findings.ts";
import { sameHex } from "./same-hex.ts";
import type { FidelityPolicy, VerifierPolicy, VerifyCase, WorkloadRule } from "./types.ts";

/** The rule for a workload; undefined: nobody has said what is good. */
export function ruleOf({ rules }: VerifierPolicy, workload: string): WorkloadRule | undefined {
  return rules.find(({ workloads }) => workloads.some((pattern) => fits(pattern, workload)));
}

/** Whether it is about what was asked about. */
export function checkWorkload(
  { workload }: Evidence,
  asked: VerifyCase["workload"],
  rule: WorkloadRule | undefined,
  found: Findings,
): void {
  const { name, id, image } = workload;
  const wrong = (what: string, is: string, wanted: string): void =>
    found.refuse("WRONG_WORKLOAD", `it is about the ${what} ${quote(is)}, not ${quote(wanted)}`);
  if (asked?.name !== undefined && asked.name !== name) wrong("workload", name, asked.name);
  if (asked?.id !== undefined && asked.id !== id) wrong("run", id, asked.id);
  const given = image ?? "(none)";
  if (asked?.image !== undefined && asked.image !== image) {
    found.refuse("WRONG_IMAGE", `the workload is of the image ${given}, not ${quote(asked.image)}`);
  }
  if (rule === undefined) return;
  checkOwner(workload, rule, found);
  if (rule.images === undefined) return;
  if (image !== undefined && rule.images.includes(image)) {
    found.good("executables", `the image is ${image}`);
  } else {
    found.refuse("WRONG_IMAGE", `the workload is of the image ${given}, which the policy lacks`);
  }
}

/** Any user of a machine may call a workload as he likes. */
function checkOwner(
  { owner }: Evidence["workload"],
  { owners }: WorkloadRule,
  found: Findings,
): void {
  const whose = owner === undefined ? "of a user who is not named" : `of the user ${owner}`;
  if (owners === undefined) {
    found.gap(`whose workload it is (it says: ${whose})`);
  } else if (owner !== undefined && owners.includes(owner)) {
    found.good("instance-identity", `the workload is ${whose}`);
  } else {
    const why = `the workload is ${whose}; wanted is ${owners.join(" or ")}`;
    found.refuse("WRONG_WORKLOAD", why);
  }
}

/** Mode, seal and counts. */
export function checkConduct(
  { mode, sealed, counts }: Evidence,
  { modes, limits }: WorkloadRule,
  found: Findings,
): void {
  if (!modes.includes(mode)) {
    found.refuse("WRONG_MODE", `the run is in the mode ${mode}; wanted is ${modes.join(" or ")}`);
  } else if (mode !== "free" && !sealed) {
    found.refuse("NOT_SEALED", `the model is not sealed in the mode ${mode}`);
  } else {
    found.good("configuration", `the run is in the mode ${mode}${sealed ? ", sealed" : ""}`);
  }
  if (counts.lost > limits.lost) {
    found.refuse("LOST_EVENTS", `${counts.lost} events were lost; at most ${limits.lost}`);
  } else {
    found.good("configuration", `${counts.lost} events were lost`);
  }
  if (counts.violations > limits.violations) {
    const why = `the workload left its model ${counts.violations} times; at most ${limits.violations}`;
    found.refuse("VIOLATIONS", why);
  } else {
    found.good("executables", `${counts.violations} violations`);
  }
  if (limits.refused !== undefined && counts.refused > limits.refused) {
    const why = `${counts.refused} calls of untrusted processes were refused; at most ${limits.refused}`;
    found.refuse("REFUSED_CALLS", why);
  }
}

/** Whether enough is seen and held: what the policy names, and what the model was learned with. */
export function checkFidelity(
  { fidelity, floor, mode }: Evidence,
  { fidelity: wanted }: WorkloadRule,
  model: WorkloadModel | undefined,
  found: Findings,
): void {
  const weak = [...lackings(fidelity, wanted), ...weakerThan(model, fidelity, { wanted, mode })];
  for (const why of weak) found.refuse("WEAK_FIDELITY", why);
  const { sensors } = wanted;
  if (model === undefined) {
    found.gap("whether as much is seen as when the good state was learned: no model is known");
  }
  if (sensors !== undefined && !sensors.includes(fidelity.sensor)) {
    const why = `seen by the sensor ${quote(fidelity.sensor)}; wanted is ${sensors.join(" or ")}`;
    found.refuse("WRONG_SENSOR", why);
  } else if (weak.length === 0) {
    found.good("configuration", `enough is seen and held by the sensor ${quote(fidelity.sensor)}`);
  }
  if (floor === undefined) return;
  const why = `${floor.unseen} behaviours are guarded by the kernel (${quote(floor.kind)}), unseen`;
  if (wanted.floor) found.gap(why);
  else found.refuse("FLOOR", why);
}

function lackings(is: EvidenceFidelity, wanted: FidelityPolicy): string[] {
  return [
    ...lacking("sees", wanted.sees, is.sees),
    ...lacking("holds", wanted.holds, is.holds),
    ...lacking("has", wanted.features, is.features),
  ];
}

/** Than what the model was learned with. Where the policy says which sensors are good, another one than the model's is no weakness. */
function weakerThan(
  model: WorkloadModel | undefined,
  is: EvidenceFidelity,
  { wanted, mode }: { readonly wanted: FidelityPolicy; readonly mode: Evidence["mode"] },
): string[] {
  if (model === undefined || wanted.weaker) return [];
  return weaknessesOf(model.spec.fidelity, is, mode === "enforce")
    .filter(({ kind }) => kind !== "sensor" || wanted.sensors === undefined)
    .map(({ why }) => why);
}

function lacking(verb: string, wanted: readonly string[], is: readonly string[]): string[] {
  const missing = wanted.filter((each) => !is.includes(each));
  if (missing.length === 0) return [];
  return [`the sensor ${verb} no ${missing.map((each) => quote(each)).join(", ")}`];
}

/** Which build of Galgo speaks, and where the model is kept. */
export function checkOrchestrator(
  { orchestrator, tma }: Evidence,
  { builds, localities, agents }: WorkloadRule,
  found: Findings,
): void {
  const { buildDigest } = orchestrator;
  if (builds === undefined) {
    found.gap(`which build the orchestrator is (it says ${buildDigest})`);
  } else if (builds.some((known) => sameHex(known, buildDigest))) {
    found.good("executables", "the orchestrator says that it is of a known build");
  } else {
    found.refuse("WRONG_BUILD", `the orchestrator says that it is of the build ${buildDigest}`);
  }
  const locality = tma?.locality ?? "in-process";
  if (!localities.includes(locality)) {
    const why = `the model is kept in the place ${quote(locality)}; wanted is ${localities.join(" or ")}`;
    found.refuse("WRONG_TMA", why);
  }
  if (agents === undefined) return;
  if (tma?.codeDigest === undefined || !agents.includes(tma.codeDigest)) {
    const why = `the agent that keeps the model has the code ${tma?.codeDigest ?? "(not said)"}`;
    found.refuse("WRONG_TMA", why);
  }
}
