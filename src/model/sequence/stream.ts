// SPDX-License-Identifier: Apache-2.0
// Scores one stream of events (a process, or all of a workload) as it happens: about two steps in the trie and a few additions an event.
import { type Scores, scoresOf, type Thresholds, thresholdsFor } from "./calibration.ts";
import { childOf } from "./grams.ts";
import { IndicatorWalk } from "./indicators.ts";
import { followers, type Language, LanguageWalk, languageOf } from "./language.ts";
import { MAX_EXPECTED, MAX_ORDER, MAX_SURPRISES, UNITS_PER_NAT } from "./limits.ts";
import { ALARM_LONG, type Readings, Windows } from "./readings.ts";
import type { SequenceModel } from "./train.ts";

/** A model made ready to score; one for all streams of a workload. */
export interface SequenceScorer {
  readonly model: SequenceModel;
  readonly language: Language;
  /** Of known-bad traces. */
  readonly indicators?: Language;
  readonly thresholds: Thresholds;
  /** The symbol of a name; -1: the model does not know it. */
  symbolOf(name: string): number;
}

/** @param alarmsPerDay false alarms that are acceptable, of all streams together */
export function scorerOf(model: SequenceModel, alarmsPerDay: number): SequenceScorer {
  const symbols = new Map(model.names.map((name, symbol) => [name, symbol]));
  const language = languageOf(model.grams);
  const most = language.unknown / UNITS_PER_NAT;
  return {
    model,
    language,
    ...(model.indicators === undefined ? {} : { indicators: languageOf(model.indicators) }),
    thresholds: thresholdsFor(model.calibration, alarmsPerDay, most),
    symbolOf: (name) => symbols.get(name) ?? -1,
  };
}

/** The surprise in a window has risen above its threshold. */
export interface SequenceAlarm {
  readonly window: "short" | "long";
  /** Number of the event in its stream at which it did, from 1. */
  readonly event: number;
  /** Mean surprise (nats) of an event in the window. */
  readonly level: number;
  readonly threshold: number;
}

/** What is said of a stream that has ended. */
export interface SequenceVerdict extends Scores {
  readonly normal: boolean;
  readonly events: number;
  /** Above which `verdict.score` is not normal. */
  readonly threshold: number;
  readonly readings: Readings;
}

/** A surprising event with what came before it. */
export interface Surprise {
  /** Number of the event in its stream, from 1. */
  readonly event: number;
  /** Surprise (nats); exp(-nats) is how probable it was. */
  readonly nats: number;
  /** Symbols of the events before it and its own, the oldest first; -1: unknown. */
  readonly symbols: readonly number[];
}

/** What normally follows. */
export interface Expected {
  readonly symbol: number;
  /** 0..1 */
  readonly chance: number;
}

export class SequenceStream {
  readonly #scorer: SequenceScorer;
  readonly #windows = new Windows();
  readonly #walk: LanguageWalk;
  readonly #indicators: IndicatorWalk | undefined;
  /** The last symbols, the newest at `events % MAX_ORDER`. */
  readonly #last: Int32Array = new Int32Array(MAX_ORDER);
  readonly #surprises: Surprise[] = [];
  /** Surprise (units) that the next event needs to be among them. */
  #notable = 1;
  /** Event until which there is no further alarm. */
  #quietUntil = 0;

  constructor(scorer: SequenceScorer) {
    this.#scorer = scorer;
    this.#walk = new LanguageWalk(scorer.language);
    const { indicators } = scorer;
    this.#indicators = indicators === undefined ? undefined : new IndicatorWalk(indicators);
  }

  get events(): number {
    return this.#windows.events;
  }

