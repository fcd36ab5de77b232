// SPDX-License-Identifier: Apache-2.0
// Public areas of endorsement and attestation keys whose private halves are nobody's, in the form in which TPMs give them.
import { generateKeyPairSync } from "node:crypto";
import {
  attestationTemplate,
  endorsementTemplate,
  type KeyFamily,
} from "../../src/quote/tpm/templates.ts";

/** TPMT_PUBLIC of a new endorsement key. */
export function someEndorsement(family: KeyFamily): Uint8Array {
  return filled(endorsementTemplate(family), family, 32);
}

/** TPMT_PUBLIC of a new attestation key. */
export function someAttestation(): Uint8Array {
  return filled(attestationTemplate("ecc"), "ecc", 0);
}

/** A template ends with the numbers of the key, of `placeholder` bytes each; those of a new key go there. */
function filled(template: Uint8Array, family: KeyFamily, placeholder: number): Uint8Array {
  const numbers = numbersOf(family);
  const room = family === "rsa" ? 2 + 256 : 2 * (2 + placeholder);
  return Uint8Array.from(
    Buffer.concat([template.subarray(0, template.length - room), ...numbers.flatMap(sized)]),
  );
}

function numbersOf(family: KeyFamily): readonly Buffer[] {
  if (family === "rsa") {
    const { n = "" } = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({
      format: "jwk",
    });
    return [Buffer.from(n, "base64url")];
  }
  const { x = "", y = "" } = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({
    format: "jwk",
  });
  return [Buffer.from(x, "base64url"), Buffer.from(y, "base64url")];
}

function sized(number: Buffer): readonly Buffer[] {
  return [Buffer.of(number.length >> 8, number.length & 255), number];
}
