// SPDX-License-Identifier: Apache-2.0
// What a test in a guest is, and in which runs it takes part.
import type { TestContext } from "node:test";
import type { Guest } from "./guest.ts";
import type { KernelName } from "./images.ts";

/** Each level takes in those before: `npm test`, `npm run test:vm -- --quick`, `npm run test:vm`. */
export const LEVELS = ["core", "quick", "full"] as const;
export type Level = (typeof LEVELS)[number];

export interface GuestCase {
  readonly name: string;
  /** The kernels it makes sense on, and from which level of a run on it is worth its time there. */
  readonly on: Readonly<Partial<Record<KernelName, Level>>>;
  /** Default 2 minutes. A command in the guest has its own limit (also 2 minutes by default). */
  readonly timeoutMs?: number;
  /**
   * Galgo is in /opt/galgo; the guest may be used by cases before and after, so leave nothing behind that matters. After a case that
   * failed the next one gets a new guest.
   */
  readonly run: (guest: Guest, t: TestContext) => Promise<void> | void;
}

/** Does it take part? */
export function isOn({ on }: GuestCase, kernel: KernelName, level: Level): boolean {
  const from = on[kernel];
  return from !== undefined && LEVELS.indexOf(from) <= LEVELS.indexOf(level);
}
