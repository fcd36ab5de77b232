// SPDX-License-Identifier: Apache-2.0
// Attacks on what the platform says: quotes moved beside other claims, registers that do not fit, keys of no TPM that is known.
import { flipped } from "../../helpers/signing.ts";
import { bytesToHex, hexToBytes } from "../../../src/base/hex.ts";
import { ATTRIBUTE } from "../../../src/attest/tpm/index.ts";
import type { TpmPolicy, VerifyCase } from "../../../src/attest/verify/types.ts";
import {
  type Attested,
  attested,
  caseOf,
  INJECTED,
  policyOf,
  ruleOf,
  type Scene,
  vouched,
} from "../../helpers/attested.ts";
import { coefficient } from "../../helpers/models.ts";
import { SoftTpm } from "../../helpers/soft-tpm.ts";
import { type Attack, handed, HONEST, moved, platformWith, told, tpmOf } from "./attack.ts";

const honest = tpmOf(HONEST.evidence);
const OTHER = new SoftTpm();
const THIRD = new SoftTpm();

const tpmPolicy = (changes: Partial<TpmPolicy>, { tpm }: Pick<Attested, "tpm"> = HONEST) => {
  const rule = ruleOf(tpm);
  const own = rule.platform.tpm;
  if (own === undefined) throw new Error("the rule of a test has a TPM");
  return { policy: policyOf({ ...rule, platform: { none: false, tpm: { ...own, ...changes } } }) };
};

/** A quote over other registers than usual. */
const quoted =
  (pcrs: readonly number[]): Attack["given"] =>
  () => {
    const platform = { ...tpmOf({ platform: vouched(HONEST.evidence, HONEST, pcrs) }) };
    const { extended } = honest;
    return caseOf({
      ...HONEST,
      evidence: { ...HONEST.evidence, platform: { ...platform, extended } },
    });
  };

/** By a TPM whose key is not one for attestations: it may have signed what no TPM has made. */
const soft = (attributes: number): Attack["given"] => told({ tpm: new SoftTpm(attributes) });
const AK_BITS =
  ATTRIBUTE.fixedTpm | ATTRIBUTE.sensitiveDataOrigin | ATTRIBUTE.restricted | ATTRIBUTE.sign;

/** A claim about the registers that is not so. */
const pcr = (index: number): Attack["given"] =>
  platformWith({
    pcrs: honest.pcrs.map((each) =>
      each.index === index
        ? { index, value: bytesToHex(flipped(hexToBytes(each.value), 7)) }
        : each,
    ),
  });

const reversed = (): Promise<VerifyCase> => {
  const scene: Partial<Scene> = { extends: false };
  const made = attested(scene);
  for (const each of [...made.coefficients].reverse()) made.tpm.extend(11, hexToBytes(each));
  const platform = {
    ...tpmOf({ platform: vouched(made.evidence, made) }),
    extended: made.coefficients.length,
  };
  return caseOf({ ...made, evidence: { ...made.evidence, platform } });
};

