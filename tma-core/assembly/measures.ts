// SPDX-License-Identifier: Apache-2.0
// Measurement (depends on order) and state (does not): chains of extend(c, v) = H(c | H(base | v)) over the aggregate and then every point.
import { AGGREGATE, BASE, DIGEST, MEASUREMENT, ORDER, PAIR, STATE } from "./memory";
import { pointAt, pointCount } from "./points";
import { sha256 } from "./sha256";

/** An aggregate was given, or zeros were taken because there are points. */
let aggregated: bool = false;
/** Points that are in MEASUREMENT; the others are folded in when it is asked for. */
let folded: u32 = 0;
/** STATE is that of what there is. */
let fresh: bool = false;

export function clearMeasures(): void {
  aggregated = false;
  folded = 0;
  fresh = false;
  memory.fill(AGGREGATE, 0, DIGEST);
  memory.fill(BASE, 0, DIGEST);
  memory.fill(MEASUREMENT, 0, DIGEST);
}

/** There is a point more. */
export function outdate(): void {
  fresh = false;
}

/** Folds the digest at `at` in first; false: it is the aggregate already. */
export function takeAggregate(at: u32): bool {
  if (aggregated && memory.compare(AGGREGATE, at, DIGEST) == 0) return false;
  memory.copy(AGGREGATE, at, DIGEST);
  beginMeasurement();
  return true;
}

/** Later extends of the measurement, and the state, are over this base. */
export function takeBase(at: u32): void {
  fold();
  memory.copy(BASE, at, DIGEST);
  fresh = false;
}

/** MEASUREMENT of all points. */
export function fold(): void {
  if (!aggregated && pointCount() > 0) beginMeasurement();
  for (; folded < pointCount(); folded++) extend(MEASUREMENT, pointAt(folded));
}

/** STATE of all points: their chain in the order of their bytes. */
export function settleState(): void {
  if (fresh) return;
  sort(pointCount());
  memory.fill(STATE, 0, DIGEST);
  extend(STATE, AGGREGATE);
  for (let i: u32 = 0; i < pointCount(); i++) extend(STATE, sorted(i));
  fresh = true;
}

/** The measurement is defined over the aggregate and then every point: with a new one all points are folded in again. */
function beginMeasurement(): void {
  aggregated = true;
  folded = 0;
  fresh = false;
  memory.fill(MEASUREMENT, 0, DIGEST);
  extend(MEASUREMENT, AGGREGATE);
}

function extend(chain: u32, value: u32): void {
  memory.copy(PAIR, BASE, DIGEST);
  memory.copy(PAIR + DIGEST, value, DIGEST);
  sha256(PAIR, 2 * DIGEST, PAIR + DIGEST);
  memory.copy(PAIR, chain, DIGEST);
  sha256(PAIR, 2 * DIGEST, chain);
}

/** Heap sort of places by coefficient: in place, no recursion, never quadratic. */
function sort(n: u32): void {
  for (let i: u32 = 0; i < n; i++) store<u16>(ORDER + i * 2, <u16>i);
  for (let root = <i32>(n >> 1) - 1; root >= 0; root--) sift(<u32>root, n);
  for (let end = <i32>n - 1; end > 0; end--) {
    swap(0, <u32>end);
    sift(0, <u32>end);
  }
}

function sift(root: u32, end: u32): void {
  for (;;) {
    let child = root * 2 + 1;
    if (child >= end) return;
    if (child + 1 < end && less(sorted(child), sorted(child + 1))) child++;
    if (!less(sorted(root), sorted(child))) return;
    swap(root, child);
    root = child;
  }
}

function swap(a: u32, b: u32): void {
  const held = load<u16>(ORDER + a * 2);
  store<u16>(ORDER + a * 2, load<u16>(ORDER + b * 2));
  store<u16>(ORDER + b * 2, held);
}

function sorted(i: u32): u32 {
  return pointAt(<u32>load<u16>(ORDER + i * 2));
}

function less(a: u32, b: u32): bool {
  for (let i: u32 = 0; i < DIGEST; i += 4) {
    const x = bswap<u32>(load<u32>(a + i));
    const y = bswap<u32>(load<u32>(b + i));
    if (x != y) return x < y;
  }
  return false;
}
