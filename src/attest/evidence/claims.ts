// SPDX-License-Identifier: Apache-2.0
// The claims of evidence as they stand in a token: those that RFC 9711 names by its names and numbers, ours in the one private claim
// `galgo`. A claim that is not known is refused: a verifier must not overlook what it can not judge.
import { DIGEST_NAMES } from "../../model/names/index.ts";
import { encodeJson } from "./canonical-json.ts";
import { encodeCbor } from "./cbor-write.ts";
import { checkConsistent } from "./consistent.ts";
import { flag, hex, list, natural, record, seconds, text, word } from "./forms.ts";
import type { Form, Wire } from "./forms.ts";
import {
  KEY_ID_BYTES,
  MAX_DIGEST_BYTES,
  MAX_NONCE_BYTES,
  MAX_SIGNERS,
  MAX_TEXT_CHARS,
  MAX_WORDS,
  MIN_DIGEST_BYTES,
  MIN_NONCE_BYTES,
} from "./limits.ts";
import { platformForm } from "./platform-form.ts";
import { EVIDENCE_PROFILE } from "./types.ts";
import type {
  Evidence,
  EvidenceCounts,
  EvidenceFidelity,
  EvidenceFloor,
  EvidenceModel,
  EvidenceOrchestrator,
  EvidenceRules,
  EvidenceTma,
  EvidenceWorkload,
  PlatformEvidence,
} from "./types.ts";
import { cborWire, jsonWire } from "./wires.ts";

/** Keys of CWT claims: IANA's; ours are in the range for private use (RFC 8392, 9.1). */
const IAT = 6;
const EAT_NONCE = 10;
const EAT_PROFILE = 265;
const SUBMODS = 266;
const GALGO = -70_001;
const GALGO_PLATFORM = -70_002;

type GalgoClaims = Omit<Evidence, "nonce" | "issuedAt" | "platform">;

/** As in a token. */
interface Claims {
  readonly eat_profile: typeof EVIDENCE_PROFILE;
  readonly eat_nonce: string;
  readonly iat: number;
  readonly galgo: GalgoClaims;
}

interface Submodules {
  readonly submods: { readonly platform: { readonly galgo_platform: PlatformEvidence } };
}

const short = text(MAX_TEXT_CHARS);
const words = list(short, MAX_WORDS);
const digest = hex({ min: MIN_DIGEST_BYTES, max: MAX_DIGEST_BYTES });

const keyId = hex({ min: KEY_ID_BYTES, max: KEY_ID_BYTES });

const workload = record<EvidenceWorkload>({
  name: { label: 1, form: short },
  id: { label: 2, form: short },
  image: { label: 3, form: short, optional: true },
  owner: { label: 4, form: natural, optional: true },
});

const model = record<EvidenceModel>({
  name: { label: 1, form: short },
  digest: { label: 2, form: digest },
  signedBy: { label: 3, form: list(keyId, MAX_SIGNERS), optional: true },
});

const rules = record<EvidenceRules>({
  mapping: { label: 1, form: short },
  digest: { label: 2, form: word(DIGEST_NAMES) },
  profile: { label: 3, form: short },
});

const counts = record<EvidenceCounts>({
  events: { label: 1, form: natural },
  points: { label: 2, form: natural },
  lost: { label: 3, form: natural },
  violations: { label: 4, form: natural },
  refused: { label: 5, form: natural },
});

const fidelity = record<EvidenceFidelity>({
  sensor: { label: 1, form: short },
  sees: { label: 2, form: words },
  holds: { label: 3, form: words },
  absent: { label: 4, form: words },
  features: { label: 5, form: words },
});

const floor = record<EvidenceFloor>({
  kind: { label: 1, form: short },
  unseen: { label: 2, form: natural },
  state: { label: 3, form: digest },
});

const orchestrator = record<EvidenceOrchestrator>({
  version: { label: 1, form: short },
  buildDigest: { label: 2, form: digest },
});

const tma = record<EvidenceTma>({
  locality: { label: 1, form: word(["wasm", "process", "vm", "serial", "remote"]) },
  codeDigest: { label: 2, form: digest, optional: true },
});

