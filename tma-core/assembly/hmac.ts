// SPDX-License-Identifier: Apache-2.0
// HMAC-SHA-256 (RFC 2104) with the key at KEY: what a reply of the agent is known by.
import { KEY } from "./memory";
import { sha256Absorb, sha256Begin, sha256Finish } from "./sha256";

const BLOCK_BYTES: u32 = 64;
const INNER_PAD: u64 = 0x3636363636363636;
const OUTER_PAD: u64 = 0x5c5c5c5c5c5c5c5c;
const PADDED: u32 = <u32>memory.data(64, 8);
const INNER: u32 = <u32>memory.data(32, 8);

/** Writes the HMAC of `length` bytes at `at` to `out`. */
export function hmac(at: u32, length: u32, out: u32): void {
  absorbKey(INNER_PAD);
  sha256Absorb(at, length);
  sha256Finish(INNER);
  absorbKey(OUTER_PAD);
  sha256Absorb(INNER, 32);
  sha256Finish(out);
}

function absorbKey(pad: u64): void {
  for (let i: u32 = 0; i < BLOCK_BYTES; i += 8) store<u64>(PADDED + i, load<u64>(KEY + i) ^ pad);
  sha256Begin();
  sha256Absorb(PADDED, BLOCK_BYTES);
}
