// SPDX-License-Identifier: Apache-2.0
// What a confidential machine vouches for: a report of its firmware, made for this token and no other, with a measurement that is known.
import { quote } from "../../base/quote.ts";
import { CcError } from "../cc/errors.ts";
import { verifyIntelQuote } from "../cc/intel-verify.ts";
import { INTEL_QUOTING_ENCLAVES } from "../cc/roots.ts";
import { parseSnpReport } from "../cc/snp-report.ts";
import { snpChain } from "../cc/snp-table.ts";
import { verifySnp } from "../cc/snp-verify.ts";
import type { ReportEvidence } from "../evidence/index.ts";
import type { Findings } from "./findings.ts";
import type { ReportPolicy, VerifyCrypto } from "./types.ts";

export interface ReportAsked {
  readonly report: ReportEvidence;
  readonly policy: ReportPolicy;
  /** What the report has to be for. */
  readonly binding: Uint8Array;
  readonly now: number;
  readonly crypto: VerifyCrypto;
  readonly found: Findings;
}

interface Verdict {
  readonly root: string;
  readonly gaps: readonly string[];
}

/** Verifies the report and says what was not checked of it. */
export async function checkReport(asked: ReportAsked): Promise<void> {
  const { report, found } = asked;
  try {
    const { root, gaps } = await verdictOn(asked);
    const what = report.kind.toUpperCase();
    found.good("hardware", `${what} evidence under ${quote(root)} is verified, for this token`);
    for (const gap of gaps) found.gap(gap);
  } catch (error) {
    if (!(error instanceof CcError)) throw error;
    found.refuseAs(`REPORT_${error.code}`, "hardware", error.message);
  }
}

async function verdictOn({ report, policy, binding, now, crypto }: ReportAsked): Promise<Verdict> {
  const { measurements, roots, revoked } = policy;
  const options = {
    crypto: crypto.cc,
    roots,
    now,
    measurements,
    reportData: crypto.tpm.digest("sha512", binding),
    ...(revoked !== undefined && { revoked }),
  };
  if (report.kind !== "snp") {
    const verdict = await verifyIntelQuote(report.report, {
      ...options,
      quotingEnclaves: INTEL_QUOTING_ENCLAVES,
    });
    if (verdict.kind === report.kind) return verdict;
    throw new CcError(
      "BAD_FORM",
      `quote: it is of ${verdict.kind}, the evidence says ${report.kind}`,
    );
  }
  if (report.auxiliary === undefined) {
    throw new CcError("BAD_CHAIN", "SEV-SNP report: it came without certificates");
  }
  const { signer } = parseSnpReport(report.report);
  if (signer !== "vcek" && signer !== "vlek") {
    throw new CcError("UNSUPPORTED", "SEV-SNP report: signed by no key of a chip or provider");
  }
  return await verifySnp(report.report, snpChain(report.auxiliary, signer), options);
}
