// SPDX-License-Identifier: Apache-2.0
// What is read off the surprise of a stream of events: its lowest windows (is any part of it normal?) and its highest ones (is any part of it
// strange?). docs/decisions/0002-verdict-of-sequences.md.
import { UNITS_PER_NAT } from "./limits.ts";

/** Windows of `lowest` readings, in events. A stream that is shorter is one window. */
export const LOW_WINDOWS = [50, 100, 200] as const;
const [LOW_SHORT, LOW_MIDDLE, LOW_LONG] = LOW_WINDOWS;
/** Windows of `highest` readings, in events: those that raise alarms while a process runs. */
export const ALARM_SHORT = 20;
export const ALARM_LONG = 100;
/** The longest window. */
const RING = 200;

/** Names of the readings, in the order in which they are kept. */
export const READINGS = ["lowest50", "lowest100", "lowest200", "highest20", "highest100"] as const;

export type ReadingName = (typeof READINGS)[number];

/** One number (nats an event) for each of READINGS. */
export type Readings = readonly number[];

/**
 * The windows of one stream. The lowest ones are of the excess surprise, which is the surprise less half of that of the low-order
 * model; the highest are of the surprise itself, because an event that was never met at all surprises every order.
 */
export class Windows {
  /** Twice the excess surprise of the last events. */
  readonly #excess: Int32Array = new Int32Array(RING);
  readonly #surprise: Int32Array = new Int32Array(RING);
  #events = 0;
  #excessSum = 0;
  #excessShort = 0;
  #excessMiddle = 0;
  #excessLong = 0;
  #surpriseShort = 0;
  #surpriseLong = 0;
  #lowestShort = Number.POSITIVE_INFINITY;
  #lowestMiddle = Number.POSITIVE_INFINITY;
  #lowestLong = Number.POSITIVE_INFINITY;
  #highestShort = Number.NEGATIVE_INFINITY;
  #highestLong = Number.NEGATIVE_INFINITY;

  get events(): number {
    return this.#events;
  }

  /** Takes the surprise of one more event (units), by all orders and by the low ones. */
  add(surprise: number, low: number): void {
    const excess = 2 * surprise - low;
    const slot = this.#events % RING;
    this.#excessShort += excess - this.#before(this.#excess, LOW_SHORT);
    this.#excessMiddle += excess - this.#before(this.#excess, LOW_MIDDLE);
    this.#excessLong += excess - this.#before(this.#excess, LOW_LONG);
    this.#surpriseShort += surprise - this.#before(this.#surprise, ALARM_SHORT);
    this.#surpriseLong += surprise - this.#before(this.#surprise, ALARM_LONG);
    this.#excessSum += excess;
    this.#excess[slot] = excess;
    this.#surprise[slot] = surprise;
    this.#events++;
    if (this.#events >= LOW_SHORT && this.#excessShort < this.#lowestShort)
      this.#lowestShort = this.#excessShort;
    if (this.#events >= LOW_MIDDLE && this.#excessMiddle < this.#lowestMiddle)
      this.#lowestMiddle = this.#excessMiddle;
    if (this.#events >= LOW_LONG && this.#excessLong < this.#lowestLong)
      this.#lowestLong = this.#excessLong;
    if (this.#events >= ALARM_SHORT && this.#surpriseShort > this.#highestShort)
      this.#highestShort = this.#surpriseShort;
    if (this.#events >= ALARM_LONG && this.#surpriseLong > this.#highestLong)
      this.#highestLong = this.#surpriseLong;
  }

  /** Mean surprise (nats) in the short alarm window; while it is not full there is none: -Infinity. */
  get short(): number {
    if (this.#events < ALARM_SHORT) return Number.NEGATIVE_INFINITY;
    return this.#surpriseShort / (ALARM_SHORT * UNITS_PER_NAT);
  }

  /** Mean surprise (nats) in the long alarm window; while it is not full there is none: -Infinity. */
  get long(): number {
    if (this.#events < ALARM_LONG) return Number.NEGATIVE_INFINITY;
    return this.#surpriseLong / (ALARM_LONG * UNITS_PER_NAT);
  }

  /** Mean surprise (nats) of the events that the long alarm window holds. */
  get meanSurprise(): number {
    return this.#surpriseLong / (Math.max(1, Math.min(ALARM_LONG, this.#events)) * UNITS_PER_NAT);
  }

  /** The readings of all events until now; of no events zeros. */
  readings(): Readings {
    const { length } = READINGS;
    if (this.#events === 0) return new Array<number>(length).fill(0);
    const excess = 2 * UNITS_PER_NAT;
    return [
      this.#of(this.#lowestShort, this.#excessSum, LOW_SHORT) / excess,
      this.#of(this.#lowestMiddle, this.#excessSum, LOW_MIDDLE) / excess,
      this.#of(this.#lowestLong, this.#excessSum, LOW_LONG) / excess,
      this.#of(this.#highestShort, this.#surpriseShort, ALARM_SHORT) / UNITS_PER_NAT,
      this.#of(this.#highestLong, this.#surpriseLong, ALARM_LONG) / UNITS_PER_NAT,
    ];
  }

  /** Mean of an event in the window, or of all events where they do not fill one. */
  #of(extreme: number, all: number, window: number): number {
    return this.#events < window ? all / this.#events : extreme / window;
  }

  /** What falls out of a window of the last `window` events when another one comes. */
  #before(ring: Int32Array, window: number): number {
    return this.#events < window ? 0 : (ring[(this.#events - window) % RING] ?? 0);
  }
}
