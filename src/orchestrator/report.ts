// SPDX-License-Identifier: Apache-2.0
// The beginning and the end of a run on disk: run.json when it starts, everything else when it has ended.
import { createRun, writeAtomic } from "./state-dir.ts";
import type { RunDirectory } from "./state-dir.ts";
import { makeWorkloadModel, modelDigest, stringifyWorkloadModel } from "../model/index.ts";
import type { WorkloadModel } from "../model/index.ts";
import type { Fidelity } from "../sensor/sensor.ts";
import { nodeHasher } from "../tma/index.ts";
import type { TmaSpec } from "../tma/index.ts";
import { anomalyPolicyText } from "./anomalies/policy.ts";
import { resumedRecord } from "./bpf/adoption.ts";
import { type FloorRecord, seenPart } from "./floor/floor-run.ts";
import { ownTermsOf } from "./own-terms.ts";
import type { RunPlan } from "./plan.ts";
import { validPoints, writePoints } from "./records/points-file.ts";
import type { Ending } from "./ending.ts";
import { isShadow, shadowOf } from "./namespace/shadow.ts";
import type { RunResult } from "./run-request.ts";
import type { RunOutcome, RunRecord } from "./run-record.ts";
import { fidelityOf, sensorOf } from "./sensors.ts";
import type { Gap } from "../sensor/bpf/index.ts";

/** Where a run leaves its traces. */
export interface Site {
  readonly directory: RunDirectory;
  readonly record: RunRecord;
  readonly startedAt: Date;
}

/** Makes the run's folder and says in it that the run goes on. @throws StateError NOT_WRITABLE */
export function startReport(plan: RunPlan, floor?: FloorRecord): Site {
  const { request, tma, model } = plan;
  const adopt = request.bpf?.adopt;
  if (adopt !== undefined) return resumeReport(adopt.run);
  const startedAt = new Date();
  const directory = createRun(request.stateRoot, plan.name, startedAt);
  const record: RunRecord = {
    apiVersion: "galgo.dev/v1",
    kind: "Run",
    name: plan.name,
    runId: directory.runId,
    status: "running",
    galgoPid: process.pid,
    command: request.command,
    ...(request.bpf?.attach === undefined ? {} : { attached: request.bpf.attach }),
    ...(request.container === undefined ? {} : { container: request.container }),
    cwd: request.cwd,
    mode: request.mode,
    onViolation: request.onViolation,
    ...(request.onAnomaly === undefined ? {} : { onAnomaly: anomalyPolicyText(request.onAnomaly) }),
    ...(request.agent === undefined ? {} : { agent: request.agent }),
    sensor: sensorOf(request),
    mapping: tma.mapping,
    digest: tma.digest,
    profile: tma.profile.name,
    ...(request.modelFile === undefined ? {} : { modelFile: request.modelFile }),
    ...(model === undefined ? {} : { modelState: model.spec.state }),
    ...ownTermsOf(tma, model),
    ...signersOf(plan),
    ...placeOf(tma),
    started: startedAt.toISOString(),
    ...(floor === undefined ? {} : { floor }),
  };
  writeRun(directory, record);
  return { directory, record, startedAt };
}

function placeOf({ place }: TmaSpec): Pick<RunRecord, "tma"> {
  if (place === undefined) return {};
  const { text, codeDigest, start } = place;
  return {
    tma: {
      place: text,
      ...(codeDigest === undefined ? {} : { codeDigest }),
      ...(start.way === "sancho" ? { authenticated: false } : {}),
    },
  };
}

/** Only what was checked is said. */
function signersOf({ signature }: RunPlan): Pick<RunRecord, "modelSignedBy"> {
  if (signature === undefined || signature.signedBy.length === 0) return {};
  return { modelSignedBy: signature.signedBy };
}

/** A run goes on whose Galgo was killed. */
function resumeReport(directory: RunDirectory): Site {
  const record = resumedRecord(directory);
  writeRun(directory, record);
  return { directory, record, startedAt: new Date(record.started) };
}

