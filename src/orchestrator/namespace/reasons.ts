// SPDX-License-Identifier: Apache-2.0
// Why an event was decided otherwise than by asking about it while it waits, as records of violations say it.
import type { Unheld } from "../../sensor/tsem/sink.ts";

/** Why an event could not be held, as it is written into the record of a violation. */
export const UNHELD_REASONS: Readonly<Record<Unheld, string>> = {
  async: "atomic context",
  log: "task untrusted before",
};
/** An event of the model's that the programs had not been told of; the others are refused because they are outside of it. */
export const UNPRIMED = "in the model, but refused by the kernel before it could be asked about";

/** Nobody was there to be asked. */
export const GONE = "Galgo was gone";
export const UNASKED = "in the model, but refused while Galgo was gone";
