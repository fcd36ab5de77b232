// SPDX-License-Identifier: Apache-2.0
// The first two steps of a run: parse what was asked for, and probe whether this machine can do it. Nothing is written or started.
import { modelDigest } from "../model/index.ts";
import { createMapper } from "../model/runtime/index.ts";
import type { WorkloadModel } from "../model/file/workload-model.ts";
import type { Fidelity } from "../sensor/sensor.ts";
import { fleetPlace, nodeHasher, readyPlace } from "../tma/index.ts";
import type { Locality, Place, TmaSpec } from "../tma/index.ts";
import { requireResponses } from "./anomalies/requirements.ts";
import { findTarget } from "./bpf/members.ts";
import { findCommand } from "./command-lookup.ts";
import { ModelUseError, RunError } from "./errors.ts";
import { differences, weaknesses } from "./fidelity.ts";
import type { FloorPlan } from "./floor/derive.ts";
import { planFloor } from "./floor/plan-floor.ts";
import { requireUsable, specOfModel, useModelFile } from "./models/model-use.ts";
import { digestsOfRun } from "./models/run-subject.ts";
import { placeNotices } from "./place-notices.ts";
import { signatureNotices } from "./models/signature-notices.ts";
import type { ModelSignature, UsedModel } from "./models/signed-model.ts";
import { withOwnTerms } from "./own-terms.ts";
import { enforces } from "./run-record.ts";
import { fidelityOf, requireSensor } from "./sensors.ts";
import type { AttachTarget, RunRequest } from "./run-request.ts";
import { checkName, nameOfCommand } from "./state-dir.ts";

/** The mapping of Sancho devices. */
const QUIXOTE = "quixote-2025";

/** A request that was found to be possible as far as files and words go. */
export interface RunPlan {
  readonly request: RunRequest;
  readonly name: string;
  /** The program file, as a shell would have found it. */
  readonly program: string;
  readonly model: WorkloadModel | undefined;
  /** Of a signed model. */
  readonly signature: ModelSignature | undefined;
  readonly tma: TmaSpec;
  readonly floor: FloorPlan | undefined;
}

/** @throws CommandError, ModelUseError, StateError, RunError BAD_OPTION */
export function parseRequest(request: RunRequest): RunPlan {
  const [command] = request.command;
  const attach = request.bpf?.attach;
  if (command === undefined && attach === undefined)
    throw new RunError("BAD_OPTION", "missing required argument: the command, after --");
  if (command !== undefined && attach !== undefined) {
    throw new RunError(
      "BAD_OPTION",
      "either a command is started, or what runs already is modeled (--cgroup, --pid): not both",
    );
  }
  if (request.quixoteSocket !== undefined && request.tsem?.kind === "internal") {
    throw new RunError(
      "BAD_OPTION",
      "--quixote-socket does not go with --tsem-internal: the kernel decides there, and its model is read only at the end",
    );
  }
  if (request.attest !== undefined && request.tsem?.kind === "internal") {
    throw new RunError(
      "BAD_OPTION",
      "--attest-key does not go with --tsem-internal: the kernel decides there, and nothing can be said before the end",
    );
  }
  if (request.attest?.last !== undefined && request.bpf !== undefined) {
    throw new RunError(
      "BAD_OPTION",
      "--evidence does not go with --sensor bpf: its programs count until they are taken away. Ask while it runs: galgo attest",
    );
  }
  const used = modelFor(request);
  const model = used?.model;
  requireResponses(request, model);
  return {
    request: withTarget(request),
    name: checkName(request.name ?? model?.metadata.name ?? defaultName(command, attach)),
    program: programOf(request),
    model,
    signature: used?.signature,
    tma: tmaOf(request, model),
    floor: planFloor(request, model),
  };
}

function tmaOf(request: RunRequest, model: WorkloadModel | undefined): TmaSpec {
  const spec = model === undefined ? freeSpec(request) : specOfModel(model);
  return withFilling(withPlace(withOwnTerms(spec, request), request, model), request, model);
}

