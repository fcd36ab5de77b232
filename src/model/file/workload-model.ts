// SPDX-License-Identifier: Apache-2.0
// The WorkloadModel: what a workload may do, as a file. It holds coefficients, so by itself it discloses no behaviour
// (except what its rules are about, and what they rest on). Here are its form, how it is made, and its canonical bytes (RFC 8785);
// model-file.ts reads it.
import canonicalize from "canonicalize";
import type { HookName } from "../../event/event.ts";
import type { CompletenessDetails } from "../completeness/completeness-types.ts";
import type { DigestName, Hasher } from "../hasher.ts";
import type { MappingName } from "../mapping-names.ts";
import { createModel } from "../model.ts";
import type { Amendments, Promotion } from "./provenance.ts";
import type { WorkloadSequences } from "../learning/sequences.ts";
import type { ProfileSpec } from "../rules/rules.ts";

/** Where the events of a model came from. `unknown`: it was not learned by Galgo, and nothing is known of it. */
export const MODEL_SENSORS = ["seccomp", "bpf", "tsem", "replay", "unknown"] as const;

export type ModelSensor = (typeof MODEL_SENSORS)[number];

/** What the sensor saw and held when the model was learned. Same members as the sensor stage's `Fidelity`. */
export interface ModelFidelity {
  readonly sensor: ModelSensor;
  readonly sees: readonly HookName[];
  readonly holds: readonly HookName[];
  readonly absent: readonly string[];
  readonly features: readonly string[];
}

/** How much was learned from. */
export interface Completeness extends CompletenessDetails {
  readonly runs: number;
  readonly eventsSeen: number;
  readonly eventsLost: number;
  /** Number of points. */
  readonly behaviours: number;
  /** New behaviours in each tenth of the events of a run: ten numbers a run, one run after the other. */
  readonly saturation: readonly number[];
}

export interface WorkloadModelSpec {
  readonly mapping: MappingName;
  readonly digest: DigestName;
  readonly profile: ProfileSpec;
  /** hex, as given, not extended */
  readonly aggregate: string;
  /** hex; zeros when absent */
  readonly base?: string;
  readonly sealed: boolean;
  readonly fidelity: ModelFidelity;
  /** hex, ascending */
  readonly pseudonyms: readonly string[];
  /** hex, ascending */
  readonly points: readonly string[];
  readonly completeness: Completeness;
  readonly amended?: Amendments;
  readonly promoted?: Promotion;
  readonly sequences?: WorkloadSequences;
  /** hex; the order-independent value over aggregate, base and points */
  readonly state: string;
}

export const API_VERSION = "galgo.dev/v1";
export const MODEL_KIND = "WorkloadModel";

export interface WorkloadModel {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: typeof MODEL_KIND;
  readonly metadata: { readonly name: string };
  readonly spec: WorkloadModelSpec;
}

/** State value, hex, of a set of points under an aggregate and a base. */
export function stateOf(
  { aggregate, base, points }: Pick<WorkloadModelSpec, "aggregate" | "base" | "points">,
  hasher: Hasher,
): string {
  const model = createModel({ hasher, aggregate, ...(base !== undefined && { base }) });
  for (const point of points) model.load(point);
  return model.state();
}

/** What a new model file is made of; the rest follows. */
export interface ModelContent extends Omit<WorkloadModelSpec, "state" | "completeness" | "digest"> {
  readonly name: string;
  readonly completeness: Omit<Completeness, "behaviours">;
}

/** A model with its points and pseudonyms in order, and its state computed. */
export function makeWorkloadModel(content: ModelContent, hasher: Hasher): WorkloadModel {
  const { name, completeness, base, amended, promoted, sequences, ...spec } = content;
  const points = sortedUnique(content.points);
  return {
    apiVersion: API_VERSION,
    kind: MODEL_KIND,
    metadata: { name },
    spec: {
      mapping: spec.mapping,
      digest: hasher.name,
      profile: spec.profile,
      aggregate: spec.aggregate,
      ...(base !== undefined && { base }),
      sealed: spec.sealed,
      fidelity: spec.fidelity,
      pseudonyms: sortedUnique(content.pseudonyms),
      points,
      completeness: {
        ...completeness,
        behaviours: points.length,
      },
      ...(amended !== undefined && { amended }),
      ...(promoted !== undefined && { promoted }),
      ...(sequences !== undefined && { sequences }),
      state: stateOf({ ...content, points }, hasher),
    },
  };
}

function sortedUnique(values: readonly string[]): readonly string[] {
  return [...new Set(values)].sort();
}

/** Canonical bytes (RFC 8785): what is digested and signed. */
export function canonicalBytes(model: WorkloadModel): Uint8Array {
  return new TextEncoder().encode(canonicalize(model) ?? "");
}

/** Digest of the canonical bytes, hex, by any hasher; it covers everything in the model. */
export function modelDigest(model: WorkloadModel, hasher: Hasher): string {
  return hasher.hex(canonicalBytes(model));
}
