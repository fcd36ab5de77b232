// SPDX-License-Identifier: Apache-2.0
// What a verifier has found as a token for others: an EAT Attestation Result (draft-ietf-rats-ear) with a trustworthiness vector
// (draft-ietf-rats-ar4si), and the reasons in a claim of ours.
import {
  decodeJson,
  encodeBase64url,
  encodeJson,
  type JsonValue,
  openJws,
  signJws,
  type TokenKeys,
  type TokenSigner,
} from "../evidence/index.ts";
import { hexToBytes, isHex } from "../../base/hex.ts";
import { type Area, AREAS } from "./reasons.ts";
import type { VerifyResult } from "./types.ts";

/** Header type of results: another than that of evidence, so that neither is ever taken for the other. */
export const EAR_TYPE = "ear+jwt";
export const EAR_PROFILE = "tag:github.com,2023:veraison/ear";

/** Values of a trustworthiness claim. */
const NO_CLAIM = 0;
const AFFIRMING = 2;
const CONTRAINDICATED = 96;
const BAD_CRYPTOGRAPHY = 99;

/** Who says it. */
export interface EarTerms {
  /** Version of the verifier. */
  readonly version: string;
  /** The challenge that was answered, hex. */
  readonly nonce?: string;
}

/** The claims of a result, as JSON. */
export function earClaims(result: VerifyResult, { version, nonce }: EarTerms): JsonValue {
  return {
    eat_profile: EAR_PROFILE,
    iat: Math.floor(result.at / 1_000),
    "ear.verifier-id": { developer: "https://galgo.dev", build: `galgo ${version}` },
    ...(nonce !== undefined && isHex(nonce) && { eat_nonce: encodeBase64url(hexToBytes(nonce)) }),
    submods: {
      galgo: {
        "ear.status": result.accepted ? "affirming" : "contraindicated",
        "ear.trustworthiness-vector": trustVector(result),
        "ear.appraisal-policy-id": `urn:galgo:policy:sha256:${result.policy.digest}`,
        galgo: galgoClaim(result),
      },
    },
  };
}

function galgoClaim(result: VerifyResult): JsonValue {
  const { evidence, signedBy, difference } = result;
  return {
    accepted: result.accepted,
    evidence: `sha256:${result.token}`,
    reasons: result.refusals.map(({ reason, area, why }) => ({ reason, area, why })),
    checked: [...result.checked],
    notChecked: [...result.gaps],
    ...(signedBy !== undefined && { signedBy: { ...signedBy } }),
    ...(evidence !== undefined && {
      workload: { ...evidence.workload },
      ...(evidence.model !== undefined && {
        model: { name: evidence.model.name, digest: evidence.model.digest },
      }),
      ...(evidence.base !== undefined && { base: evidence.base }),
      state: evidence.state,
      measurement: evidence.measurement,
      counts: { ...evidence.counts },
      mode: evidence.mode,
      issuedAt: evidence.issuedAt,
      started: evidence.started,
      orchestrator: { ...evidence.orchestrator },
      platform: evidence.platform.kind,
      ...(evidence.tma !== undefined && { tma: { ...evidence.tma } }),
    }),
    ...(difference !== undefined && {
      difference: {
        reference: difference.reference,
        counts: { ...difference.counts },
        added: difference.added.map((each) => ({ ...each })),
        missing: difference.missing.map((each) => ({ ...each })),
      },
    }),
  };
}

/** What is said of each area. Nothing was looked at: no claim, which is not affirming. */
function trustVector({ areas, refusals }: VerifyResult): Record<Area, number> {
  const claimOf = (area: Area): number => {
    const against = refusals.filter((refusal) => refusal.area === area);
    if (against.some(({ reason }) => reason.endsWith("BAD_SIGNATURE"))) return BAD_CRYPTOGRAPHY;
    if (against.length > 0) return CONTRAINDICATED;
    return areas.includes(area) ? AFFIRMING : NO_CLAIM;
  };
  const [identity, configuration, executables, hardware] = AREAS;
  return {
    [identity]: claimOf(identity),
    [configuration]: claimOf(configuration),
    [executables]: claimOf(executables),
    [hardware]: claimOf(hardware),
  };
}

/** The result as a signed token. @throws TokenError TOO_LARGE */
export async function signResult(
  result: VerifyResult,
  terms: EarTerms,
  signer: TokenSigner,
): Promise<string> {
  return await signJws(encodeJson(earClaims(result, terms)), EAR_TYPE, signer);
}

/** Claims of a result that one of these keys has signed, for whoever relies on it. @throws TokenError */
export async function openResult(token: string, keys: TokenKeys): Promise<unknown> {
  const { payload } = await openJws(token, EAR_TYPE, keys);
  return decodeJson(payload, "the claims of the result");
}