function programOf({ command: [command], program, env }: RunRequest): string {
  return program ?? (command === undefined ? "" : findCommand(command, env["PATH"]));
}

/** The target of a namespace that is gone on with may have ended meanwhile. */
function withTarget(request: RunRequest): RunRequest {
  const { attach, adopt } = request.bpf ?? {};
  if (attach === undefined || adopt !== undefined) return request;
  return { ...request, bpf: { attach: findTarget(attach) } };
}

/** Name of a workload where none is given: the command's, the cgroup's, or the number of the process. */
export function defaultName(command: string | undefined, attach: AttachTarget | undefined): string {
  if (attach === undefined) return nameOfCommand(command ?? "");
  return "pid" in attach ? `pid-${attach.pid}` : nameOfCommand(attach.cgroup.replace(/\/+$/, ""));
}

function modelFor(request: RunRequest): UsedModel | undefined {
  const { mode, modelFile, requirement } = request;
  if (modelFile === undefined) {
    if (mode === "free" && requirement === undefined) return undefined;
    if (mode === "free") {
      throw new RunError(
        "BAD_OPTION",
        "a signature is demanded of a model, and there is none: -m FILE",
      );
    }
    throw new ModelUseError(
      "NO_MODEL",
      `--${mode} needs a model: -m FILE; galgo learn -o FILE -- CMD makes one`,
    );
  }
  const used =
    request.model === undefined
      ? useModelFile(modelFile, { requirement, runs: () => digestsOfRun(request, programOf) })
      : readElsewhere(request, request.model);
  requireUsable(used.model, modelFile, mode);
  return used;
}

/** Whoever has read it was to check its signature too: a demand that got lost on the way must not go unnoticed. */
function readElsewhere({ signature, requirement }: RunRequest, model: WorkloadModel): UsedModel {
  if (requirement !== undefined && (signature?.signedBy.length ?? 0) === 0) {
    throw new ModelUseError(
      "UNTRUSTED",
      `a signature by ${requirement.source} is demanded, and that of the model was not checked`,
    );
  }
  return signature === undefined ? { model } : { model, signature };
}

/** @throws AgentError NOT_STARTED, BAD_OPTION; RunError BAD_OPTION */
function withPlace(
  spec: TmaSpec,
  { locality, stateRoot, tsem, bpf, deadlineMs }: RunRequest,
  model: WorkloadModel | undefined,
): TmaSpec {
  if (locality === undefined) return spec;
  const place =
    locality.kind === "remote"
      ? askedPlace(locality, model, deadlineMs)
      : readyPlace(locality, stateRoot);
  if (place === undefined) return spec;
  if (tsem !== undefined || bpf !== undefined) {
    const why =
      bpf === undefined ? "that was never tried" : "programs in the kernel remember verdicts";
    throw new RunError(
      "BAD_OPTION",
      `--tma ${place.text} does not go with this sensor (${why}); take --sensor seccomp`,
    );
  }
  return place.start.way === "sancho" ? withSancho(spec, place) : { ...spec, place };
}

/** @throws RunError BAD_OPTION: nothing is outside of no model, or the run's own deadline comes first */
function askedPlace(
  locality: Locality & { kind: "remote" },
  model: WorkloadModel | undefined,
  deadlineMs: number,
): Place {
  if (model === undefined) {
    const why = "a fleet is asked about what is outside of a model, and there is none: -m FILE";
    throw new RunError("BAD_OPTION", `--tma remote: ${why}`);
  }
  if (2 * locality.withinMs > deadlineMs) {
    const times = `${locality.withinMs} ms, and --deadline is ${deadlineMs} ms`;
    throw new RunError(
      "BAD_OPTION",
      `--tma remote: the fleet may take ${times}: it has to be twice as long at least`,
    );
  }
  return fleetPlace(locality, modelDigest(model, nodeHasher(model.spec.digest)));
}

