// SPDX-License-Identifier: Apache-2.0
// What a replay declares of itself: it holds nothing, and it saw what the stream shows. What the source of the stream could not see nobody knows.
import type { HookName } from "../../event/event.ts";
import type { Fidelity } from "../sensor.ts";

/** @param seen hooks of which the stream has events */
export function replayFidelity(seen: readonly HookName[]): Fidelity {
  return { sensor: "replay", sees: [...seen].sort(), holds: [], absent: [], features: [] };
}
