// SPDX-License-Identifier: Apache-2.0
// What an output is: something that takes messages in order and says when it has them.
import type { Entry } from "../journal/entry.ts";

/** One entry in the form that the output sends. */
export interface Message {
  readonly entry: Entry;
  /** Text of one line, without newline. */
  readonly text: string;
}

export interface Sink {
  /** Where to, for people; without secrets. */
  readonly target: string;
  /** Longest message that it can carry (bytes). */
  readonly maxMessageBytes: number;
  /** A connection broke after messages were sent that nobody acknowledges: `send` (also of nothing) sends the last of them once more. */
  readonly unsettled?: boolean;
  /**
   * Resolves when the receiver has all of them, as far as its protocol can tell. After a failure all of them are sent again.
   * @throws SinkError UNREACHABLE, REFUSED
   */
  send(messages: readonly Message[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Turns an entry into the text of a message; undefined: this format has nothing to say about it. */
export type Format = (entry: Entry) => string | undefined;
