// SPDX-License-Identifier: Apache-2.0
// The maker's certificate of an endorsement key, where the TPM holds one: TCG EK Credential Profile, NV indices.
import { concat, TpmReader, TpmWriter } from "../../attest/tpm/index.ts";
import { EMPTY_PASSWORD } from "./command.ts";
import { TpmError, TpmRefusal } from "./errors.ts";
import { MAX_NV_BYTES, NV_CHUNK_BYTES } from "./limits.ts";
import type { KeyFamily } from "./templates.ts";
import type { Tpm } from "./tpm.ts";

const PLACES: Readonly<Record<KeyFamily, number>> = { rsa: 0x01c00002, ecc: 0x01c0000a };
/** DER: a sequence whose length follows in two bytes. A certificate is never shorter than 256 bytes. */
const LONG_SEQUENCE = 0x3082;

/**
 * The certificate (DER) of the endorsement key of `family`; undefined when the TPM has none. It is not checked here.
 * Throws `TpmError` BAD_ANSWER when something else is in its place.
 */
export async function readEndorsementCertificate(
  tpm: Tpm,
  family: KeyFamily,
): Promise<Uint8Array | undefined> {
  const index = PLACES[family];
  const size = await sizeOf(tpm, index);
  if (size === undefined) return undefined;
  const bytes = await readAll(tpm, index, Math.min(size, MAX_NV_BYTES));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length =
    bytes.length > 4 && view.getUint16(0) === LONG_SEQUENCE ? 4 + view.getUint16(2) : Infinity;
  if (length > bytes.length)
    throw new TpmError(
      "BAD_ANSWER",
      `the NV index 0x${index.toString(16)} holds no certificate; give the one of the TPM's maker as a file`,
    );
  // Some makers fill the rest of the place.
  return bytes.slice(0, length);
}

async function sizeOf(tpm: Tpm, index: number): Promise<number | undefined> {
  try {
    const { parameters } = await tpm.give({ name: "NV_ReadPublic", handles: [index] });
    const area = new TpmReader(parameters.sized("public area of an NV index"), "TPMS_NV_PUBLIC");
    area.u32("index");
    area.u16("name algorithm");
    area.u32("attributes");
    area.sized("policy");
    return area.u16("size");
  } catch (error) {
    if (error instanceof TpmRefusal && error.response === "TPM_RC_HANDLE") return undefined;
    throw error;
  }
}

async function readAll(tpm: Tpm, index: number, size: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < size; at += NV_CHUNK_BYTES) {
    const { parameters } = await tpm.give({
      name: "NV_Read",
      handles: [index, index],
      authorizations: [EMPTY_PASSWORD],
      parameters: new TpmWriter()
        .u16(Math.min(NV_CHUNK_BYTES, size - at))
        .u16(at)
        .bytes(),
    });
    parts.push(parameters.sized("contents of an NV index"));
  }
  return concat(parts);
}
