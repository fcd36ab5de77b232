// SPDX-License-Identifier: Apache-2.0
// Surprising events with names instead of symbols: what came before, what came, and what was expected instead.
import { expectedAfter, metAfter, type SequenceScorer, type Surprise } from "./stream.ts";

/** A surprising event, as it stands in a record: everything that is needed to put it into words is in it. */
export interface SurprisingEvent {
  /** Number of the event in its stream, from 1. */
  readonly event: number;
  /** What was met: a name of the model; absent when the model does not know it. */
  readonly name?: string;
  /** Names of the events before it, the oldest first; null: unknown to the model. */
  readonly before: readonly (string | null)[];
  /** How often it came there while learning: after the longest part of what was before it that is known. */
  readonly met: number;
  /** How often anything did. */
  readonly of: number;
  readonly expected: readonly ExpectedEvent[];
}

export interface ExpectedEvent {
  readonly name: string;
  /** How many of a hundred times it comes there. */
  readonly percent: number;
}

/** The surprises with their names, in their order. */
export function explainSurprises(
  scorer: SequenceScorer,
  surprises: readonly Surprise[],
): readonly SurprisingEvent[] {
  const { names } = scorer.model;
  const nameOf = (symbol: number | undefined): string | undefined =>
    symbol === undefined ? undefined : names[symbol];
  return surprises.map(({ event, symbols }) => {
    const before = symbols.slice(0, -1);
    const name = nameOf(symbols.at(-1));
    return {
      event,
      ...(name === undefined ? {} : { name }),
      before: before.map((symbol) => nameOf(symbol) ?? null),
      ...metAfter(scorer, before, symbols.at(-1) ?? -1),
      expected: expectedAfter(scorer, before).map(({ symbol, chance }) => ({
        name: nameOf(symbol) ?? "",
        percent: Math.round(chance * 100),
      })),
    };
  });
}
