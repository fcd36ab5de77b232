// SPDX-License-Identifier: Apache-2.0
// A machine's side of making its attestation key known: which keys its TPM has, and what only this TPM can say.
import type { TpmChallenge, TpmEnrollment } from "../../attest/tpm/index.ts";
import { akNameOf, isCertificateOf, parsePublic } from "../../attest/tpm/index.ts";
import { readEndorsementCertificate } from "./endorsement-certificate.ts";
import { TpmError, TpmRefusal } from "./errors.ts";
import { nodeTpmCrypto } from "./node-crypto.ts";
import type { KeyFamily } from "./templates.ts";
import type { LoadedKey, Tpm } from "./tpm.ts";

const FAMILIES: readonly KeyFamily[] = ["ecc", "rsa"];

/** An endorsement key, and whose word there is for it. */
type Endorsement = Pick<TpmEnrollment, "ekPublic" | "ekCertificate">;

/**
 * The keys of a TPM. Both follow from its seeds, so they are the same until somebody clears it.
 * @param certificate of the endorsement key, where the TPM does not hold it
 * @throws TpmError OTHER_TPM: the certificate is for another TPM; CcError: it is none
 */
export async function enrollmentOf(
  tpm: Tpm,
  given: { readonly family?: KeyFamily; readonly certificate?: Uint8Array } = {},
): Promise<TpmEnrollment> {
  const families = given.family === undefined ? FAMILIES : [given.family];
  const endorsement =
    given.certificate === undefined
      ? await ownEndorsement(tpm, families)
      : await endorsementOf(given.certificate, tpm, families);
  return { akPublic: await publicOf(tpm, tpm.createAttestationKey("ecc")), ...endorsement };
}

/** The key that the TPM has a certificate for: ECC where it has both, and where it has none. */
async function ownEndorsement(tpm: Tpm, families: readonly KeyFamily[]): Promise<Endorsement> {
  for (const family of families) {
    const ekCertificate = await readEndorsementCertificate(tpm, family);
    if (ekCertificate === undefined) continue;
    return { ekPublic: await publicOf(tpm, tpm.createEndorsementKey(family)), ekCertificate };
  }
  return { ekPublic: await publicOf(tpm, tpm.createEndorsementKey(families[0])) };
}

async function endorsementOf(
  ekCertificate: Uint8Array,
  tpm: Tpm,
  families: readonly KeyFamily[],
): Promise<Endorsement> {
  for (const family of families) {
    const ekPublic = await publicOf(tpm, tpm.createEndorsementKey(family));
    if (isCertificateOf(ekCertificate, parsePublic(ekPublic))) return { ekPublic, ekCertificate };
  }
  throw new TpmError(
    "OTHER_TPM",
    `the certificate is not for an endorsement key of this TPM (${families.join(", ")}): ask the maker for that of this one`,
  );
}

async function publicOf(tpm: Tpm, made: Promise<LoadedKey>): Promise<Uint8Array> {
  const key = await made;
  await tpm.flush(key.handle);
  return key.public;
}

/**
 * Opens a verifier's challenge.
 * @throws TpmError OTHER_TPM: it is for the attestation key of another TPM; REFUSED: for the endorsement key of another one
 */
export async function answerChallenge(tpm: Tpm, challenge: TpmChallenge): Promise<Uint8Array> {
  const attestation = await tpm.createAttestationKey("ecc");
  try {
    const own = akNameOf({ akPublic: attestation.public }, nodeTpmCrypto);
    if (own !== challenge.ak)
      throw new TpmError(
        "OTHER_TPM",
        `the challenge is for the attestation key ${challenge.ak}, this TPM's is ${own}`,
      );
    return await withEitherKey(tpm, attestation.handle, challenge);
  } finally {
    await tpm.flush(attestation.handle).catch(() => undefined);
  }
}

/** A challenge does not say for which of the two endorsement keys it was made; its secret has another form for each. */
async function withEitherKey(
  tpm: Tpm,
  attestation: number,
  challenge: TpmChallenge,
): Promise<Uint8Array> {
  let refusal: unknown;
  for (const family of FAMILIES) {
    const endorsement = await tpm.createEndorsementKey(family);
    try {
      return await tpm.activateCredential(attestation, endorsement.handle, challenge);
    } catch (error) {
      if (!(error instanceof TpmRefusal)) throw error;
      refusal ??= error;
    } finally {
      await tpm.flush(endorsement.handle).catch(() => undefined);
    }
  }
  throw refusal;
}