  /** One more event, by its symbol (-1: unknown). An alarm is told once, then again when the window was below the threshold for its length. */
  next(symbol: number): SequenceAlarm | undefined {
    this.#walk.step(symbol);
    const { surprise: alone, low } = this.#walk;
    const surprise = alone + (this.#indicators?.more(symbol, alone) ?? 0);
    this.#windows.add(surprise, low);
    this.#last[this.#windows.events % MAX_ORDER] = symbol;
    if (surprise > this.#notable) this.#notice(surprise);
    return this.#alarm();
  }

  /** What is to be said when no event follows. */
  finish(): SequenceVerdict {
    const { model, thresholds } = this.#scorer;
    const readings = this.#windows.readings();
    const scores = scoresOf(model.calibration, readings);
    return {
      ...scores,
      normal: this.#windows.events === 0 || scores.verdict.score <= thresholds.verdict,
      events: this.#windows.events,
      threshold: thresholds.verdict,
      readings,
    };
  }

  /** The most surprising events until now, the most surprising one first. */
  surprises(): readonly Surprise[] {
    return this.#surprises.toSorted((a, b) => b.nats - a.nats || a.event - b.event);
  }

  #alarm(): SequenceAlarm | undefined {
    const { short, long, events } = this.#windows;
    const { thresholds } = this.#scorer;
    if (short <= thresholds.short && long <= thresholds.long) return undefined;
    const quiet = events <= this.#quietUntil;
    this.#quietUntil = events + ALARM_LONG;
    if (quiet) return undefined;
    if (short > thresholds.short)
      return { window: "short", event: events, level: short, threshold: thresholds.short };
    return { window: "long", event: events, level: long, threshold: thresholds.long };
  }

  /** Keeps the n-gram when it is among the most surprising; of n-grams that overlap only the most surprising one. */
  #notice(surprise: number): void {
    const { events: event } = this.#windows;
    const nats = surprise / UNITS_PER_NAT;
    const kept = this.#surprises;
    const last = kept.at(-1);
    if (last !== undefined && event - last.event < MAX_ORDER) {
      if (last.nats >= nats) return;
      kept.pop();
    } else if (kept.length >= MAX_SURPRISES) {
      const least = kept.reduce(
        (found, { nats: n }, at) => (n < (kept[found]?.nats ?? 0) ? at : found),
        0,
      );
      kept.splice(least, 1);
    }
    kept.push({ event, nats, symbols: this.#lastSymbols(event) });
    if (kept.length === MAX_SURPRISES)
      this.#notable = Math.min(...kept.map((one) => one.nats)) * UNITS_PER_NAT;
  }

  #lastSymbols(event: number): readonly number[] {
    const length = Math.min(MAX_ORDER, event);
    return Array.from(
      { length },
      (_, at) => this.#last[(event - length + 1 + at) % MAX_ORDER] ?? -1,
    );
  }
}

/** How often `symbol` came after the longest part of `before` that is known, and how often anything did. */
export function metAfter(
  { language }: SequenceScorer,
  before: readonly number[],
  symbol: number,
): { readonly met: number; readonly of: number } {
  const { grams } = language;
  const context = contextOf(language, before);
  const child = symbol < 0 ? -1 : childOf(grams, context, symbol);
  return {
    met: child < 0 ? 0 : (grams.counts[child] ?? 0),
    of: followers(grams, context),
  };
}

function contextOf(language: Language, before: readonly number[]): number {
  const walk = new LanguageWalk(language);
  for (const symbol of before) walk.step(symbol);
  return walk.context;
}

/** What normally comes after these symbols, the most probable first, with its share among what came after the longest part of them that is known. */
export function expectedAfter(
  { language }: SequenceScorer,
  symbols: readonly number[],
): readonly Expected[] {
  const { grams } = language;
  const context = contextOf(language, symbols);
  const begin = grams.first[context] ?? 0;
  const end = grams.first[context + 1] ?? 0;
  const children = Array.from({ length: end - begin }, (_, at) => begin + at);
  const total = followers(grams, context);
  return children
    .sort((a, b) => (grams.counts[b] ?? 0) - (grams.counts[a] ?? 0) || a - b)
    .slice(0, MAX_EXPECTED)
    .map((child) => ({
      symbol: grams.symbols[child] ?? -1,
      chance: (grams.counts[child] ?? 0) / total,
    }));
}