const galgo = record<GalgoClaims>({
  workload: { label: 1, form: workload },
  model: { label: 2, form: model, optional: true },
  rules: { label: 3, form: rules },
  state: { label: 4, form: digest },
  measurement: { label: 5, form: digest },
  aggregate: { label: 6, form: digest },
  base: { label: 7, form: digest, optional: true },
  counts: { label: 8, form: counts },
  mode: { label: 9, form: word(["free", "detect", "enforce"]) },
  sealed: { label: 10, form: flag },
  fidelity: { label: 11, form: fidelity },
  floor: { label: 12, form: floor, optional: true },
  orchestrator: { label: 13, form: orchestrator },
  started: { label: 14, form: seconds },
  tma: { label: 15, form: tma, optional: true },
});

const own = {
  eat_profile: { label: EAT_PROFILE, form: word([EVIDENCE_PROFILE]) },
  // a text that is bytes: RFC 9711 wants base64url of them in JSON
  eat_nonce: {
    label: EAT_NONCE,
    form: hex({ min: MIN_NONCE_BYTES, max: MAX_NONCE_BYTES }, "base64url"),
  },
  iat: { label: IAT, form: seconds },
  galgo: { label: GALGO, form: galgo },
};

/** Without the platform's evidence, which vouches for these. */
const ownClaims: Form<Claims> = record<Claims>(own);

const allClaims: Form<Claims & Submodules> = record<Claims & Submodules>({
  ...own,
  submods: {
    label: SUBMODS,
    form: record<Submodules["submods"]>({
      platform: {
        label: "platform",
        form: record<Submodules["submods"]["platform"]>({
          galgo_platform: { label: GALGO_PLATFORM, form: platformForm },
        }),
      },
    }),
  },
});

/** Payload of a JWT. @throws TokenError BAD_CLAIMS when a value is one that would not be read */
export function evidenceToJson(evidence: Evidence): Uint8Array {
  return encodeJson(written(evidence, jsonWire));
}

/** Payload of a CWT. @throws TokenError BAD_CLAIMS when a value is one that would not be read */
export function evidenceToCbor(evidence: Evidence): Uint8Array {
  return encodeCbor(written(evidence, cborWire));
}

/** @param claims what `decodeJson` gave. @throws TokenError BAD_CLAIMS */
export function evidenceFromJson(claims: unknown): Evidence {
  return readEvidence(claims, jsonWire);
}

/** @param claims what `decodeCbor` gave. @throws TokenError BAD_CLAIMS */
export function evidenceFromCbor(claims: unknown): Evidence {
  return readEvidence(claims, cborWire);
}

/**
 * What a platform vouches for: all claims but its own, and the key that signs the token, as canonical CBOR. A TPM's quote has its digest
 * as qualifying data, a report of a confidential machine has it as report data; the verifier's nonce is inside.
 * @param kid of the signer
 */
export function platformBinding(evidence: Omit<Evidence, "platform">, kid: string): Uint8Array {
  const platform: PlatformEvidence = { kind: "none", why: "not part of the binding" };
  const { submods: _without, ...claims } = claimsOf({ ...evidence, platform });
  const item = ownClaims.write(claims, cborWire);
  ownClaims.read(item, { wire: cborWire, path: "" });
  return encodeCbor([EVIDENCE_PROFILE, kid, item]);
}

function written<I>(evidence: Evidence, wire: Wire<I>): I {
  const item = allClaims.write(claimsOf(evidence), wire);
  readEvidence(item, wire);
  return item;
}

function claimsOf(evidence: Evidence): Claims & Submodules {
  const { nonce, issuedAt, platform, ...rest } = evidence;
  return {
    eat_profile: EVIDENCE_PROFILE,
    eat_nonce: nonce,
    iat: issuedAt,
    galgo: rest,
    submods: { platform: { galgo_platform: platform } },
  };
}

function readEvidence(claims: unknown, wire: Wire<unknown>): Evidence {
  const read = allClaims.read(claims, { wire, path: "" });
  const evidence: Evidence = {
    nonce: read.eat_nonce,
    issuedAt: read.iat,
    ...read.galgo,
    platform: read.submods.platform.galgo_platform,
  };
  checkConsistent(evidence);
  return evidence;
}
