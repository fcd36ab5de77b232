// SPDX-License-Identifier: Apache-2.0
// Commands that were refused: said aloud, here and to the fleet, each reason once in a while with how often it was.
import type { FleetSide } from "../side.ts";
import { REFUSAL_EVERY_MS } from "./limits.ts";

export class Refusals {
  readonly #side: Pick<FleetSide, "tell" | "report">;
  readonly #now: () => number;
  readonly #told = new Map<string, { at: number; more: number }>();

  /** @param now milliseconds that never go back */
  constructor(side: Pick<FleetSide, "tell" | "report">, now: () => number) {
    this.#side = side;
    this.#now = now;
  }

  /** @param code stable: how reasons are told apart */
  refused(what: string, code: string, why: string): void {
    const now = this.#now();
    const told = this.#told.get(code);
    if (told !== undefined && now - told.at < REFUSAL_EVERY_MS) {
      told.more += 1;
      return;
    }
    const more = told === undefined || told.more === 0 ? "" : ` (and ${told.more} more like that)`;
    this.#told.set(code, { at: now, more: 0 });
    const words = `${what} was refused: ${why}${more}`;
    this.#side.tell("warning", words);
    const notice = { kind: "notice", at: Date.now(), level: "warning", words } as const;
    this.#side.report([notice]).catch((error: unknown) => {
      this.#side.tell("error", error instanceof Error ? error.message : String(error));
    });
  }
}
