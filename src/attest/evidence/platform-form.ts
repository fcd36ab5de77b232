// SPDX-License-Identifier: Apache-2.0
// How the evidence of a platform stands in a token.
import { bytes, hex, list, natural, record, text, variant, word } from "./forms.ts";
import type { Form } from "./forms.ts";
import {
  MAX_BLOB_BYTES,
  MAX_DIGEST_BYTES,
  MAX_PCRS,
  MAX_STRUCTURE_BYTES,
  MAX_TEXT_CHARS,
  MAX_WHY_CHARS,
  MIN_DIGEST_BYTES,
} from "./limits.ts";
import type {
  NoPlatform,
  PcrValue,
  PlatformEvidence,
  ReportEvidence,
  TpmEvidence,
} from "./types.ts";

const KIND = 1;
const structure = bytes({ min: 1, max: MAX_STRUCTURE_BYTES });
const blob = bytes({ min: 1, max: MAX_BLOB_BYTES });

const register = hex({ min: MIN_DIGEST_BYTES, max: MAX_DIGEST_BYTES });

const pcr = record<PcrValue>({
  index: { label: 1, form: natural },
  value: { label: 2, form: register },
});

const tpm = record<TpmEvidence>({
  kind: { label: KIND, form: word(["tpm"]) },
  attest: { label: 2, form: structure },
  signature: { label: 3, form: structure },
  akPublic: { label: 4, form: structure },
  bank: { label: 6, form: text(MAX_TEXT_CHARS) },
  pcrs: { label: 7, form: list(pcr, MAX_PCRS) },
  extended: { label: 8, form: natural },
  start: { label: 13, form: register },
  coefficients: { label: 14, form: blob, optional: true },
  failure: { label: 15, form: text(MAX_WHY_CHARS), optional: true },
  ima: { label: 9, form: blob, optional: true },
});

const report = record<ReportEvidence>({
  kind: { label: KIND, form: word(["snp", "tdx", "sgx"]) },
  report: { label: 10, form: blob },
  auxiliary: { label: 11, form: blob, optional: true },
});

const none = record<NoPlatform>({
  kind: { label: KIND, form: word(["none"]) },
  why: { label: 12, form: text(MAX_WHY_CHARS) },
});

export const platformForm: Form<PlatformEvidence> = variant<PlatformEvidence>(KIND, {
  tpm,
  snp: report,
  tdx: report,
  sgx: report,
  none,
});
