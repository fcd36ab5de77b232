// SPDX-License-Identifier: Apache-2.0
// What a translation of a model can not say, or says otherwise.

/** weaker: the other side allows more than the model. stricter: it refuses what the model allows. */
export interface Loss {
  readonly direction: "weaker" | "stricter";
  readonly text: string;
}

export const weaker = (text: string): Loss => ({ direction: "weaker", text });
export const stricter = (text: string): Loss => ({ direction: "stricter", text });

/** A loss as one line. */
export function lossLine({ direction, text }: Loss): string {
  return `${direction}: ${text}`;
}

/** Lost in every translation. */
export const COMMON_LOSSES: readonly Loss[] = [
  weaker(
    "which program does something does not count: all processes of the workload may do what one of them may",
  ),
  weaker("the content of programs, libraries and files does not count"),
  weaker("who started whom, and the order of things, do not count"),
  weaker("what is refused leaves no record, and nobody becomes untrusted by it"),
];
