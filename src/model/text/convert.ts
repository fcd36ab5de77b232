// SPDX-License-Identifier: Apache-2.0
// From the text form of a model to Galgo's own and back, naming what the other side cannot hold.
import type { Hasher } from "../hasher.ts";
import type { MappingName } from "../mapping-names.ts";
import { createModel, type Model } from "../model.ts";
import { BUILTIN_PROFILES } from "../rules/rules.ts";
import { makeWorkloadModel, type WorkloadModel } from "../file/workload-model.ts";
import type { TextModel } from "./text-model.ts";

/** Something that the other form cannot hold. */
export interface ModelLoss {
  /** A sentence for people. */
  readonly text: string;
  /** True: without it the result means something else, or hides what speaks against the model. Such a loss is refused unless asked for. */
  readonly grave: boolean;
}

/** What a text model does not say of itself. */
export interface TextTerms {
  readonly name: string;
  /** How its states were made. */
  readonly mapping: MappingName;
  /** Of the digest that they were made with. */
  readonly hasher: Hasher;
}

export interface Converted<T> {
  readonly model: T;
  readonly losses: readonly ModelLoss[];
}

/** The running model that Quixote's agent has after it loaded the text: base first, then the aggregate, then each state. */
export function modelOfText(text: TextModel, hasher: Hasher): Model {
  const { base, aggregate, pseudonyms, states, sealed } = text;
  const model = createModel({
    hasher,
    baseFirst: true,
    ...(base !== undefined && { base }),
    ...(aggregate !== undefined && { aggregate }),
  });
  for (const pseudonym of pseudonyms) model.addPseudonym(pseudonym);
  for (const state of states) model.load(state);
  if (sealed) model.seal();
  return model;
}

/** Galgo's form of a text model. Profile `exact`, origin unknown; without an aggregate zeros are taken, as Quixote does. */
export function fromTextModel(text: TextModel, terms: TextTerms): Converted<WorkloadModel> {
  const { name, mapping, hasher } = terms;
  const { base, aggregate, pseudonyms, states, sealed } = text;
  const points = [...new Set(states)];
  const model = makeWorkloadModel(
    {
      name,
      mapping,
      profile: BUILTIN_PROFILES.exact,
      aggregate: aggregate ?? "0".repeat(hasher.size * 2),
      ...(base !== undefined && { base }),
      sealed,
      fidelity: { sensor: "unknown", sees: [], holds: [], absent: [], features: [] },
      pseudonyms,
      points,
      completeness: { runs: 0, eventsSeen: 0, eventsLost: 0, saturation: [] },
    },
    hasher,
  );
  const losses: ModelLoss[] = [];
  if (aggregate === undefined) {
    losses.push(
      light("it names no aggregate: zeros are taken, where Quixote takes the platform's"),
    );
  }
  if (!isSorted(points)) {
    losses.push(light("the order of the states, and with it the measurement, is not kept"));
  }
  if (points.length < states.length) losses.push(light("how often a state is named is not kept"));
  return { model, losses };
}

/** Text form of a model. The points come in ascending order, since the order of their discovery is not in a model. */
export function toTextModel({ spec }: WorkloadModel): Converted<TextModel> {
  const { base, aggregate, pseudonyms, points, sealed } = spec;
  const model = {
    ...(base !== undefined && { base }),
    aggregate,
    pseudonyms,
    states: points,
    sealed,
  };
  return { model, losses: [...graveLosses(spec), ...lightLosses(spec)] };
}

type Spec = WorkloadModel["spec"];

function graveLosses({ profile, completeness, mapping, digest }: Spec): ModelLoss[] {
  const losses: ModelLoss[] = [];
  if (profile.name !== "exact" || profile.rules.length > 0) {
    losses.push(
      grave(
        `its points were made under the rules of the profile ${profile.name}, which TSEM and Quixote do not apply: ` +
          "they would not recognise the same behaviour. Learn it with --profile exact",
      ),
    );
  }
  if (completeness.eventsLost > 0) {
    losses.push(
      grave(
        `it was learned while ${completeness.eventsLost} events were lost, which the text can not say`,
      ),
    );
  }
  if (mapping !== "tsem-v4" && digest !== "sha256") {
    losses.push(grave(`Quixote's own agent knows sha256 only, this model has ${digest}`));
  }
  return losses;
}

function lightLosses({ fidelity, mapping, sealed, digest }: Spec): ModelLoss[] {
  const whose = mapping === "tsem-v4" ? "a TSEM kernel's own agent" : "Quixote's agent";
  const losses = [
    light(
      `the text does not say that it is for ${whose} (mapping ${mapping}, digest ${digest}), nor its name, ` +
        "what it was learned from and with",
    ),
  ];
  if (fidelity.sensor === "seccomp" || fidelity.sensor === "bpf") {
    losses.push(
      light(
        `it was learned with the sensor ${fidelity.sensor}: a TSEM kernel describes the same operations more fully ` +
          "and will find most of them outside this model",
      ),
    );
  }
  if (!sealed) losses.push(light("it is not sealed: whoever loads it adds to it"));
  return losses;
}

const light = (text: string): ModelLoss => ({ text, grave: false });
const grave = (text: string): ModelLoss => ({ text, grave: true });

function isSorted(values: readonly string[]): boolean {
  return values.every((value, i) => i === 0 || (values[i - 1] ?? "") < value);
}
