// SPDX-License-Identifier: Apache-2.0
import { HOOKS } from "./hooks.ts";
import type { SecurityEvent } from "./event.ts";
/** One line in plain words: what the task does (the subject is left out). Untrusted text is quoted. */
export function describeEvent(e: SecurityEvent): string {
  return HOOKS[e.hook].words;
}
