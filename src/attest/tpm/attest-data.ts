// SPDX-License-Identifier: Apache-2.0
// TPMS_ATTEST of a quote: what a TPM signs about its PCRs.
import { ATTEST_NAMES, ATTEST_QUOTE, GENERATED } from "./algorithms-table.ts";
import { TpmFormatError } from "./errors.ts";
import type { PcrSelection } from "./pcr.ts";
import { readSelections } from "./pcr.ts";
import { TpmReader } from "./wire.ts";

const WHAT = "TPMS_ATTEST";

/** What a quote says. */
export interface TpmQuote {
  /** Qualified name of the key that signed. */
  readonly signer: Uint8Array;
  /** What the one who asked gave. */
  readonly nonce: Uint8Array;
  /** Milliseconds that the TPM has been powered since it was last cleared. */
  readonly clock: bigint;
  /** Times that the TPM was reset (the machine was started anew). PCRs begin anew with each. */
  readonly resets: number;
  /** Times that the TPM was resumed since its last reset. */
  readonly restarts: number;
  /** False when the clock may have been put back after a loss of power. */
  readonly clockSafe: boolean;
  readonly firmware: bigint;
  readonly selections: readonly PcrSelection[];
  readonly pcrDigest: Uint8Array;
}

/** Reads the TPMS_ATTEST of a quote. Throws `TpmFormatError`; for an attestation of something else it says of what. */
export function parseQuote(bytes: Uint8Array): TpmQuote {
  const reader = new TpmReader(bytes, WHAT);
  if (reader.u32("magic") !== GENERATED)
    throw reader.bad("magic", "is not that of a TPM: what was signed came from outside");
  const type = reader.u16("type");
  if (type !== ATTEST_QUOTE) {
    const name = ATTEST_NAMES.get(type) ?? `0x${type.toString(16)}`;
    throw new TpmFormatError("WRONG_KIND", `${WHAT} is of type ${name}, not a QUOTE`);
  }
  const head = {
    signer: reader.sized("signer"),
    nonce: reader.sized("nonce"),
    clock: reader.u64("clock"),
    resets: reader.u32("reset count"),
    restarts: reader.u32("restart count"),
    clockSafe: yesNo(reader),
    firmware: reader.u64("firmware version"),
  };
  const selections = readSelections(reader);
  const pcrDigest = reader.sized("PCR digest");
  reader.end();
  return { ...head, selections, pcrDigest };
}

function yesNo(reader: TpmReader): boolean {
  const value = reader.u8("clock's safety");
  if (value > 1) throw reader.bad("clock's safety", `is ${value}, neither yes nor no`);
  return value === 1;
}
