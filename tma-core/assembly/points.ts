// SPDX-License-Identifier: Apache-2.0
// The set of coefficients: open addressing over places of points, which lie in the order of discovery.
import { DIGEST, INVALID, POINTS, ROOM, SLOTS, TABLE } from "./memory";

let count: u32 = 0;

export function pointCount(): u32 {
  return count;
}

export function clearPoints(): void {
  count = 0;
  memory.fill(TABLE, 0, SLOTS * 2);
  memory.fill(INVALID, 0, (ROOM + 7) / 8);
}

/** Where the point at `place` lies. */
export function pointAt(place: u32): u32 {
  return POINTS + place * DIGEST;
}

/** 1 + the place of the coefficient at `at`; 0: it is no point. */
export function findPoint(at: u32): u32 {
  return <u32>load<u16>(TABLE + slotOf(at) * 2);
}

/** True when the set has no room. */
export function isFull(): bool {
  return count >= ROOM;
}

/** Adds a coefficient that is no point yet, while there is room. */
export function addPoint(at: u32, valid: bool): void {
  memory.copy(pointAt(count), at, DIGEST);
  if (!valid) {
    const byte = INVALID + (count >> 3);
    store<u8>(byte, load<u8>(byte) | ((<u8>1) << (<u8>count & 7)));
  }
  const slot = slotOf(at);
  count += 1;
  store<u16>(TABLE + slot * 2, <u16>count);
}

/** False: found after the model was sealed. @param found as `findPoint` has it */
export function isValid(found: u32): bool {
  const place = found - 1;
  return (load<u8>(INVALID + (place >> 3)) & (1 << (place & 7))) == 0;
}

/** The slot of the coefficient at `at`, or the free one where it would go. The table is never full: it has twice the room of the set. */
function slotOf(at: u32): u32 {
  let slot = load<u32>(at) & (SLOTS - 1);
  let held = <u32>load<u16>(TABLE + slot * 2);
  while (held != 0 && !equal(pointAt(held - 1), at)) {
    slot = (slot + 1) & (SLOTS - 1);
    held = <u32>load<u16>(TABLE + slot * 2);
  }
  return slot;
}

function equal(a: u32, b: u32): bool {
  return (
    load<u64>(a) == load<u64>(b) &&
    load<u64>(a, 8) == load<u64>(b, 8) &&
    load<u64>(a, 16) == load<u64>(b, 16) &&
    load<u64>(a, 24) == load<u64>(b, 24)
  );
}
