// SPDX-License-Identifier: Apache-2.0
// Work that a server does again and again beside what it is asked for.
import { quote } from "../../base/quote.ts";
import type { FleetContext } from "./context.ts";

/**
 * Does `work` each `ms`, never twice at a time. What it throws is told, once in a row, and it is tried again.
 * @param what it is, for messages
 * @returns ends it, after what is being done
 */
export function every(
  { tell }: Pick<FleetContext, "tell">,
  ms: number,
  what: string,
  work: () => Promise<void>,
): () => Promise<void> {
  let running = Promise.resolve();
  let isBusy = false;
  let isTold = false;
  const timer = setInterval(() => {
    if (isBusy) return;
    isBusy = true;
    running = work()
      .then(() => {
        isTold = false;
      })
      .catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        if (!isTold) tell("warning", `${what}: ${quote(why, 300)}; it is tried again`);
        isTold = true;
      })
      .finally(() => {
        isBusy = false;
      });
  }, ms);
  return async () => {
    clearInterval(timer);
    await running;
  };
}
