// SPDX-License-Identifier: Apache-2.0
// Brings the parcels of a spool to the fleet, in order, and again until the database has them. It has no timer: `tick` is called now and then.
import { COMMIT_MS, MAX_COMMIT_MS, WINDOW_BYTES, WINDOW_PARCELS } from "../limits.ts";
import type { Range, Spool } from "./spool.ts";

/** What the fleet's database has of one epoch. */
export interface CommittedAnswer {
  readonly ranges: readonly Range[];
}

export interface UplinkWire {
  /** Hands a parcel over; nobody says whether it arrives. @throws when there is no connection */
  publish(seq: number, payload: Uint8Array): void;
  /** Asks which parcels from..to the database has. Rejects when nobody answers. */
  askCommitted(epoch: string, from: number, to: number): Promise<CommittedAnswer>;
}

interface UnderWay {
  readonly bytes: number;
  readonly at: number;
}

export class Uplink {
  readonly #spool: Spool;
  readonly #wire: UplinkWire;
  readonly #renew: () => Promise<void>;
  readonly #underWay = new Map<number, UnderWay>();
  #bytes = 0;
  /** First number that was not sent over this connection. */
  #cursor = 0;
  #isOnline = false;
  #asking = false;
  #hasAsked = false;
  #waitMs = COMMIT_MS;
  #sent = 0;
  /** The first number that nobody can have sent before this uplink, and the last that it has sent. */
  #first: number;
  #last = 0;

  /** @param renew the database has numbers that the spool has not given out: it is to begin a new epoch */
  constructor(spool: Spool, wire: UplinkWire, renew: () => Promise<void>) {
    this.#spool = spool;
    this.#wire = wire;
    this.#renew = renew;
    this.#first = spool.next;
  }

  /** Parcels that were sent, each as often as it was. */
  get sent(): number {
    return this.#sent;
  }

  get isOnline(): boolean {
    return this.#isOnline;
  }

  /**
   * A connection stands. What the database has already is not sent again. Who has nothing to send, and was answered before, does not ask: when the
   * fleet comes back, it is all hosts that would.
   */
  async online(now: number): Promise<void> {
    this.#isOnline = true;
    if (this.#spool.size > 0 || !this.#hasAsked) await this.#ask();
    this.#sendAgain(now);
  }

  offline(): void {
    this.#isOnline = false;
    this.#forget();
  }

  /** The fleet has said what its database has. */
  committed(epoch: string, said: readonly Range[], now: number): void {
    if (epoch !== this.#spool.epoch) return;
    const ranges = said.map(([from, to]): Range => [from, Math.min(to, this.#sentUpTo())]);
    if (this.#spool.committed(ranges) > 0) this.#waitMs = COMMIT_MS;
    for (const [seq, { bytes }] of this.#underWay) {
      if (!ranges.some(([from, to]) => seq >= from && seq <= to)) continue;
      this.#underWay.delete(seq);
      this.#bytes -= bytes;
    }
    this.pump(now);
  }

  /** Sends what may be under way besides what is. */
  pump(now: number): void {
    if (!this.#isOnline || this.#asking) return;
    for (const seq of this.#spool.from(this.#cursor)) {
      if (this.#underWay.size >= WINDOW_PARCELS || this.#bytes >= WINDOW_BYTES) return;
      const payload = this.#spool.read(seq);
      if (payload !== undefined) {
        try {
          this.#wire.publish(seq, payload);
        } catch {
          // the connection is gone, which is told soon
          return;
        }
        this.#sent += 1;
        this.#last = Math.max(this.#last, seq);
        this.#underWay.set(seq, { bytes: payload.length, at: now });
        this.#bytes += payload.length;
      }
      this.#cursor = seq + 1;
    }
  }

  /** What is under way for too long is asked about, and sent again. */
  async tick(now: number): Promise<void> {
    const [oldest] = this.#underWay.values();
    const late = oldest !== undefined && now - oldest.at >= this.#waitMs;
    if (late && this.#isOnline && !this.#asking) {
      this.#waitMs = Math.min(MAX_COMMIT_MS, 2 * this.#waitMs);
      await this.#ask();
      this.#sendAgain(now);
    } else this.pump(now);
  }

  #sendAgain(now: number): void {
    this.#forget();
    this.pump(now);
  }

  #forget(): void {
    this.#underWay.clear();
    this.#bytes = 0;
    this.#cursor = 0;
  }

  /** What a database may have: parcels of earlier daemons, and what was sent. The rest it can only know of another copy of this spool. */
  #sentUpTo(): number {
    return Math.max(this.#first - 1, this.#last);
  }

  async #beginAnew(): Promise<void> {
    await this.#renew();
    this.#first = 0;
    this.#last = 0;
  }

  async #ask(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      const { epoch, oldest, next } = this.#spool.status();
      const sentUpTo = this.#sentUpTo();
      const { ranges } = await this.#wire.askCommitted(epoch, oldest, next + AHEAD);
      this.#hasAsked = true;
      if (epoch !== this.#spool.epoch) return;
      // nothing below the oldest that is kept comes any more, which the fleet may say too
      const least = Math.max(sentUpTo + 1, this.#spool.status().oldest);
      if (ranges.some(([, to]) => to >= least)) await this.#beginAnew();
      else this.#spool.committed(ranges);
    } catch {
      // nobody answers: sending twice does no harm
    } finally {
      this.#asking = false;
    }
  }
}

/** So many numbers that were not given out yet are asked about too. */
const AHEAD = 100_000;
