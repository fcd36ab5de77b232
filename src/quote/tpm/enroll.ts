// SPDX-License-Identifier: Apache-2.0
// A machine's side of making its attestation key known: which keys its TPM has, and what only this TPM can say.
import type { TpmChallenge, TpmEnrollment } from "../../attest/tpm/index.ts";
import { akNameOf } from "../../attest/tpm/index.ts";
import { readEndorsementCertificate } from "./endorsement-certificate.ts";
import { TpmError, TpmRefusal } from "./errors.ts";
import { nodeTpmCrypto } from "./node-crypto.ts";
import type { KeyFamily } from "./templates.ts";
import type { Tpm } from "./tpm.ts";

const FAMILIES: readonly KeyFamily[] = ["ecc", "rsa"];

/**
 * The keys of a TPM. Both follow from its seeds, so they are the same until somebody clears it.
 * @param certificate of the endorsement key, where the TPM does not hold it
 * @throws TpmError
 */
export async function enrollmentOf(
  tpm: Tpm,
  given: { readonly family?: KeyFamily; readonly certificate?: Uint8Array } = {},
): Promise<TpmEnrollment> {
  const found = await endorsementOf(tpm, given.family);
  const certificate = given.certificate ?? found.certificate;
  const attestation = await tpm.createAttestationKey("ecc");
  await tpm.flush(attestation.handle);
  const endorsement = await tpm.createEndorsementKey(found.family);
  await tpm.flush(endorsement.handle);
  return {
    akPublic: attestation.public,
    ekPublic: endorsement.public,
    ...(certificate === undefined ? {} : { ekCertificate: certificate }),
  };
}

/** The family that the TPM has a certificate for: ECC where it has both, and where it has none. */
async function endorsementOf(
  tpm: Tpm,
  wanted: KeyFamily | undefined,
): Promise<{ family: KeyFamily; certificate?: Uint8Array }> {
  for (const family of wanted === undefined ? FAMILIES : [wanted]) {
    const certificate = await readEndorsementCertificate(tpm, family);
    if (certificate !== undefined) return { family, certificate };
  }
  return { family: wanted ?? "ecc" };
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
