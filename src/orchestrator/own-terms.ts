// SPDX-License-Identifier: Apache-2.0
// What a run has of its own in the digests of its model: a base that a verifier has chosen, the aggregate of the platform. Coefficients do
// not depend on them, so verdicts do not either; measurement and state do, and nobody could have computed them before he knew the base.
import { isHex } from "../base/hex.ts";
import { quote } from "../base/quote.ts";
import type { WorkloadModel } from "../model/file/workload-model.ts";
import { DIGEST_SIZES } from "../model/runtime/index.ts";
import { emptyModel } from "../tma/index.ts";
import type { TmaSpec } from "../tma/index.ts";
import type { DigestName } from "../model/runtime/index.ts";
import { RunError } from "./errors.ts";
import type { RunPlan } from "./plan.ts";
import type { RunRecord } from "./run-record.ts";
import type { RunRequest } from "./run-request.ts";

type OwnTerms = Pick<RunRequest, "base" | "modelFile">;

/** The terms of the rules or of the model, with those of the run. @throws RunError BAD_OPTION */
export function withOwnTerms(spec: TmaSpec, { base, modelFile }: OwnTerms): TmaSpec {
  if (base === undefined) return spec;
  const size = DIGEST_SIZES[spec.digest];
  if (!isHex(base, size)) {
    throw new RunError(
      "BAD_OPTION",
      `--base ${quote(base, 140)} is not ${2 * size} lower-case hex digits, as ${spec.digest} has them`,
    );
  }
  if (!isZeros(spec.base) && spec.base !== base) {
    throw new RunError(
      "BAD_OPTION",
      `--base contradicts the model ${quote(modelFile ?? "")}, which was made with the base ${spec.base}; measure it anew, or leave the option out`,
    );
  }
  return { ...spec, base };
}

/**
 * A plan with the platform's aggregate, where the request has one. A platform that does not answer keeps no workload from running.
 * @param onNotice told of that
 */
export async function withAggregate(
  plan: RunPlan,
  onNotice: (text: string) => void,
): Promise<RunPlan> {
  const { aggregate, tsem } = plan.request;
  // a TSEM kernel tells its own
  if (aggregate === undefined || tsem !== undefined) return plan;
  const value = await aggregateFrom(aggregate, plan.tma.digest, onNotice);
  return {
    ...plan,
    request: { ...plan.request, aggregate: value },
    tma: { ...plan.tma, aggregate: value },
  };
}

async function aggregateFrom(
  source: NonNullable<RunRequest["aggregate"]>,
  digest: DigestName,
  onNotice: (text: string) => void,
): Promise<string> {
  if (typeof source === "string") return source;
  try {
    return await source(digest);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    onNotice(`the platform's aggregate is not known, and taken to be zeros: ${why}`);
    return "0".repeat(2 * DIGEST_SIZES[digest]);
  }
}

/** What the record of a run says of them. */
export function ownTermsOf(
  spec: TmaSpec,
  model: WorkloadModel | undefined,
): Pick<RunRecord, "base" | "aggregate" | "ownState"> {
  const { base, aggregate } = spec;
  const its = model?.spec;
  // a run without a model begins with zeros
  const same = its === undefined ? isZeros(aggregate) : aggregate === its.aggregate;
  if (base === its?.base && same) return {};
  return {
    ...(base === undefined || base === its?.base ? {} : { base }),
    ...(aggregate === undefined || same ? {} : { aggregate }),
    ...(its === undefined ? {} : { ownState: stateOf(spec) }),
  };
}

function stateOf(spec: TmaSpec): string {
  const model = emptyModel(spec);
  for (const point of spec.points) model.load(point);
  return model.state();
}

function isZeros(hex: string | undefined): boolean {
  return hex === undefined || /^0*$/.test(hex);
}
