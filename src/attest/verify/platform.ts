// SPDX-License-Identifier: Apache-2.0
// Which platform vouches for the evidence, and whether the policy takes its word.
import { quote } from "../../base/quote.ts";
import { type Evidence, platformBinding } from "../evidence/index.ts";
import type { FileFinding } from "../ima/index.ts";
import type { Findings } from "./findings.ts";
import { checkReport } from "./report.ts";
import { checkTpm } from "./tpm.ts";
import type { VerifyCase, VerifyCrypto, WorkloadRule } from "./types.ts";

export interface PlatformAsked {
  readonly evidence: Evidence;
  readonly rule: WorkloadRule;
  readonly given: VerifyCase;
  /** Of the key that signed the token. */
  readonly kid: string;
  /** hex; undefined: nobody has proven any. */
  readonly coefficients: readonly string[] | undefined;
  readonly crypto: VerifyCrypto;
  readonly found: Findings;
}

/** Checks what vouches. Returns what is known of measured files. */
export async function checkPlatform(
  asked: PlatformAsked,
): Promise<readonly FileFinding[] | undefined> {
  const { evidence, rule, given, kid, coefficients, crypto, found } = asked;
  const { platform, ...claims } = evidence;
  const { none, tpm, snp, tdx, sgx } = rule.platform;
  if (platform.kind === "none") {
    const why = `no platform vouches for it: ${quote(platform.why, 300)}`;
    if (none) found.gap(why);
    else found.refuse("NO_PLATFORM", why);
    refuseAggregate(evidence, found);
    return undefined;
  }
  const policy = { tpm, snp, tdx, sgx }[platform.kind];
  if (policy === undefined) {
    found.refuse("WRONG_PLATFORM", `a platform of the kind ${platform.kind} vouches for it`);
    return undefined;
  }
  const binding = platformBinding(claims, kid);
  if (platform.kind === "tpm") {
    if (tpm === undefined) return undefined;
    const { enrolled } = given;
    return await checkTpm({
      evidence,
      tpm: platform,
      policy: tpm,
      binding,
      enrolled,
      coefficients,
      crypto,
      found,
    });
  }
  const report = { snp, tdx, sgx }[platform.kind];
  if (report === undefined) return undefined;
  const { now } = given;
  await checkReport({ report: platform, policy: report, binding, now, crypto, found });
  refuseAggregate(evidence, found);
  return undefined;
}

/** Without a TPM there is nothing that an aggregate could be of. */
function refuseAggregate({ aggregate }: Evidence, found: Findings): void {
  if (/^0+$/.test(aggregate)) return;
  const why = `the aggregate is ${aggregate}, and no TPM vouches for it`;
  found.refuse("WRONG_AGGREGATE", why);
}
