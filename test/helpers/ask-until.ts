// SPDX-License-Identifier: Apache-2.0
// Waiting for what another process or the database knows.
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";

const DEADLINE_MS = 20_000;
const POLL_MS = 25;

/** Asks until the answer is as wanted. */
export async function askUntil<T>(
  ask: () => Promise<T>,
  wanted: (answer: T) => boolean,
): Promise<T> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    assert.ok(performance.now() < deadline, `still ${JSON.stringify(answer)}`);
    await pause(POLL_MS);
  }
}
