// SPDX-License-Identifier: Apache-2.0
// What rules of a profile expect of recorded programs although no run may have shown it; it is added when a model is made.
import type { SecurityEvent } from "../../event/event.ts";
import { cpuCountReads } from "./cpu-count.ts";
import { generatedCode } from "./generated-code.ts";
import type { ProfileSpec } from "./rules.ts";

/**
 * Events with the TASK_IDs of those given, as the rules that are listed have them.
 * @param events identity records among them
 * @param emptyDigest digest of no bytes
 */
export function expectedEvents(
  events: readonly SecurityEvent[],
  profile: ProfileSpec,
  emptyDigest: string,
): readonly SecurityEvent[] {
  return [...cpuCountReads(events, profile, emptyDigest), ...generatedCode(events, profile)];
}
