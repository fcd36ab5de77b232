// SPDX-License-Identifier: Apache-2.0
// TPMT_SIGNATURE: what a TPM says that it signed with, and the signature.
import type { TpmHash } from "./algorithms-table.ts";
import { ALG, hashOf } from "./algorithms-table.ts";
import type { TpmCrypto, TpmKey, TpmScheme } from "./crypto.ts";
import { TpmFormatError } from "./errors.ts";
import { coordinateSize } from "./public-area.ts";
import { TpmReader } from "./wire.ts";

const WHAT = "TPMT_SIGNATURE";

export type TpmSignature =
  | {
      readonly scheme: "ecdsa";
      readonly hash: TpmHash;
      readonly r: Uint8Array;
      readonly s: Uint8Array;
    }
  | {
      readonly scheme: "rsassa" | "rsapss";
      readonly hash: TpmHash;
      readonly signature: Uint8Array;
    };

const SCHEMES: ReadonlyMap<number, TpmScheme> = new Map([
  [ALG.ecdsa, "ecdsa"],
  [ALG.rsassa, "rsassa"],
  [ALG.rsapss, "rsapss"],
]);

/** Reads a TPMT_SIGNATURE of ECDSA, RSASSA or RSAPSS. Throws `TpmFormatError`. */
export function parseSignature(bytes: Uint8Array): TpmSignature {
  const reader = new TpmReader(bytes, WHAT);
  const id = reader.u16("algorithm");
  const scheme = SCHEMES.get(id);
  if (scheme === undefined)
    throw new TpmFormatError(
      "UNKNOWN_ALGORITHM",
      `${WHAT} is of the algorithm 0x${id.toString(16)}, neither ECDSA nor RSA`,
    );
  const hash = hashOf(reader.u16("hash"), "the signature");
  const parsed: TpmSignature =
    scheme === "ecdsa"
      ? { scheme, hash, r: reader.sized("r"), s: reader.sized("s") }
      : { scheme, hash, signature: reader.sized("signature") };
  reader.end();
  return parsed;
}

/** Checks `signature` over `data`. False as well when the key is not of the kind that signs like that. */
export async function verifySignature(
  signature: TpmSignature,
  key: TpmKey,
  data: Uint8Array,
  crypto: TpmCrypto,
): Promise<boolean> {
  const plain = plainSignature(signature, key);
  if (plain === undefined) return false;
  const { scheme, hash } = signature;
  return await crypto.verify({ key, scheme, hash, data, signature: plain });
}

/** r and s side by side; undefined when they do not fit the curve. */
function plainSignature(signature: TpmSignature, key: TpmKey): Uint8Array | undefined {
  if (signature.scheme !== "ecdsa")
    return key.kind === "rsa" && signature.signature.length === key.modulus.length
      ? signature.signature
      : undefined;
  if (key.kind !== "ecc") return undefined;
  const size = coordinateSize(key.curve);
  const { r, s } = signature;
  if (r.length > size || s.length > size) return undefined;
  const both = new Uint8Array(size * 2);
  both.set(r, size - r.length);
  both.set(s, size * 2 - s.length);
  return both;
}
