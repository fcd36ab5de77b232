// SPDX-License-Identifier: Apache-2.0
// What a schema cannot say of a model file: lengths of digests, order, and that the parts agree.
import { isHex } from "../../base/hex.ts";
import { DIGEST_SIZES } from "../hasher.ts";
import { ruleListFaults } from "../rules/rule-faults.ts";
import { lackingRules, LATER_RULES, type ProfileSpec, rulesFit } from "../rules/rules.ts";
import { ModelError } from "../errors.ts";
import { decodeSequences } from "../sequence/index.ts";
import type { WorkloadModel } from "./workload-model.ts";

/** Faults of a model that has the right shape, each with its place. */
export function contentFaults(model: WorkloadModel): readonly string[] {
  const { spec } = model;
  const size = DIGEST_SIZES[spec.digest];
  return [
    ...digestFaults("spec.aggregate", [spec.aggregate], size),
    ...digestFaults("spec.base", spec.base === undefined ? [] : [spec.base], size),
    ...digestFaults("spec.state", [spec.state], size),
    ...listFaults("spec.pseudonyms", spec.pseudonyms, size),
    ...listFaults("spec.points", spec.points, size),
    ...profileFaults(spec.profile),
    ...(rulesFit(spec.profile, spec.mapping)
      ? []
      : [`spec.profile.rules must be empty for the mapping ${spec.mapping}`]),
    ...completenessFaults(model),
    ...provenanceFaults(model, size),
    ...sequenceFaults(model),
  ];
}

function digestFaults(place: string, values: readonly string[], size: number): readonly string[] {
  return values.every((value) => isHex(value, size))
    ? []
    : [`${place} is not ${size * 2} hex digits`];
}

function listFaults(place: string, values: readonly string[], size: number): readonly string[] {
  const wrong = values.findIndex((value) => !isHex(value, size));
  if (wrong >= 0) return [`${place}[${wrong}] is not ${size * 2} hex digits`];
  const disorder = values.findIndex((value, i) => i > 0 && value <= (values[i - 1] ?? ""));
  return disorder < 0 ? [] : [`${place}[${disorder}] is not above the one before it`];
}

function profileFaults(profile: ProfileSpec): readonly string[] {
  const { name, rules } = profile;
  const faults = ruleListFaults(rules).map((fault) => `spec.profile.rules${fault}`);
  if (name === "exact" && rules.length > 0) {
    faults.push("spec.profile.rules must be empty for the profile exact");
  }
  faults.push(
    ...lackingRules(profile)
      .filter(({ rule }) => !LATER_RULES.has(rule))
      .map(({ rule }) => `spec.profile.rules lacks ${rule} of the profile portable`),
  );
  return faults;
}

function completenessFaults({ spec }: WorkloadModel): readonly string[] {
  const { completeness, points } = spec;
  const faults: string[] = [];
  if (completeness.behaviours !== points.length) {
    faults.push(`spec.completeness.behaviours is not the number of points, ${points.length}`);
  }
  if (completeness.saturation.length % 10 !== 0) {
    faults.push("spec.completeness.saturation does not hold ten numbers a run");
  }
  const { perRun = [], requirements = [], tests = [] } = completeness;
  return [
    ...faults,
    ...orderFaults(
      "spec.completeness.perRun",
      perRun.map(({ id }) => id),
    ),
    ...orderFaults(
      "spec.completeness.requirements",
      requirements.map(({ require }) => require),
    ),
    ...orderFaults(
      "spec.completeness.tests",
      tests.map(({ name }) => name),
    ),
  ];
}

const LONE_SURROGATE = /\p{Cs}/u;

/** Texts by which a list is ordered, none twice. */
function orderFaults(place: string, texts: readonly string[]): readonly string[] {
  const wrong = texts.findIndex((text) => LONE_SURROGATE.test(text));
  if (wrong >= 0) return [`${place}[${wrong}] holds text that is not well-formed`];
  const disorder = texts.findIndex((text, i) => i > 0 && text <= (texts[i - 1] ?? ""));
  return disorder < 0 ? [] : [`${place}[${disorder}] is not above the one before it`];
}

/** That they can be used, and speak of behaviours of this model. */
function sequenceFaults({ spec: { sequences, points } }: WorkloadModel): readonly string[] {
  if (sequences === undefined) return [];
  const known = new Set(points);
  return (["process", "workload"] as const).flatMap((kind) => {
    const place = `spec.sequences.${kind}`;
    const { names } = sequences[kind];
    const strange = names.findIndex((name) => !known.has(name));
    if (strange >= 0) return [`${place}.names[${strange}] is no point of the model`];
    try {
      decodeSequences(sequences[kind]);
      return [];
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      return [`${place}: ${error.message}`];
    }
  });
}

function provenanceFaults({ spec }: WorkloadModel, size: number): readonly string[] {
  const { amended, promoted, points } = spec;
  const faults = [
    ...digestFaults("spec.amended.from", amended?.from ?? [], size),
    ...digestFaults("spec.promoted.model", promoted === undefined ? [] : [promoted.model], size),
  ];
  if ((amended?.points ?? 0) > points.length)
    faults.push("spec.amended.points is more than there are points");
  if ((promoted?.behaviours ?? 0) > points.length)
    faults.push("spec.promoted.behaviours is more than there are points");
  return faults;
}
