// SPDX-License-Identifier: Apache-2.0
// The sections of the console: their names, and the keys that lead to them.
import { isAtLeast } from "../../wire/api/index.ts";
import type { Role } from "./api/types.ts";

export interface Section {
  /** In the address. */
  readonly id: string;
  readonly title: string;
  /** After `g`. */
  readonly key: string;
  readonly group: "watch" | "change" | "prove";
  /** Role that is needed; absent: any. */
  readonly role?: Role;
}

/** Those that a role may see. */
export function sectionsFor(role: Role): readonly Section[] {
  return SECTIONS.filter(({ role: needed = "viewer" }) => isAtLeast(role, needed));
}

export const SECTIONS: readonly Section[] = [
  { id: "overview", title: "Overview", key: "o", group: "watch" },
  { id: "workloads", title: "Workloads", key: "w", group: "watch" },
  { id: "hosts", title: "Hosts", key: "h", group: "watch" },
  { id: "violations", title: "Violations", key: "v", group: "watch" },
  { id: "verdicts", title: "Verdicts", key: "d", group: "change" },
  { id: "models", title: "Models", key: "m", group: "change" },
  { id: "rollouts", title: "Roll-outs", key: "r", group: "change" },
  { id: "commands", title: "Commands", key: "c", group: "change" },
  { id: "attestations", title: "Attestation", key: "a", group: "prove" },
  { id: "audit", title: "Audit", key: "l", group: "prove", role: "operator" },
  { id: "access", title: "Access", key: "u", group: "prove" },
];
