// SPDX-License-Identifier: Apache-2.0
// Texts of workloads as the fleet takes them: no longer than its limits.
import { MAX_NAME, MAX_WORDS } from "../../wire/link/index.ts";

export function cutWords(text: string): string {
  return text.length <= MAX_WORDS ? text : `${text.slice(0, MAX_WORDS - 3)}...`;
}

export function cutName(text: string): string {
  return text.length <= MAX_NAME ? text : text.slice(0, MAX_NAME);
}
