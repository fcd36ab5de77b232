// SPDX-License-Identifier: Apache-2.0
// A confidential machine as the platform of evidence: its firmware signs a report over what is said of a namespace.
import { createHash } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { CcError } from "../attest/cc/errors.ts";
import { parseIntelQuote } from "../attest/cc/intel-quote.ts";
import { parseSnpReport } from "../attest/cc/snp-report.ts";
import type { Platform, PlatformProver } from "../attest/evidence/platform-prover.ts";
import type { ReportEvidence } from "../attest/evidence/types.ts";
import { quote } from "../base/quote.ts";
import {
  TSM_REPORTS,
  TsmError,
  tsmKind,
  tsmProvider,
  type TsmReport,
  tsmReport,
} from "./configfs-tsm.ts";

/** After this, firmware that does not answer is given up. Providers may have to wait: hosts limit how often they are asked. */
const ANSWER_TIMEOUT_MS = 60_000;

/** What firmware is given to sign: 64 bytes that follow from what is bound. */
export function reportData(binding: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha512").update(binding).digest());
}

/**
 * Opens this machine's configfs-tsm. Reports take no coefficients: what they vouch for is what the claims say.
 * @returns a platform whose evidence has the kind snp or tdx. Rejects with `TsmError` when this machine is no confidential guest, or
 * one of a kind that nothing here verifies
 */
export async function openTsmPlatform(folder: string = TSM_REPORTS): Promise<Platform> {
  const provider = await tsmProvider(folder);
  if (tsmKind(provider) === undefined) throw unknownProvider(provider);
  const prover = proverOver((data) => tsmReport(data, folder));
  return { prover: () => Promise.resolve(prover), close: () => Promise.resolve() };
}

/**
 * The prover over whoever makes reports.
 * @param make a report over 64 bytes. Called again only when it has answered
 */
export function proverOver(
  make: (data: Uint8Array) => Promise<TsmReport>,
  timeoutMs: number = ANSWER_TIMEOUT_MS,
): PlatformProver {
  const asked = new Asked(make, timeoutMs);
  return {
    prove: async (binding) => evidenceOf(await asked.report(reportData(binding)), binding),
    close: () => Promise.resolve(),
  };
}

function unknownProvider(provider: string): TsmError {
  return new TsmError(
    "UNKNOWN_PROVIDER",
    `reports of ${quote(provider, 60)} are not known here: those of sev_guest and tdx_guest are`,
  );
}

/** One request after another; none while the firmware sits on one that was given up. */
class Asked {
  readonly #make: (data: Uint8Array) => Promise<TsmReport>;
  readonly #timeoutMs: number;
  #last: Promise<unknown> = Promise.resolve();
  #stuck = false;

  constructor(make: (data: Uint8Array) => Promise<TsmReport>, timeoutMs: number) {
    this.#make = make;
    this.#timeoutMs = timeoutMs;
  }

  report(data: Uint8Array): Promise<TsmReport> {
    const asked = this.#last.then(() => this.#limited(data));
    this.#last = asked.catch(() => {});
    return asked;
  }

  async #limited(data: Uint8Array): Promise<TsmReport> {
    if (this.#stuck) {
      throw new TsmError("BUSY", "the firmware has not answered an earlier request for a report");
    }
    const made = this.#make(data);
    const answered = new AbortController();
    const report = await Promise.race([
      made.finally(() => answered.abort()),
      setTimeout(this.#timeoutMs, undefined, { signal: answered.signal }).catch(() => made),
    ]);
    if (report !== undefined) return report;
    this.#stuck = true;
    const free = (): void => {
      this.#stuck = false;
    };
    made.then(free, free);
    throw new TsmError(
      "TIMEOUT",
      `the firmware did not make a report within ${this.#timeoutMs / 1000} s`,
    );
  }
}

/** Looks whether it is what was asked for, so that whoever asks here is told, not the verifier only. */
function evidenceOf(
  { provider, kind, report, auxiliary }: TsmReport,
  binding: Uint8Array,
): ReportEvidence {
  if (kind === undefined) throw unknownProvider(provider);
  const told = toldData(kind, report);
  if (Buffer.compare(told, reportData(binding)) !== 0) {
    throw new TsmError("WRONG_REPORT", "the firmware made a report about other data");
  }
  return { kind, report, ...(auxiliary === undefined ? {} : { auxiliary }) };
}

function toldData(kind: "snp" | "tdx", report: Uint8Array): Uint8Array {
  try {
    if (kind === "snp") return parseSnpReport(report).reportData;
    return parseIntelQuote(report).body.reportData;
  } catch (error) {
    if (!(error instanceof CcError)) throw error;
    throw new TsmError("WRONG_REPORT", `the firmware made something else: ${error.message}`, {
      cause: error,
    });
  }
}
