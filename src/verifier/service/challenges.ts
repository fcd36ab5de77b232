// SPDX-License-Identifier: Apache-2.0
// Nonces that were given out. One for evidence is good for one answer, good or bad; one to begin a run with stays good while it runs.
// The store is bounded, and what it has promised it does not forget to make room: when it is full nobody gets a new one.
import { randomBytes } from "node:crypto";
import type { OwnReason } from "../../attest/verify/index.ts";
import {
  CHALLENGE_SECONDS,
  MAX_CHALLENGES,
  MAX_CHALLENGES_OF_ONE,
  NONCE_BYTES,
  START_SECONDS,
} from "../limits.ts";
import { ServiceError } from "./errors.ts";

/** evidence: to be answered once. start: a run begins with it as its base. */
export type ChallengeUse = "evidence" | "start";

export interface Challenge {
  /** hex */
  readonly nonce: string;
  readonly use: ChallengeUse;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

interface Open extends Challenge {
  readonly from: string;
  used: boolean;
}

export class Challenges {
  readonly #open = new Map<string, Open>();
  readonly #of = new Map<string, number>();
  readonly #now: () => number;

  /** @param now milliseconds since 1970 */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** @param from address of who asks @throws ServiceError BUSY, TOO_MANY */
  issue(use: ChallengeUse, from: string, bytes: number = NONCE_BYTES): Challenge {
    this.#forget();
    if ((this.#of.get(from) ?? 0) >= MAX_CHALLENGES_OF_ONE) {
      throw new ServiceError("TOO_MANY", `${MAX_CHALLENGES_OF_ONE} challenges of yours are open`);
    }
    if (this.#open.size >= MAX_CHALLENGES) {
      throw new ServiceError("BUSY", `${MAX_CHALLENGES} challenges are open; come again later`);
    }
    const seconds = use === "start" ? START_SECONDS : CHALLENGE_SECONDS;
    const nonce = randomBytes(bytes).toString("hex");
    const challenge = { nonce, use, expires: this.#now() + seconds * 1_000 };
    this.#open.set(nonce, { ...challenge, from, used: false });
    this.#of.set(from, (this.#of.get(from) ?? 0) + 1);
    return challenge;
  }

  /** Spends a challenge for evidence. Returns why it is none; undefined: it was open. */
  answer(nonce: string): OwnReason | undefined {
    const found = this.#open.get(nonce);
    if (found === undefined || found.use !== "evidence") return "UNKNOWN_CHALLENGE";
    if (found.used) return "USED_CHALLENGE";
    found.used = true;
    return this.#now() > found.expires ? "EXPIRED_CHALLENGE" : undefined;
  }

  /** Whether a run may have begun with this base. Returns why not. */
  started(nonce: string): OwnReason | undefined {
    const found = this.#open.get(nonce);
    if (found === undefined || found.use !== "start") return "UNKNOWN_CHALLENGE";
    return this.#now() > found.expires ? "EXPIRED_CHALLENGE" : undefined;
  }

  /** Challenges that are kept. */
  get size(): number {
    return this.#open.size;
  }

  /** Those that have expired a whole term ago: until then a late or second answer is told what it is. */
  #forget(): void {
    const now = this.#now();
    for (const [nonce, { expires, from }] of this.#open) {
      if (now <= expires + CHALLENGE_SECONDS * 1_000) continue;
      this.#open.delete(nonce);
      const left = (this.#of.get(from) ?? 1) - 1;
      if (left === 0) this.#of.delete(from);
      else this.#of.set(from, left);
    }
  }
}