/** Writes the results of a run that came to its end. */
export function writeReport(plan: RunPlan, site: Site, ending: Ending): RunResult {
  const { directory } = site;
  const { result } = ending;
  const fidelity = fidelityOf(plan.request, ending.features);
  const outcome = { ...outcomeOf(site, ending, fidelity), ...seenPartOf(plan, ending) };
  writePoints(directory.points, result.points);
  writeAtomic(
    directory.model,
    stringifyWorkloadModel(plan.model ?? foundModel(plan, ending, fidelity)),
  );
  const record: RunRecord = {
    ...site.record,
    ...modelDigestOf(plan),
    ...adoptionsOf(site.record, result),
    status: "finished",
    outcome,
  };
  writeRun(directory, record);
  return {
    directory,
    record,
    outcome,
    fidelity,
    points: result.points,
    ...(result.aggregate === undefined ? {} : { aggregate: result.aggregate }),
    saturation: result.summary.saturation,
    cutShort: ending.cutShort,
    stopRequested: ending.stopRequested,
  };
}

/** The run goes on in the kernel, without this Galgo: it is not over, and says since when nobody serves it, and why. */
export function leaveReport(
  site: Site,
  { why, gap }: { readonly why: string; readonly gap: Gap | undefined },
): void {
  const left = { at: new Date().toISOString(), why };
  writeRun(site.directory, { ...site.record, ...adoptionsOf(site.record, { gap }), left });
}

/** What the last one has found is known only now. */
function adoptionsOf(
  { adopted }: RunRecord,
  { gap }: { readonly gap?: Gap | undefined },
): Pick<RunRecord, "adopted"> {
  const last = adopted?.at(-1);
  if (adopted === undefined || last === undefined || gap === undefined) return {};
  const { asked, refused, allowed } = gap;
  return { adopted: [...adopted.slice(0, -1), { ...last, asked, refused, allowed }] };
}

/** Computed at the end: nobody waits for it then. */
function modelDigestOf({ model }: RunPlan): Pick<RunRecord, "modelDigest"> {
  if (model === undefined) return {};
  return { modelDigest: modelDigest(model, nodeHasher(model.spec.digest)) };
}

/** Leaves word of a run that failed. What can not be written then is given up: the error itself is on its way to the user. */
export function failReport(site: Site, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  try {
    writeRun(site.directory, { ...site.record, status: "failed", error: message });
  } catch {
    // the first error says more than this one
  }
}

function writeRun(directory: RunDirectory, record: RunRecord): void {
  writeAtomic(directory.run, `${JSON.stringify(record, null, 2)}\n`);
}

/** Above a floor: state and measurement without what nobody has seen. */
function seenPartOf({ floor, tma }: RunPlan, { result }: Ending): Partial<RunOutcome> {
  return floor === undefined ? {} : seenPart(result.points, floor.unseen, tma);
}

function outcomeOf(
  { startedAt, record, directory }: Site,
  ending: Ending,
  fidelity: Fidelity,
): RunOutcome {
  const { result, exit, killed } = ending;
  const { sealedAt, enforced } = ending.ordered;
  const { summary } = result;
  const endedAt = new Date();
  return {
    ended: endedAt.toISOString(),
    durationMs: endedAt.getTime() - startedAt.getTime(),
    ...(exit === undefined ? {} : { exit }),
    counts: {
      events: summary.events,
      points: result.points.length,
      violations: summary.violations,
      refused: summary.refused,
      lost: summary.lost,
    },
    losses: summary.losses,
    ...(isShadow(record)
      ? { shadow: shadowOf(directory.forensics, result.points, summary.violations) }
      : {}),
    state: result.state,
    measurement: result.measurement,
    ...(sealedAt === undefined ? {} : { sealed: sealedAt.toISOString() }),
    ...(enforced === true ? { enforced } : {}),
    latency: summary.latency,
    ...(result.sequences === undefined ? {} : { sequences: result.sequences }),
    ...(killed === undefined ? {} : { killed }),
    fidelity,
  };
}

/** What a run without a model found, as a model under the run's own rules; sealed only if that was ordered and nothing was lost. */
function foundModel(plan: RunPlan, ending: Ending, fidelity: Fidelity): WorkloadModel {
  const { result, ordered } = ending;
  const { mapping, digest, profile } = plan.tma;
  const base = ordered.base ?? plan.tma.base;
  const hasher = nodeHasher(digest);
  const { events, lost, saturation } = result.summary;
  return makeWorkloadModel(
    {
      name: plan.name,
      mapping,
      profile,
      aggregate: result.aggregate ?? plan.tma.aggregate ?? "0".repeat(2 * hasher.size),
      ...(base === undefined ? {} : { base }),
      sealed: ordered.sealedAt !== undefined && lost === 0,
      fidelity,
      pseudonyms: ordered.pseudonyms ?? [],
      points: validPoints(result.points),
      completeness: { runs: 1, eventsSeen: events, eventsLost: lost, saturation },
    },
    hasher,
  );
}
