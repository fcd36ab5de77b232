// SPDX-License-Identifier: Apache-2.0
// A quote and the PCR values that it is about: read one after the other, while others may extend PCRs.
import type { PcrBank, PcrSelection } from "../../attest/tpm/index.ts";
import { parseQuote, parseSignature, pcrDigest, sameBytes } from "../../attest/tpm/index.ts";
import { TpmError } from "./errors.ts";
import { MAX_QUOTE_TRIES } from "./limits.ts";
import { nodeTpmCrypto } from "./node-crypto.ts";
import type { QuoteBytes, Tpm } from "./tpm.ts";

/** A quote whose values are known. */
export interface QuotedValues extends QuoteBytes {
  readonly pcrs: PcrBank;
}

/**
 * Reads the PCRs and quotes them, again until nobody has extended one in between.
 * Throws `TpmError` RESTLESS when that does not come to be within `MAX_QUOTE_TRIES`.
 */
export async function quoteValues(
  tpm: Tpm,
  key: number,
  nonce: Uint8Array,
  selection: PcrSelection,
): Promise<QuotedValues> {
  for (let tries = 0; tries < MAX_QUOTE_TRIES; tries++) {
    const pcrs = await tpm.readPcrs(selection);
    const quoted = await tpm.quote(key, nonce, selection);
    const { hash } = parseSignature(quoted.signature);
    const quote = parseQuote(quoted.attest);
    if (sameBytes(quote.pcrDigest, pcrDigest(pcrs, hash, nodeTpmCrypto)))
      return { ...quoted, pcrs };
  }
  throw new TpmError(
    "RESTLESS",
    `the PCRs ${selection.pcrs.join(",")} changed each of ${MAX_QUOTE_TRIES} times between being read and being quoted; quote fewer`,
  );
}
