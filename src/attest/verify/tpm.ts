// SPDX-License-Identifier: Apache-2.0
// What a TPM vouches for: its quote over PCRs, for this token and no other; the aggregate; the coefficients in PCR 11; what the kernel
// measured.
import { bytesToHex, hexToBytes } from "../../base/hex.ts";
import { quote } from "../../base/quote.ts";
import type { Evidence, TpmEvidence } from "../evidence/index.ts";
import { appraiseIma, IMA_PCR } from "../ima/index.ts";
import type { FileFinding } from "../ima/index.ts";
import {
  AGGREGATE_PCRS,
  aggregateInput,
  checkQuote,
  COEFFICIENT_PCR,
  HASH_SIZES,
  nameOf,
  parsePublic,
  type PcrBank,
  replayPcr,
  TpmFormatError,
  type TpmHash,
} from "../tpm/index.ts";
import type { Findings } from "./findings.ts";
import { sameHex } from "./same-hex.ts";
import type { ImaPolicy, TpmPolicy, VerifyCase, VerifyCrypto } from "./types.ts";

export interface TpmAsked {
  readonly evidence: Evidence;
  readonly tpm: TpmEvidence;
  readonly policy: TpmPolicy;
  /** What the quote has to be for. */
  readonly binding: Uint8Array;
  readonly enrolled: VerifyCase["enrolled"];
  /** hex, all of them; undefined: nobody has proven any. */
  readonly coefficients: readonly string[] | undefined;
  readonly crypto: VerifyCrypto;
  readonly found: Findings;
}

/** Checks all of it. Returns what is known of the measured files. */
export async function checkTpm(asked: TpmAsked): Promise<readonly FileFinding[] | undefined> {
  const { tpm, policy, crypto, found } = asked;
  checkAk(asked);
  const bank = bankOf(tpm);
  if (bank === undefined || !policy.banks.some((name) => name === bank.hash)) {
    const why = `the PCR values are of the bank ${quote(tpm.bank)}; wanted is ${policy.banks.join(" or ")}`;
    found.refuse("WEAK_BANK", why);
    return undefined;
  }
  const nonce = crypto.tpm.digest("sha256", asked.binding);
  const { attest, signature, akPublic } = tpm;
  const { refusals } = await checkQuote(
    { attest, signature, akPublic, nonce, pcrs: bank },
    crypto.tpm,
  );
  for (const { reason, message } of refusals)
    found.refuseAs(`QUOTE_${reason}`, "hardware", message);
  if (refusals.length === 0) {
    found.good("hardware", `a TPM quotes PCR ${[...bank.values.keys()].join(", ")} for this token`);
  }
  checkValues(bank, policy, found);
  checkAggregate(bank, asked);
  checkCoefficients(bank, asked);
  return checkIma(bank, asked);
}

/** Whether the key is of a TPM that is known. The name covers all of the key: what it is for too. */
function checkAk({ tpm, policy, enrolled, crypto, found }: TpmAsked): void {
  let name: string;
  try {
    name = bytesToHex(nameOf(parsePublic(tpm.akPublic), crypto.tpm));
  } catch (error) {
    if (!(error instanceof TpmFormatError)) throw error;
    found.refuseAs("QUOTE_MALFORMED", "hardware", error.message);
    return;
  }
  const known = policy.keys.find(({ ak }) => sameHex(ak, name));
  if (known !== undefined) {
    found.good("hardware", `the attestation key is that of ${quote(known.name)}`);
  } else if (policy.enrolled && enrolled?.has(name) === true) {
    found.good("hardware", "the attestation key was enrolled: its TPM has answered for it");
  } else {
    const how = policy.enrolled ? "nor was it enrolled" : "and enrolled ones are not taken";
    found.refuse("UNKNOWN_AK", `the policy does not name the attestation key ${name}, ${how}`);
  }
}

/** undefined: a bank that is not known. Values of a wrong size are found by whoever checks the quote. */
function bankOf({ bank, pcrs }: TpmEvidence): PcrBank | undefined {
  const sizes: ReadonlyMap<string, number> = new Map(Object.entries(HASH_SIZES));
  const hash = ([...sizes.keys()] as TpmHash[]).find((name) => name === bank);
  if (hash === undefined) return undefined;
  return { hash, values: new Map(pcrs.map(({ index, value }) => [index, hexToBytes(value)])) };
}

/** PCRs with values that are known to be good. */
function checkValues({ values }: PcrBank, { pcrs }: TpmPolicy, found: Findings): void {
  for (const [pcr, good] of pcrs) {
    const value = values.get(pcr);
    if (value === undefined) {
      found.refuse("MISSING_PCR", `PCR ${pcr} is not quoted`);
      continue;
    }
    const hex = bytesToHex(value);
    if (good.some((each) => sameHex(each, hex))) {
      found.good("hardware", `PCR ${pcr} has a known value`);
    } else {
      found.refuse("UNKNOWN_PCR_VALUE", `PCR ${pcr} is ${hex}, which is none of the known values`);
    }
  }
  const open = AGGREGATE_PCRS.filter((pcr) => !pcrs.has(pcr));
  if (open.length > 0) {
    found.gap(
      `whether the firmware is a good one: the policy has no values for PCR ${open.join(", ")}`,
    );
  }
}

