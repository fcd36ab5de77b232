// SPDX-License-Identifier: Apache-2.0
// SubjectPublicKeyInfo of the two curves: which one a key is of, and the key of two coordinates. Source: RFC 5480, 2.
import { bytesToHex, hexToBytes } from "../../base/hex.ts";

export type Curve = "p256" | "p384";

/** What stands before the coordinates: algorithm, curve, and the mark of an uncompressed point. */
const PREFIX: Readonly<Record<Curve, string>> = {
  p256: "3059301306072a8648ce3d020106082a8648ce3d03010703420004",
  p384: "3076301006072a8648ce3d020106052b8104002203620004",
};
const POINT_BYTES: Readonly<Record<Curve, number>> = { p256: 64, p384: 96 };

/** True for an uncompressed key of the curve. */
export function isCurveKey(curve: Curve, spki: Uint8Array): boolean {
  const prefix = PREFIX[curve];
  return (
    spki.length === prefix.length / 2 + POINT_BYTES[curve] &&
    bytesToHex(spki.subarray(0, prefix.length / 2)) === prefix
  );
}

/** SubjectPublicKeyInfo of a P-256 key from its 64 bytes of coordinates. */
export function p256Key(point: Uint8Array): Uint8Array {
  const prefix = hexToBytes(PREFIX.p256);
  const spki = new Uint8Array(prefix.length + point.length);
  spki.set(prefix);
  spki.set(point, prefix.length);
  return spki;
}
