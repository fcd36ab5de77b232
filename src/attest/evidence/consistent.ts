// SPDX-License-Identifier: Apache-2.0
// What no evidence of Galgo says, however it is signed: members that contradict one another.
import { DIGEST_SIZES } from "../../model/runtime/index.ts";
import { refuse } from "./forms.ts";
import { MAX_PCRS } from "./limits.ts";
import type { Evidence, TpmEvidence } from "./types.ts";

const IMAGE = /^sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})$/;

/** Whether it can stand in evidence as the digest of an image. */
export function isImageDigest(text: string): boolean {
  return IMAGE.test(text);
}

/** @throws TokenError BAD_CLAIMS */
export function checkConsistent(evidence: Evidence): void {
  const { workload, mode, sealed, model, platform } = evidence;
  if (workload.image !== undefined && !isImageDigest(workload.image))
    throw refuse("galgo.workload.image", "not a digest (sha256:...)");
  // what an operator has sealed and enforced while it ran had no model to begin with
  if (model === undefined && (mode === "detect" || (mode === "enforce" && !sealed)))
    throw refuse("galgo.model", `it is missing in the mode ${mode}`);
  if (model?.signedBy?.length === 0)
    throw refuse("galgo.model.signedBy", "nobody: it is absent then");
  checkDigests(evidence);
  if (platform.kind === "tpm") checkTpm(platform, evidence);
}

/** All values of a model come from one digest. */
function checkDigests({ rules, state, measurement, aggregate, base, floor }: Evidence): void {
  const size = DIGEST_SIZES[rules.digest];
  const values = { state, measurement, aggregate, base, "floor.state": floor?.state };
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value.length !== 2 * size)
      throw refuse(`galgo.${name}`, `a value of ${rules.digest} has ${size} bytes`);
  }
}

function checkTpm(
  { pcrs, start, extended, coefficients }: TpmEvidence,
  { counts: { points }, rules: { digest } }: Evidence,
): void {
  const path = "submods.platform.galgo_platform";
  if (extended > points)
    throw refuse(`${path}.extended`, `${extended} coefficients of ${points} points`);
  if (coefficients !== undefined && coefficients.length !== extended * DIGEST_SIZES[digest])
    throw refuse(`${path}.coefficients`, `they are not ${extended} values of ${digest}`);
  let before = -1;
  for (const { index, value } of pcrs) {
    if (index <= before || index >= MAX_PCRS)
      throw refuse(`${path}.pcrs`, "registers are given once, in order, and there are 24");
    if (value.length !== start.length)
      throw refuse(`${path}.pcrs`, "values of one bank have one size");
    before = index;
  }
}
