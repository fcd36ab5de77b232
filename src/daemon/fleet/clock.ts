// SPDX-License-Identifier: Apache-2.0
// Times of a clock that somebody may set.

/** So long (ms) has not passed since `at`. A clock that was set back counts as if it had: what is due is done early rather than hours late. */
export function isWithin(at: number, now: number, ms: number): boolean {
  return now >= at && now - at < ms;
}
