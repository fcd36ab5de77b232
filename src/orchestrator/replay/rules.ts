// SPDX-License-Identifier: Apache-2.0
// By which rules a stream is replayed: those of the model that it is held against, else those that were asked for.
import { isHex } from "../../base/hex.ts";
import { quote } from "../../base/quote.ts";
import { BUILTIN_PROFILES, DIGEST_SIZES, rulesFit } from "../../model/index.ts";
import type { DigestName, MappingName, WorkloadModel } from "../../model/index.ts";
import type { TmaSpec } from "../../tma/index.ts";
import { RunError } from "../errors.ts";
import { specOfModel } from "../models/model-use.ts";
import { withOwnTerms } from "../own-terms.ts";

/** What was asked for; what is undefined was not. */
export interface WantedRules {
  readonly mapping: MappingName | undefined;
  readonly digest: DigestName | undefined;
  readonly profile: "exact" | "portable" | undefined;
  /** hex */
  readonly aggregate: string | undefined;
  /** hex */
  readonly base: string | undefined;
}

/** Rules of a replay without a model: nothing is rewritten unless that was asked for. Throws `RunError` BAD_OPTION. */
export function freeRules({
  mapping,
  digest = "sha256",
  profile,
  aggregate,
  base,
}: WantedRules): TmaSpec {
  for (const [option, value] of [
    ["--aggregate", aggregate],
    ["--base", base],
  ] as const)
    if (value !== undefined) requireDigest(option, value, digest);
  const rules = BUILTIN_PROFILES[profile ?? "exact"];
  if (mapping !== undefined && !rulesFit(rules, mapping)) {
    throw new RunError(
      "BAD_OPTION",
      `--profile ${rules.name} leaves out what --mapping ${mapping} hashes; only the profile exact goes with it`,
    );
  }
  return {
    mapping: mapping ?? "tsem-v4",
    digest,
    profile: rules,
    ...(aggregate === undefined ? {} : { aggregate }),
    ...(base === undefined ? {} : { base }),
    points: [],
    pseudonyms: [],
    sealed: false,
  };
}

/** Rules of a replay against a model, which is closed for it. Throws `RunError` BAD_OPTION when something else was asked for. */
export function rulesOfModel(model: WorkloadModel, file: string, wanted: WantedRules): TmaSpec {
  const { spec } = model;
  const own: Readonly<Record<Exclude<keyof WantedRules, "base">, string>> = {
    mapping: spec.mapping,
    digest: spec.digest,
    profile: spec.profile.name,
    aggregate: spec.aggregate,
  };
  for (const key of ["mapping", "digest", "profile", "aggregate"] as const) {
    const value = wanted[key];
    if (value === undefined || value === own[key]) continue;
    throw new RunError(
      "BAD_OPTION",
      `--${key} ${quote(value, 140)} contradicts the model ${quote(file)}, which was made with ${own[key]}; leave the option out`,
    );
  }
  const { base } = wanted;
  // as a run under it would have been started
  return withOwnTerms(specOfModel(model), {
    modelFile: file,
    ...(base === undefined ? {} : { base }),
  });
}

function requireDigest(option: string, value: string, digest: DigestName): void {
  const size = DIGEST_SIZES[digest];
  if (isHex(value, size)) return;
  throw new RunError(
    "BAD_OPTION",
    `${option} ${quote(value, 140)} is not ${2 * size} lower-case hex digits, as ${digest} has them`,
  );
}
