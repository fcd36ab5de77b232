// SPDX-License-Identifier: Apache-2.0
// Values of PCRs in the file of tpm2-tools 5 (`tpm2_quote -o`, `tpm2_checkquote -f`): their structures as they lie in memory, little-endian.
// Plain values, the tools' other form, are not read by them when there are eight or more.
import type { TpmEvidence } from "../attest/evidence/index.ts";
import { ALG } from "../attest/tpm/index.ts";
import { hexToBytes } from "../base/hex.ts";

/** TPML_PCR_SELECTION: its count, then 16 selections of 8 bytes. */
const SELECTION_BYTES = 132;
/** TPML_DIGEST: its count, then eight digests. */
const DIGESTS = 8;
/** TPM2B_DIGEST: its length, then room for the longest. */
const DIGEST_BYTES = 66;
const LIST_BYTES: number = 4 + DIGESTS * DIGEST_BYTES;

/** The file's content, for registers in ascending order of a bank of SHA-256. */
export function toolsPcrFile(pcrs: TpmEvidence["pcrs"]): Uint8Array {
  const lists = Math.ceil(pcrs.length / DIGESTS);
  const file = new Uint8Array(SELECTION_BYTES + 4 + lists * LIST_BYTES);
  const view = new DataView(file.buffer);
  view.setUint32(0, 1, true);
  view.setUint16(4, ALG.sha256, true);
  view.setUint8(6, 3);
  view.setUint32(SELECTION_BYTES, lists, true);
  for (const [i, { index, value }] of pcrs.entries()) {
    const byte = 7 + (index >> 3);
    view.setUint8(byte, view.getUint8(byte) | (1 << (index & 7)));
    const list = SELECTION_BYTES + 4 + Math.floor(i / DIGESTS) * LIST_BYTES;
    const place = i % DIGESTS;
    view.setUint32(list, place + 1, true);
    const at = list + 4 + place * DIGEST_BYTES;
    const bytes = hexToBytes(value);
    view.setUint16(at, bytes.length, true);
    file.set(bytes, at + 2);
  }
  return file;
}
