// SPDX-License-Identifier: Apache-2.0
// What evidence says of a run, out of its plan, its run.json and its namespace at one instant.
import { type Evidence, isImageDigest } from "../../attest/evidence/index.ts";
import { modelDigest } from "../../model/index.ts";
import type { SecurityPoint } from "../../model/runtime/index.ts";
import { nodeHasher } from "../../tma/index.ts";
import type { TmaSpec } from "../../tma/index.ts";
import { seenPart } from "../floor/floor-run.ts";
import type { NamespaceInstant } from "../live/mirror.ts";
import type { RunPlan } from "../plan.ts";
import { enforces, type RunRecord } from "../run-record.ts";
import { fidelityOf } from "../sensors.ts";

/** All that is said of a namespace; who says it, to whom and when is not in here. */
export type RunClaims = Omit<Evidence, "nonce" | "issuedAt" | "orchestrator" | "platform">;

/** A run that goes on. */
export interface AttestedRun {
  readonly plan: RunPlan;
  /** As it was written when the run began, or was gone on with. */
  readonly record: RunRecord;
  /** User whose workload it is. */
  readonly owner: number;
  /** What the sensor and the launch found on this machine. */
  features(): readonly string[];
  /** Once sealed, what is outside of the model is refused: by an order. */
  enforced(): boolean;
  /** Nothing is refused any more, by an order, however the run was begun. */
  detected?(): boolean;
  /** The workload can act, and is decided on. */
  serving(): boolean;
}

/**
 * @param instant of its namespace; what is asked of the run besides may be of later
 * @param points of its namespace, in the order of discovery: those of the instant, and perhaps more
 */
export function claimsOf(
  run: AttestedRun,
  instant: NamespaceInstant,
  points: () => readonly SecurityPoint[],
): RunClaims {
  const { plan, record } = run;
  const { request, tma } = plan;
  const { aggregate, base, events, lost, violations, refused } = instant;
  const sealed = tma.sealed || instant.sealed;
  const model = modelOf(run);
  return {
    workload: workloadOf(run),
    ...(model === undefined ? {} : { model }),
    rules: { mapping: tma.mapping, digest: tma.digest, profile: tma.profile.name },
    ...valuesOf(run, instant, points),
    aggregate,
    ...(base === undefined ? {} : { base }),
    counts: { events, points: instant.points, lost, violations, refused },
    ...placeOf(tma),
    mode: modeOf(run, sealed),
    sealed,
    fidelity: fidelityOf(request, run.features()),
    ...floorOf(record),
    started: Math.floor(Date.parse(record.started) / 1_000),
  };
}

function placeOf({ place }: TmaSpec): Pick<Evidence, "tma"> {
  if (place === undefined) return {};
  const { kind: locality, codeDigest } = place;
  return { tma: { locality, ...(codeDigest === undefined ? {} : { codeDigest }) } };
}

/** "enforce" says that what is outside of the model is refused, not that it was asked for. */
function modeOf(run: AttestedRun, sealed: boolean): Evidence["mode"] {
  const { request } = run.plan;
  const refuses = enforces(request) || (sealed && run.enforced());
  if (refuses && run.detected?.() !== true) return "enforce";
  return request.mode === "free" ? "free" : "detect";
}

function workloadOf({ plan, record, owner }: AttestedRun): Evidence["workload"] {
  const image = plan.request.container?.imageDigest;
  const { name, runId: id } = record;
  const isDigest = image !== undefined && isImageDigest(image);
  return { name, id, ...(isDigest ? { image } : {}), owner };
}

/** Computed once for each model: large ones take a while. */
const digests = new WeakMap<object, string>();

function modelOf({ plan, record }: AttestedRun): Evidence["model"] {
  const { model, signature } = plan;
  if (model === undefined) return undefined;
  const digest =
    signature?.digest ?? digests.get(model) ?? modelDigest(model, nodeHasher("sha256"));
  digests.set(model, digest);
  // of a run that is gone on with: they were checked when it began
  const signers = record.modelSignedBy ?? signature?.signedBy ?? [];
  return {
    name: model.metadata.name,
    digest,
    ...(signers.length === 0 ? {} : { signedBy: signers.map(({ key }) => key) }),
  };
}

/** Above a floor what is not held is no part of the state: as in run.json. */
function valuesOf(
  run: AttestedRun,
  { state, measurement, points: count, aggregate, base }: NamespaceInstant,
  points: () => readonly SecurityPoint[],
): Pick<Evidence, "state" | "measurement"> {
  const { floor, tma } = run.plan;
  if (floor === undefined) return { state, measurement };
  const then = { ...tma, aggregate, ...(base === undefined ? {} : { base }) };
  return seenPart(points().slice(0, count), floor.unseen, then);
}

function floorOf({ floor }: RunRecord): Pick<Evidence, "floor"> {
  if (floor === undefined) return {};
  const { kind, unseen, state } = floor;
  return { floor: { kind, unseen, state } };
}