/** Whether the state was begun with this platform. */
function checkAggregate(bank: PcrBank, { evidence, crypto, found }: TpmAsked): void {
  const missing = AGGREGATE_PCRS.filter((pcr) => !bank.values.has(pcr));
  if (missing.length > 0) {
    found.refuse("MISSING_PCR", `PCR ${missing.join(", ")} of the aggregate is not quoted`);
    return;
  }
  const { aggregate, rules } = evidence;
  const input = safely(() => aggregateInput(bank));
  const expected = input.length === 0 ? "none" : crypto.hasher(rules.digest).hex(input);
  if (sameHex(expected, aggregate)) {
    found.good("hardware", "the aggregate is that of the quoted PCR 0 to 7");
  } else {
    const why = `the aggregate is ${aggregate}; that of the quoted PCRs is ${expected}`;
    found.refuse("WRONG_AGGREGATE", why);
  }
}

/** Values of a wrong size make none; that they are of a wrong size was told with the quote. */
function safely(make: () => Uint8Array): Uint8Array {
  try {
    return make();
  } catch (error) {
    if (error instanceof TpmFormatError) return new Uint8Array(0);
    throw error;
  }
}

/** Whether PCR 11 is what the coefficients make. */
function checkCoefficients(bank: PcrBank, asked: TpmAsked): void {
  const { evidence, tpm, policy, coefficients, found } = asked;
  const required = policy.coefficients === "required";
  if (tpm.failure !== undefined) {
    found.refuse("PLATFORM_FAILURE", `the orchestrator says of PCR 11: ${quote(tpm.failure, 300)}`);
  }
  if (tpm.extended < evidence.counts.points && (required || tpm.extended > 0)) {
    const why = `${tpm.extended} of ${evidence.counts.points} coefficients are in PCR 11`;
    found.refuse("NOT_EXTENDED", why);
    return;
  }
  if (tpm.extended === 0 && evidence.counts.points > 0) {
    found.gap("PCR 11: the workload is not the one whose coefficients are extended there");
    return;
  }
  checkStart(asked);
  const quoted = bank.values.get(COEFFICIENT_PCR);
  if (quoted === undefined) {
    found.refuse("MISSING_PCR", `PCR ${COEFFICIENT_PCR} is not quoted`);
  } else if (coefficients === undefined) {
    found.refuse("NO_COEFFICIENTS", "the coefficients that PCR 11 was made of were not reported");
  } else {
    comparePcr(bank.hash, quoted, { ...asked, coefficients });
  }
}

function comparePcr(
  hash: TpmHash,
  quoted: Uint8Array,
  { tpm, coefficients, crypto, found }: TpmAsked & { readonly coefficients: readonly string[] },
): void {
  const digests = coefficients.map(hexToBytes);
  const made = safely(() => replayPcr(hash, digests, crypto.tpm, hexToBytes(tpm.start)));
  if (sameHex(bytesToHex(made), bytesToHex(quoted))) {
    found.good("hardware", `the ${digests.length} coefficients make PCR 11`);
  } else {
    const why = `PCR 11 is ${bytesToHex(quoted)}, the coefficients make ${bytesToHex(made)}`;
    found.refuse("WRONG_PCR_11", why);
  }
}

/** Whether PCR 11 was, before the run, what is known. */
function checkStart({ tpm, policy, found }: TpmAsked): void {
  const { start } = policy;
  if (start === "any") {
    found.gap(`what was in PCR 11 before the run (${tpm.start}): the word of the orchestrator`);
  } else if (
    start === "zeros" ? /^0+$/.test(tpm.start) : start.some((v) => sameHex(v, tpm.start))
  ) {
    found.good("hardware", "PCR 11 began with a known value");
  } else {
    const known = start === "zeros" ? "zeros" : `one of ${start.length} known values`;
    found.refuse("WRONG_START", `PCR 11 was ${tpm.start} before the run; wanted is ${known}`);
  }
}

/** The kernel's measurement list. */
function checkIma(bank: PcrBank, asked: TpmAsked): readonly FileFinding[] | undefined {
  const { tpm, policy, found } = asked;
  const { ima } = policy;
  if (ima === undefined) {
    if (tpm.ima !== undefined)
      found.gap("the kernel's measurement list: the policy asks nothing of it");
  } else if (tpm.ima !== undefined) {
    return judgeIma(bank, tpm.ima, ima, asked);
  } else if (ima.required) {
    found.refuse("NO_IMA", "there is no measurement list of the kernel");
  } else {
    found.gap("what the kernel measured: there is no list");
  }
  return undefined;
}

function judgeIma(
  { hash, values: registers }: PcrBank,
  list: Uint8Array,
  { files, closed = [], violations }: ImaPolicy,
  { crypto, found }: TpmAsked,
): readonly FileFinding[] {
  if (!registers.has(IMA_PCR)) found.refuse("MISSING_PCR", `PCR ${IMA_PCR} is not quoted`);
  const { refusals, vouched, findings } = appraiseIma(
    { list, bank: hash, registers, files, closed, violations },
    (name, bytes) => crypto.tpm.digest(name, bytes),
  );
  for (const { reason, message } of refusals) {
    const area = reason.startsWith("FILE_") ? "executables" : "hardware";
    found.refuseAs(`IMA_${reason}`, area, message);
  }
  if (refusals.length === 0) {
    found.good("hardware", `PCR 10 vouches for ${vouched} entries of the kernel's list`);
  }
  if (files.length === 0) {
    found.gap("which files the kernel measured: the policy has no reference values for them");
  }
  return findings;
}
