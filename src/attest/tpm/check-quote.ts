// SPDX-License-Identifier: Apache-2.0
// Is a quote what it should be: signed by this key of a TPM, for this nonce, over these PCR values?
import { bytesToHex } from "../../base/hex.ts";
import type { TpmQuote } from "./attest-data.ts";
import { parseQuote } from "./attest-data.ts";
import type { TpmCrypto } from "./crypto.ts";
import { TpmFormatError } from "./errors.ts";
import { MIN_RSA_BITS } from "./limits.ts";
import type { PcrBank } from "./pcr.ts";
import { pcrDigest, pcrsOf } from "./pcr.ts";
import type { TpmPublic } from "./public-area.ts";
import { isAttestationKey, nameOf, parsePublic, qualifiedNameOf } from "./public-area.ts";
import type { TpmSignature } from "./signature.ts";
import { parseSignature, verifySignature } from "./signature.ts";
import { sameBytes } from "./wire.ts";

/** A quote as it arrived, and what is expected of it. */
export interface QuoteCase {
  /** TPMS_ATTEST */
  readonly attest: Uint8Array;
  /** TPMT_SIGNATURE */
  readonly signature: Uint8Array;
  /** TPMT_PUBLIC of the key that is said to have signed. Whether it is of a TPM one trusts is another question: credential.ts. */
  readonly akPublic: Uint8Array;
  /** What the verifier gave. */
  readonly nonce: Uint8Array;
  /** The PCR values that are claimed: exactly these must be quoted. */
  readonly pcrs: PcrBank;
  /** When given, the key must have this name: the one that a credential was made for. */
  readonly akName?: Uint8Array;
  /** When given, the key must be a primary key of this hierarchy (`HANDLE`). */
  readonly hierarchy?: number;
}

/** Why a quote is not believed. */
export type QuoteReason =
  | "MALFORMED"
  | "WRONG_KEY"
  | "NOT_AN_ATTESTATION_KEY"
  | "WEAK_KEY"
  | "WEAK_HASH"
  | "WRONG_SCHEME"
  | "BAD_SIGNATURE"
  | "WRONG_NONCE"
  | "WRONG_SIGNER"
  | "WRONG_SELECTION"
  | "WRONG_PCR";

export interface QuoteRefusal {
  readonly reason: QuoteReason;
  readonly message: string;
}

/** Believed when `refusals` is empty. `quote` is what was read, whether it is believed or not. */
export interface QuoteResult {
  readonly refusals: readonly QuoteRefusal[];
  readonly quote?: TpmQuote;
}

interface Parsed {
  readonly key: TpmPublic;
  readonly signature: TpmSignature;
  readonly quote: TpmQuote;
  /** What the digest of the claimed values is. */
  readonly claimed: Uint8Array;
}

/** Checks all of it and gives every reason against it. Bad bytes are the refusal MALFORMED, not an error. */
export async function checkQuote(given: QuoteCase, crypto: TpmCrypto): Promise<QuoteResult> {
  const parsed = parse(given, crypto);
  if ("reason" in parsed) return { refusals: [parsed] };
  const signed = await believed(parsed, given, crypto);
  const refusals = [
    ...keyFaults(parsed, given, crypto),
    ...(signed
      ? []
      : [
          refusal(
            "BAD_SIGNATURE",
            "the quote was not signed by the attestation key that came with it",
          ),
        ]),
    ...quoteFaults(parsed, given, crypto),
  ];
  return { refusals, quote: parsed.quote };
}

function refusal(reason: QuoteReason, message: string): QuoteRefusal {
  return { reason, message };
}

function parse(given: QuoteCase, crypto: TpmCrypto): Parsed | QuoteRefusal {
  try {
    const key = parsePublic(given.akPublic);
    const signature = parseSignature(given.signature);
    const quote = parseQuote(given.attest);
    return { key, signature, quote, claimed: pcrDigest(given.pcrs, signature.hash, crypto) };
  } catch (error) {
    if (error instanceof TpmFormatError) return refusal("MALFORMED", error.message);
    throw error;
  }
}

/** A key that the platform's cryptography does not take (a point off its curve) has signed nothing. */
async function believed(
  { key, signature }: Parsed,
  { attest }: QuoteCase,
  crypto: TpmCrypto,
): Promise<boolean> {
  try {
    return await verifySignature(signature, key.key, attest, crypto);
  } catch {
    return false;
  }
}

function* keyFaults(
  { key, signature }: Parsed,
  { akName }: QuoteCase,
  crypto: TpmCrypto,
): Generator<QuoteRefusal> {
  if (akName !== undefined && !sameBytes(akName, nameOf(key, crypto)))
    yield refusal("WRONG_KEY", "the attestation key is not the one that is known of this TPM");
  if (!isAttestationKey(key))
    yield refusal(
      "NOT_AN_ATTESTATION_KEY",
      "the key is not a restricted signing key that can not leave its TPM: it may sign what no TPM has made",
    );
  if (key.key.kind === "rsa" && key.key.bits < MIN_RSA_BITS)
    yield refusal(
      "WEAK_KEY",
      `an RSA key of ${key.key.bits} bits is not believed, use ${MIN_RSA_BITS} or ECC`,
    );
  if (signature.hash === "sha1")
    yield refusal(
      "WEAK_HASH",
      "the quote is signed with SHA-1; make an attestation key that signs with SHA-256",
    );
  const { signing } = key;
  if (
    signing !== undefined &&
    (signing.scheme !== signature.scheme || signing.hash !== signature.hash)
  )
    yield refusal(
      "WRONG_SCHEME",
      `the key signs with ${signing.scheme} and ${signing.hash}, the quote has ${signature.scheme} and ${signature.hash}`,
    );
}

function* quoteFaults(
  { key, quote, claimed }: Parsed,
  given: QuoteCase,
  crypto: TpmCrypto,
): Generator<QuoteRefusal> {
  const { nonce, hierarchy, pcrs } = given;
  if (nonce.length === 0 || !sameBytes(quote.nonce, nonce))
    yield refusal(
      "WRONG_NONCE",
      `the quote is for the nonce ${shown(quote.nonce)}, asked was ${shown(nonce)}`,
    );
  if (hierarchy !== undefined && !sameBytes(quote.signer, qualifiedNameOf(key, hierarchy, crypto)))
    yield refusal(
      "WRONG_SIGNER",
      "the quote names a signer that is not the given key as a primary key of that hierarchy",
    );
  const wanted = `${pcrs.hash}:${pcrsOf(pcrs).join(",")}`;
  const quoted = quote.selections.map((each) => `${each.hash}:${each.pcrs.join(",")}`).join("+");
  if (wanted !== quoted)
    yield refusal(
      "WRONG_SELECTION",
      `the quote is over PCRs ${quoted || "(none)"}, the values given are of ${wanted}`,
    );
  else if (!sameBytes(quote.pcrDigest, claimed))
    yield refusal(
      "WRONG_PCR",
      `the PCR values given (${wanted}) are not those that the TPM has quoted`,
    );
}

function shown(nonce: Uint8Array): string {
  return nonce.length === 0 ? "(empty)" : bytesToHex(nonce);
}
