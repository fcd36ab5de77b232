// SPDX-License-Identifier: Apache-2.0
// Reading and writing a model file. Reading is strict: every fault is reported with its place, unknown fields are refused,
// and the state value must belong to the points.
import { quote } from "../../base/quote.ts";
import { ModelError } from "../errors.ts";
import type { DigestName, Hasher } from "../hasher.ts";
import { MAX_FAULTS, MAX_MODEL_CHARS } from "../limits.ts";
import { MAPPING_NAMES } from "../mapping-names.ts";
import { contentFaults } from "./model-content.ts";
import { shapeFaults } from "./model-schema.ts";
import { stateOf, type WorkloadModel } from "./workload-model.ts";

export interface ParseOptions {
  /** Where the text came from, for messages. */
  readonly source: string;
  /** Gives the digest that the model names. */
  readonly hasher: (name: DigestName) => Hasher;
}

/**
 * Reads a model file. Throws `ModelError`: TOO_LARGE, BAD_JSON, WRONG_MAPPING (made with a mapping this version does not have),
 * BAD_FIELD (every fault with its place), BAD_STATE (the state value does not belong to the points).
 */
export function parseWorkloadModel(text: string, options: ParseOptions): WorkloadModel {
  const source = quote(options.source);
  if (text.length > MAX_MODEL_CHARS) {
    const problem = `${source} has ${text.length} characters, at most ${MAX_MODEL_CHARS} are read`;
    throw new ModelError("TOO_LARGE", problem);
  }
  const value = parseJson(text, source);
  refuseOtherMapping(value, source);
  refuseFaults(shapeFaults(value), source);
  const model = value as WorkloadModel;
  refuseFaults(contentFaults(model), source);
  refuseOtherState(model, options.hasher, source);
  return model;
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? quote(cause.message, 200) : "";
    throw new ModelError("BAD_JSON", `${source} is not JSON: ${why}`, { cause });
  }
}

function refuseOtherMapping(value: unknown, source: string): void {
  const mapping = (value as { spec?: { mapping?: unknown } } | null)?.spec?.mapping;
  if (typeof mapping !== "string" || MAPPING_NAMES.some((known) => known === mapping)) return;
  const known = MAPPING_NAMES.join(", ");
  throw new ModelError(
    "WRONG_MAPPING",
    `${source} was made with mapping ${quote(mapping, 60)}; this version knows ${known}`,
  );
}

function refuseFaults(faults: readonly string[], source: string): void {
  if (faults.length === 0) return;
  const more = faults.length > MAX_FAULTS ? [`and ${faults.length - MAX_FAULTS} more`] : [];
  const listed = [...faults.slice(0, MAX_FAULTS), ...more].join("; ");
  throw new ModelError("BAD_FIELD", `${source} is not a valid WorkloadModel: ${listed}`, {
    facts: { faults },
  });
}

function refuseOtherState(
  model: WorkloadModel,
  hasher: (name: DigestName) => Hasher,
  source: string,
): void {
  const { digest, state } = model.spec;
  const computed = stateOf(model.spec, hasher(digest));
  if (computed === state) return;
  throw new ModelError(
    "BAD_STATE",
    `${source} says state ${state} but its points give ${computed}: it was changed by hand or is damaged`,
  );
}

/** Indented JSON and a newline. */
export function stringifyWorkloadModel(model: WorkloadModel): string {
  return `${JSON.stringify(model, null, 2)}\n`;
}