/** A device maps by itself, in one way. */
function withSancho(spec: TmaSpec, place: Place): TmaSpec {
  const { mapping, profile } = spec;
  if (mapping === QUIXOTE && profile.name === "exact") return { ...spec, place };
  const found = `and this model has ${mapping} and the profile ${profile.name}`;
  throw new RunError(
    "BAD_OPTION",
    `--tma ${place.text}: the device maps events itself, by ${QUIXOTE} with the profile exact, ${found}; ` +
      `learn one with --mapping ${QUIXOTE} --profile exact, or take another place`,
  );
}

/** Such a device takes nothing else, and what was learned with one means the same everywhere. */
function withFilling(spec: TmaSpec, request: RunRequest, model?: WorkloadModel): TmaSpec {
  const bySeccomp = request.tsem === undefined && request.bpf === undefined;
  const learnedSo = model?.spec.fidelity.sensor === "seccomp" && spec.mapping === QUIXOTE;
  if (!bySeccomp || (spec.place?.start.way !== "sancho" && !learnedSo)) return spec;
  return { ...spec, fillsUnknown: true };
}

function freeSpec({ rules }: RunRequest): TmaSpec {
  return { ...rules, points: [], pseudonyms: [], sealed: false };
}

/**
 * A mapping without a place for what the sensor sees would refuse an honest workload, or leave holes in what is learned.
 * @throws RunError BAD_OPTION, ModelUseError OTHER_MAPPING
 */
function refuseUnmappable({ tma, model }: RunPlan, fidelity: Fidelity): void {
  // what a TSEM kernel has hooks for is known only when they come; one without a place is then a record that can not be judged
  // what Quixote has no name for then has no verdict, and that is said at the start
  if (fidelity.sensor === "tsem" || tma.fillsUnknown === true) return;
  const mapper = createMapper(nodeHasher(tma.digest), tma.mapping);
  const homeless = fidelity.sees.filter((hook) => !mapper.maps(hook));
  if (homeless.length === 0) return;
  const why =
    `the mapping ${tma.mapping} has no place for what the sensor ${fidelity.sensor} sees (${homeless.join(", ")}), ` +
    "and hashes what it does not know; it is for records of a TSEM kernel";
  if (model === undefined) {
    throw new RunError("BAD_OPTION", `${why}. Learn with --mapping tsem-v4`, {
      facts: { homeless },
    });
  }
  throw new ModelUseError("OTHER_MAPPING", `${why}. Learn the model again here`, {
    facts: { homeless },
  });
}

/** What the sensor offers before it was started, and why it falls short of the model. */
export interface ProbeResult {
  readonly fidelity: Fidelity;
  /** Accepted with `allowWeaker`: to be announced. */
  readonly weaker: readonly string[];
  /** No weakness, but to be announced too. */
  readonly others: readonly string[];
}

/** @throws ModelUseError WEAKER_SENSOR, OTHER_SENSOR, OTHER_MAPPING, RunError BAD_OPTION, NO_SENSOR */
export function probeSensor(plan: RunPlan): ProbeResult {
  const { model, request } = plan;
  requireSensor(request);
  const fidelity = fidelityOf(request, []);
  refuseUnmappable(plan, fidelity);
  const weaker =
    model === undefined ? [] : weaknesses(model.spec.fidelity, fidelity, enforces(request));
  if (weaker.length > 0 && !request.allowWeaker) {
    const code = model?.spec.fidelity.sensor === fidelity.sensor ? "WEAKER_SENSOR" : "OTHER_SENSOR";
    throw new ModelUseError(
      code,
      `this machine is weaker than the one the model was learned on: ${weaker.join("; ")}. ` +
        `${otherSensor(model, fidelity)}Learn it again here, or say --allow-weaker`,
      { facts: { weaker } },
    );
  }
  const others = model === undefined ? [] : differences(model.spec.fidelity, fidelity);
  return {
    fidelity,
    weaker,
    others: [...others, ...signatureNotices(plan), ...placeNotices(plan)],
  };
}

/** What helps when the sensor is the difference. */
function otherSensor(model: WorkloadModel | undefined, here: Fidelity): string {
  const sensor = model?.spec.fidelity.sensor;
  return sensor === undefined || sensor === here.sensor ? "" : `Run it with --sensor ${sensor}. `;
}
