// SPDX-License-Identifier: Apache-2.0
// Nonces that were given out. A nonce says itself until when it counts, under a code that only this process can make: giving one out
// costs nothing that somebody could use up for others. One for evidence is good for one answer, good or bad, so those that were
// answered are kept while they count; one to begin a run with stays good while it runs.
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { OwnReason } from "../../attest/verify/index.ts";
import { CHALLENGE_SECONDS, MAX_ANSWERED, NONCE_BYTES, START_SECONDS } from "../limits.ts";
import { ServiceError } from "./errors.ts";

/** evidence: to be answered once. start: a run begins with it as its base. */
export type ChallengeUse = "evidence" | "start";

export interface Challenge {
  /** hex */
  readonly nonce: string;
  readonly use: ChallengeUse;
  /** Seconds for which it counts. */
  readonly seconds: number;
}

/** A nonce is the time of its end, bytes of chance, and the code over both. */
const TIME_BYTES = 6;
const CODE_BYTES = 16;

export class Challenges {
  readonly #secret = randomBytes(32);
  /** Their ends by the nonces. */
  readonly #answered = new Map<string, number>();
  readonly #now: () => number;

  /** @param now milliseconds of a clock that nobody sets: set back, it would make what was answered and forgotten count again */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  issue(use: ChallengeUse, bytes: number = NONCE_BYTES): Challenge {
    const seconds = use === "start" ? START_SECONDS : CHALLENGE_SECONDS;
    const body = randomBytes(bytes - CODE_BYTES);
    body.writeUIntBE(Math.ceil(this.#now() + seconds * 1_000), 0, TIME_BYTES);
    return { nonce: Buffer.concat([body, this.#code(use, body)]).toString("hex"), use, seconds };
  }

  /** Spends a challenge for evidence. Returns why it is none; undefined: it was open. @throws ServiceError BUSY: it is not spent */
  answer(nonce: string): OwnReason | undefined {
    const end = this.#endOf(nonce, "evidence");
    if (end === undefined) return "UNKNOWN_CHALLENGE";
    if (this.#now() > end) return "EXPIRED_CHALLENGE";
    if (this.#answered.has(nonce)) return "USED_CHALLENGE";
    if (this.#answered.size >= MAX_ANSWERED) this.#forget();
    if (this.#answered.size >= MAX_ANSWERED) {
      throw new ServiceError("BUSY", `${MAX_ANSWERED} challenges were answered; come again later`);
    }
    this.#answered.set(nonce, end);
    return undefined;
  }

  /** Whether a run may have begun with this base. Returns why not. */
  started(nonce: string): OwnReason | undefined {
    const end = this.#endOf(nonce, "start");
    if (end === undefined) return "UNKNOWN_CHALLENGE";
    return this.#now() > end ? "EXPIRED_CHALLENGE" : undefined;
  }

  /** Challenges that were answered and would still count. */
  get answered(): number {
    this.#forget();
    return this.#answered.size;
  }

  /** undefined: it was not given out here, for this use. */
  #endOf(nonce: string, use: ChallengeUse): number | undefined {
    const bytes = Buffer.from(nonce, "hex");
    if (bytes.length < NONCE_BYTES || bytes.toString("hex") !== nonce) return undefined;
    const body = bytes.subarray(0, -CODE_BYTES);
    const good = timingSafeEqual(bytes.subarray(-CODE_BYTES), this.#code(use, body));
    return good ? body.readUIntBE(0, TIME_BYTES) : undefined;
  }

  #code(use: ChallengeUse, body: Uint8Array): Buffer {
    const mac = createHmac("sha256", this.#secret).update(`${use}:`).update(body);
    return mac.digest().subarray(0, CODE_BYTES);
  }

  /** What has expired is refused for that. */
  #forget(): void {
    const now = this.#now();
    for (const [nonce, end] of this.#answered) if (now > end) this.#answered.delete(nonce);
  }
}
