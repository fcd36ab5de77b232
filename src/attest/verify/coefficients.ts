// SPDX-License-Identifier: Apache-2.0
// The coefficients behind state and measurement. They are reported by whoever likes to: what proves them is that they make both values,
// the measurement in this order. With them the verifier can say what differs, and check PCR 11.
import { bytesToHex } from "../../base/hex.ts";
import type { Evidence } from "../evidence/index.ts";
import { DIGEST_SIZES } from "../../model/index.ts";
import type { Findings } from "./findings.ts";
import { MAX_COEFFICIENTS } from "./limits.ts";
import { type ReferenceFinding, valuesOf } from "./reference.ts";
import { sameHex } from "./same-hex.ts";
import type { VerifyCase, VerifyCrypto } from "./types.ts";

interface Asked {
  readonly evidence: Evidence;
  readonly given: VerifyCase;
  readonly crypto: VerifyCrypto;
  readonly found: Findings;
}

/**
 * The run's coefficients in the order of discovery, when they are proven. Where nobody has reported any they are those of the model, with
 * what the record knows besides, if they make the values. What was reported and does not is a refusal.
 */
export function provenCoefficients(
  asked: Asked,
  { model }: ReferenceFinding,
): readonly string[] | undefined {
  const { given, evidence, found } = asked;
  let proven: readonly string[] | undefined;
  for (const { name, list } of reported(given, evidence)) {
    const why = wrongIn(list, asked);
    if (why === undefined) {
      const words = `the ${list.length} coefficients ${name} make state and measurement`;
      found.good("executables", words);
      proven ??= list;
    } else found.refuse("WRONG_COEFFICIENTS", `the coefficients ${name} ${why}`);
  }
  if (proven !== undefined) return proven;
  const guess = model?.model.spec.points;
  if (guess === undefined) return undefined;
  // a run that goes on has only written down what is not of its model, in the order in which it came
  const known = new Set(guess);
  const outside = [...(given.record?.words.keys() ?? [])].filter((each) => !known.has(each));
  const list = [...guess, ...outside].slice(0, evidence.counts.points);
  return wrongIn(list, asked) === undefined ? list : undefined;
}

function* reported(
  { coefficients, record }: VerifyCase,
  { platform, rules, counts }: Evidence,
): Generator<{ readonly name: string; readonly list: readonly string[] }> {
  if (coefficients !== undefined) yield { name: "that were reported", list: coefficients };
  if (record?.coefficients !== undefined) {
    // the run may have gone on since
    const list = record.coefficients.slice(0, counts.points);
    yield { name: `of the record ${record.source}`, list };
  }
  if (platform.kind !== "tpm" || platform.coefficients === undefined) return;
  // what the platform has is a beginning: of all of them only when PCR 11 is up to date
  if (platform.extended !== counts.points) return;
  const list = splitCoefficients(platform.coefficients, DIGEST_SIZES[rules.digest]);
  yield { name: "beside the quote", list };
}

/** Coefficients one after the other, hex. What is left over at the end is a shorter last one, which no value is made of. */
export function splitCoefficients(bytes: Uint8Array, size: number): readonly string[] {
  const list: string[] = [];
  for (let at = 0; at < bytes.length; at += size)
    list.push(bytesToHex(bytes.subarray(at, at + size)));
  return list;
}

/** What is wrong with a list; undefined: it makes the values. */
function wrongIn(
  list: readonly string[],
  { evidence, crypto }: Pick<Asked, "evidence" | "crypto">,
): string | undefined {
  const { counts, state, measurement } = evidence;
  if (list.length > MAX_COEFFICIENTS) return `are more than ${MAX_COEFFICIENTS}`;
  if (list.length !== counts.points) return `are ${list.length}, the evidence has ${counts.points}`;
  const values = valuesOf(list, { evidence, crypto });
  if (values === undefined) return `are no values of ${evidence.rules.digest}`;
  if (values.points !== list.length) return "hold one of them twice";
  if (!sameHex(values.state, state)) return `make the state ${values.state}, not ${state}`;
  if (!sameHex(values.measurement, measurement)) {
    return `make the measurement ${values.measurement}, not ${measurement}`;
  }
  return undefined;
}

/** Whether counts and values fit: the same state is over the same number of behaviours. */
export function checkCounts(
  { counts }: Evidence,
  { model, known }: ReferenceFinding,
  found: Findings,
): void {
  const points = model?.model.spec.points.length;
  if (known && points !== undefined && points !== counts.points) {
    const why = `the evidence counts ${counts.points} behaviours, and its state is over ${points}`;
    found.refuse("WRONG_COUNT", why);
  }
}