export const PLATFORM_ROWS: readonly Attack[] = [
  {
    what: "claims that were changed beside a good quote by who has the key of the token",
    given: moved({ counts: { ...HONEST.evidence.counts, events: 7 } }),
    reasons: ["QUOTE_WRONG_NONCE"],
  },
  { what: "another value of PCR 11", given: pcr(11), reasons: ["QUOTE_WRONG_PCR", "WRONG_PCR_11"] },
  {
    what: "another value of PCR 0",
    given: pcr(0),
    reasons: ["QUOTE_WRONG_PCR", "WRONG_AGGREGATE"],
    kind: "wrong PCR",
  },
  {
    what: "a PCR that is not what the verifier knows to be good",
    given: handed(tpmPolicy({ pcrs: new Map([[0, ["aa".repeat(32)]]]) })),
    reasons: ["UNKNOWN_PCR_VALUE"],
  },
  {
    what: "a PCR that the verifier wants and nobody quotes",
    given: handed(tpmPolicy({ pcrs: new Map([[14, ["aa".repeat(32)]]]) })),
    reasons: ["MISSING_PCR"],
  },
  {
    what: "a quote over fewer registers than are claimed",
    given: platformWith(tpmOf({ platform: { ...honest, pcrs: honest.pcrs.slice(0, 8) } })),
    reasons: ["QUOTE_WRONG_SELECTION", "MISSING_PCR"],
  },
  {
    what: "a quote without PCR 11",
    given: quoted([0, 1, 2, 3, 4, 5, 6, 7]),
    reasons: ["MISSING_PCR"],
  },
  {
    what: "a quote without PCR 3",
    given: quoted([0, 1, 2, 4, 5, 6, 7, 11]),
    reasons: ["MISSING_PCR"],
  },
  {
    what: "a quote of another machine's TPM",
    given: platformWith({
      ...OTHER.quote({ nonce: new Uint8Array(32), pcrs: honest.pcrs.map(({ index }) => index) }),
    }),
    reasons: ["QUOTE_BAD_SIGNATURE", "QUOTE_WRONG_NONCE", "QUOTE_WRONG_PCR"],
  },
  {
    what: "a TPM that nobody knows",
    given: handed(tpmPolicy({ keys: [{ name: "other", ak: OTHER.akName }] })),
    reasons: ["UNKNOWN_AK"],
  },
  {
    what: "a TPM that was to be enrolled and was not",
    given: handed({
      ...tpmPolicy({ keys: [], enrolled: true }),
      enrolled: new Set([OTHER.akName]),
    }),
    reasons: ["UNKNOWN_AK"],
  },
  {
    what: "a key that may sign anything",
    given: soft(AK_BITS & ~ATTRIBUTE.restricted),
    reasons: ["QUOTE_NOT_AN_ATTESTATION_KEY"],
  },
  {
    what: "a key that may leave its TPM",
    given: soft(AK_BITS & ~ATTRIBUTE.fixedTpm),
    reasons: ["QUOTE_NOT_AN_ATTESTATION_KEY"],
  },
  {
    what: "a quote that is cut",
    given: platformWith({ attest: honest.attest.slice(0, 40) }),
    reasons: ["QUOTE_MALFORMED"],
  },
  {
    what: "registers of SHA-1",
    given: platformWith({
      bank: "sha1",
      start: "00".repeat(20),
      pcrs: honest.pcrs.map(({ index }) => ({ index, value: "00".repeat(20) })),
    }),
    reasons: ["WEAK_BANK"],
  },
  {
    what: "coefficients in another order than that of the measurement",
    given: reversed,
    reasons: ["WRONG_PCR_11"],
  },
  {
    what: "a run that extended nothing",
    given: told({ extends: false }),
    reasons: ["NOT_EXTENDED"],
  },
  {
    what: "a run whose last coefficient is not yet in PCR 11",
    given: platformWith({ extended: honest.extended - 1 }),
    reasons: ["NOT_EXTENDED"],
  },
  {
    what: "a register with more in it than is said, where not all has to be",
    given: async () => ({
      ...(await platformWith({ extended: honest.extended - 1 })()),
      ...tpmPolicy({ coefficients: "optional" }),
    }),
    reasons: ["NOT_EXTENDED"],
  },
  {
    what: "a register of which the orchestrator itself says that it went wrong",
    given: platformWith({ failure: "the TPM did not answer" }),
    reasons: ["PLATFORM_FAILURE"],
  },
  {
    what: "a register that others had extended",
    given: told({ earlier: [coefficient(9)] }),
    reasons: ["WRONG_START"],
  },
  {
    what: "a register that others had extended, said to be new",
    given: () => {
      const made = attested({ earlier: [coefficient(9)] });
      const platform = { ...tpmOf(made.evidence), start: "00".repeat(32) };
      return caseOf({ ...made, evidence: { ...made.evidence, platform } });
    },
    reasons: ["WRONG_PCR_11"],
  },
  {
    what: "coefficients that nobody reports and no model explains",
    given: async () => {
      const { coefficients: _none, ...rest } = await caseOf(
        attested({ more: [INJECTED], tpm: THIRD }),
        {
          policy: policyOf(ruleOf(THIRD)),
        },
      );
      return rest;
    },
    reasons: ["NO_COEFFICIENTS", "VIOLATIONS", "WRONG_STATE"],
  },
  {
    what: "coefficients with one exchanged",
    given: handed({ coefficients: [INJECTED, ...HONEST.coefficients.slice(1)] }),
    reasons: ["WRONG_COEFFICIENTS"],
  },
  {
    what: "the aggregate of another machine",
    given: told({ claims: { aggregate: "5b".repeat(32) } }),
    reasons: ["WRONG_AGGREGATE", "WRONG_STATE", "WRONG_COEFFICIENTS", "NO_COEFFICIENTS"],
  },
  {
    what: "no platform where one is wanted",
    given: moved({ platform: { kind: "none", why: "no TPM here" } }),
    reasons: ["NO_PLATFORM", "WRONG_AGGREGATE"],
  },
  {
    what: "a platform of another kind",
    given: moved({ platform: { kind: "snp", report: new Uint8Array(1_184) } }),
    reasons: ["WRONG_PLATFORM"],
  },
  {
    what: "a kernel without a measurement list where one is wanted",
    given: handed(tpmPolicy({ ima: { required: true, violations: 0, files: [] } })),
    reasons: ["NO_IMA"],
  },
];
