// SPDX-License-Identifier: Apache-2.0
// From what is known of a container to the run that it shall be.
import { existsSync } from "node:fs";
import { BUILTIN_PROFILES } from "../../model/index.ts";
import type { WorkloadModel } from "../../model/file/workload-model.ts";
import { imageDigests, nameOfCommand } from "../../orchestrator/index.ts";
import type { RunRequest } from "../../orchestrator/run-request.ts";
import type { ContainerFacts } from "../../orchestrator/run-record.ts";
import type { DaemonContext } from "../part.ts";
import { chooseOrder, type ContainerOrder, runModeOf } from "./choice.ts";
import { ContainerError } from "./errors.ts";
import { containerCommand, containerFacts } from "./facts.ts";
import { DEADLINE_MS } from "./limits.ts";
import { modelPlace, readPlacedModel, usedPlace } from "./models.ts";
import type { ContainerState } from "./state.ts";

/** Rules of runs without a model: as of galgo learn. */
const RULES: RunRequest["rules"] = {
  mapping: "tsem-v4",
  digest: "sha256",
  profile: BUILTIN_PROFILES.portable,
};

/** What a container shall be. */
export interface ContainerRun {
  readonly order: ContainerOrder;
  readonly facts: ContainerFacts;
  readonly request: RunRequest;
  /** Where a run of the mode learn is added. */
  readonly learnInto: string | undefined;
}

/** What decides. */
export interface RunFacts {
  readonly container: ContainerState;
  readonly metadata: string;
  /** Of the program that handed it over. */
  readonly runtimePid: number;
}

type Context = Pick<
  DaemonContext,
  "config" | "models" | "requirement" | "sockets" | "stateRoot" | "env"
>;

/**
 * Reads the model as well: what is wrong with it is found out before anything of the container runs.
 * @throws ContainerError, ModelUseError
 */
export function containerRun(
  { container, metadata, runtimePid }: RunFacts,
  context: Context,
): ContainerRun {
  const facts = containerFacts(container, runtimePid);
  const { annotations } = container;
  const { images } = context.config;
  const order = chooseOrder({ annotations, metadata, imageDigest: facts.imageDigest, images });
  const given = order.mode === "detect" || order.mode === "enforce" ? order.model : undefined;
  const place = given === undefined ? undefined : usedPlace(modelPlace(given, context.models));
  const { requirement } = context;
  const runs = (): ReturnType<typeof imageDigests> => imageDigests(facts.imageDigest);
  const used = place && readPlacedModel(place, { requirement, runs });
  const name = order.name ?? nameOf(order, used?.model, facts);
  return {
    order,
    facts,
    learnInto: order.mode === "learn" ? learnInto(order, name, context.models) : undefined,
    request: {
      command: commandOf(container),
      program: containerCommand(container)[0] ?? "",
      container: facts,
      mode: runModeOf(order.mode),
      onViolation: order.onViolation,
      ...(place === undefined
        ? {}
        : { ...used, modelFile: place.file, ...(requirement && { requirement }) }),
      ...(place === undefined ? {} : localityOf(context)),
      rules: RULES,
      name,
      stateRoot: context.stateRoot,
      cwd: "/",
      env: context.env,
      deadlineMs: DEADLINE_MS,
      onExit: "wait",
      allowWeaker: false,
    },
  };
}

/** Without a fleet nobody is asked: then the model decides alone, as it does where a fleet gives no answer. */
function localityOf({ config, sockets }: Context): Pick<RunRequest, "locality"> {
  const { verdict: socket } = sockets;
  if (config.fleet["container-verdicts"] === undefined || !existsSync(socket)) return {};
  return { locality: { kind: "remote", withinMs: 0, socket } };
}

function commandOf(container: ContainerState): readonly string[] {
  const command = containerCommand(container);
  // a run has a command; that of this one is not to be found out
  return command.length > 0 ? command : ["(container)"];
}

function nameOf(
  { model: reference }: ContainerOrder,
  model: WorkloadModel | undefined,
  { image, id }: ContainerFacts,
): string {
  if (model !== undefined) return model.metadata.name;
  if (reference !== undefined)
    return nameOfCommand(reference.replace(/\.galgo(?:\.dsse)?\.json$/, ""));
  // registry/path/name:tag@digest
  return nameOfCommand(image?.replace(/@.*$/, "").replace(/:[^/]*$/, "") ?? id);
}

function learnInto({ model }: ContainerOrder, name: string, folder: string): string {
  const { file, sha256 } = modelPlace(model ?? name, folder);
  if (sha256 === undefined) return file;
  throw new ContainerError(
    "BAD_ORDER",
    "the mode learn changes its model, so that cannot be named by a digest",
  );
}
