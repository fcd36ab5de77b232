// SPDX-License-Identifier: Apache-2.0
// galgo verify of evidence: whether a token is believed under a policy, and what of the behaviour differs.
import { writeFileSync } from "node:fs";
import type { RunRecord } from "../../attest/verify/index.ts";
import {
  signResult,
  tokenOfBytes,
  type VerifyCase,
  verifyEvidence,
  type VerifyResult,
} from "../../attest/verify/index.ts";
import { hexToBytes, isHex } from "../../base/hex.ts";
import { quote } from "../../base/quote.ts";
import {
  ModelUseError,
  findTarget,
  readEvidenceRecord,
  stateRoot,
} from "../../orchestrator/inspect/index.ts";
import { readTokenSigner } from "../../quote/token-signer.ts";
import {
  readBrought,
  readCoefficients,
  readPolicyFile,
  VERIFY_CRYPTO,
} from "../../verifier/index.ts";
import { printResult, resultJson } from "../evidence-text.ts";
import { EXIT_DIFFERENT, EXIT_OK } from "../exit-status.ts";
import { outJson } from "../render.ts";
import { packageVersion } from "../version.ts";
import type { VerifyOptions } from "./verify.ts";

/** Bytes of a nonce (RFC 9711, 4.1). */
const NONCE_BYTES = { min: 8, max: 64 } as const;

/** Exit status 0: accepted; 1: refused. */
export async function verifyToken(
  file: string,
  bytes: Buffer,
  options: VerifyOptions,
): Promise<void> {
  refuseHalfResult(options);
  const given = caseOf(bytes, options);
  const result = await verifyEvidence(given, VERIFY_CRYPTO);
  await writeResult(result, given, options);
  if (options.json === true) outJson({ file, kind: "evidence", ...resultJson(result) });
  else printResult(file, result);
  process.exitCode = result.accepted ? EXIT_OK : EXIT_DIFFERENT;
}

/** A result is written and signed, or neither. */
function refuseHalfResult({ result, resultKey, digest }: VerifyOptions): void {
  if (result !== undefined && resultKey === undefined) {
    throw bad("--result FILE is signed: say with which key (--result-key PRIVATE.pem)");
  }
  if (result === undefined && resultKey !== undefined) {
    throw bad("--result-key signs a result: say where it is written (--result FILE)");
  }
  if (digest !== undefined) throw bad("--digest is for text models: evidence names its own");
}

function caseOf(bytes: Buffer, options: VerifyOptions): VerifyCase {
  const { policy, nonce, base, name, run, subject, model, coefficients, records, at } = options;
  if (policy === undefined) {
    throw bad("evidence is verified under a policy: --policy FILE (docs/verifier.md)");
  }
  if (options.key !== undefined) {
    throw bad("--key is for signed models: the policy names the keys of evidence");
  }
  const workload = {
    ...(name !== undefined && { name }),
    ...(run !== undefined && { id: run }),
    ...(subject !== undefined && { image: subject }),
  };
  return {
    token: tokenOfBytes(bytes),
    policy: readPolicyFile(policy),
    now: at === undefined ? Date.now() : timeOf(at),
    workload,
    ...(nonce !== undefined && { nonce: hexOption("--nonce", nonce, NONCE_BYTES) }),
    ...(base !== undefined && { base: hexOption("--base", base, NONCE_BYTES) }),
    ...(model !== undefined && { models: model.map(readBrought) }),
    ...(coefficients !== undefined && { coefficients: readCoefficients(coefficients) }),
    ...(records !== undefined && { record: recordOf(records) }),
  };
}

function hexOption(
  option: string,
  text: string,
  { min, max }: { readonly min: number; readonly max: number },
): string {
  if (isHex(text)) {
    const { length } = hexToBytes(text);
    if (length >= min && length <= max) return text;
  }
  throw bad(`${option} takes ${min} to ${max} bytes in lower-case hex, not ${quote(text, 140)}`);
}

function timeOf(text: string): number {
  const time = Date.parse(text);
  if (/^\d{4}-\d{2}-\d{2}T.*Z$/.test(text) && Number.isFinite(time)) return time;
  throw bad(`--at takes a time like 2027-01-31T12:00:00Z, not ${quote(text, 80)}`);
}

function recordOf(text: string): RunRecord {
  const target = findTarget(text, stateRoot(process.env, process.getuid?.() ?? -1));
  if (target.kind === "run") return readEvidenceRecord(target.run);
  throw bad(`--records takes a run or its folder; ${quote(text, 200)} is neither`);
}

/** The result as a token, for whoever relies on this verifier. */
async function writeResult(
  result: VerifyResult,
  { nonce }: VerifyCase,
  { result: file, resultKey }: VerifyOptions,
): Promise<void> {
  if (file === undefined || resultKey === undefined) return;
  const terms = { version: packageVersion(), ...(nonce !== undefined && { nonce }) };
  const token = await signResult(result, terms, readTokenSigner(resultKey));
  try {
    writeFileSync(file, `${token}\n`);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new ModelUseError("BAD_OPTION", `can not write ${quote(file)} (${code})`, { cause });
  }
}

function bad(problem: string): ModelUseError {
  return new ModelUseError("BAD_OPTION", problem);
}
