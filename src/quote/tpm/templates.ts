// SPDX-License-Identifier: Apache-2.0
// What keys are asked of a TPM. A primary key follows from the TPM's seed and its template: the same template gives the same key
// again, so nothing has to be stored.
import { ALG, ATTRIBUTE, CURVE_P256, HASH_SIZES, TpmWriter } from "../../attest/tpm/index.ts";

/** Kinds of keys: ECC is NIST P-256, RSA has 2048 bits. */
export type KeyFamily = "ecc" | "rsa";

const RSA_BITS = 2048;
const AES_BITS = 128;
const NOTHING = new Uint8Array(0);

/** PolicySecret of the endorsement hierarchy, under SHA-256: the policy of the TCG's default endorsement keys. */
const EK_POLICY = Uint8Array.of(
  ...[
    0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24,
  ],
  ...[
    0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa,
  ],
);

const AK_ATTRIBUTES =
  ATTRIBUTE.fixedTpm |
  ATTRIBUTE.fixedParent |
  ATTRIBUTE.sensitiveDataOrigin |
  ATTRIBUTE.userWithAuth |
  ATTRIBUTE.noDa |
  ATTRIBUTE.restricted |
  ATTRIBUTE.sign;

const EK_ATTRIBUTES =
  ATTRIBUTE.fixedTpm |
  ATTRIBUTE.fixedParent |
  ATTRIBUTE.sensitiveDataOrigin |
  ATTRIBUTE.adminWithPolicy |
  ATTRIBUTE.restricted |
  ATTRIBUTE.decrypt;

/** An attestation key: signs only what the TPM has made, with ECDSA or RSASSA and SHA-256. */
export function attestationTemplate(family: KeyFamily): Uint8Array {
  const head = new TpmWriter().u16(ALG[family]).u16(ALG.sha256).u32(AK_ATTRIBUTES).sized(NOTHING);
  head.u16(ALG.null);
  if (family === "rsa")
    return head.u16(ALG.rsassa).u16(ALG.sha256).u16(RSA_BITS).u32(0).sized(NOTHING).bytes();
  head.u16(ALG.ecdsa).u16(ALG.sha256).u16(CURVE_P256).u16(ALG.null);
  return head.sized(NOTHING).sized(NOTHING).bytes();
}

/** The endorsement key that the maker's certificate is about: templates L-1 and L-2 of the TCG's EK Credential Profile. */
export function endorsementTemplate(family: KeyFamily): Uint8Array {
  const head = new TpmWriter().u16(ALG[family]).u16(ALG.sha256).u32(EK_ATTRIBUTES).sized(EK_POLICY);
  head.u16(ALG.aes).u16(AES_BITS).u16(ALG.cfb).u16(ALG.null);
  if (family === "rsa")
    return head
      .u16(RSA_BITS)
      .u32(0)
      .sized(new Uint8Array(RSA_BITS / 8))
      .bytes();
  const zeros = new Uint8Array(HASH_SIZES.sha256);
  return head.u16(CURVE_P256).u16(ALG.null).sized(zeros).sized(zeros).bytes();
}
