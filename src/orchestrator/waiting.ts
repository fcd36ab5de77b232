// SPDX-License-Identifier: Apache-2.0
// Waiting for several things, and for something that may never come.
import type { RunObserver } from "./run-request.ts";

/** Waits for all, also when one fails: what has been started can only be brought down when it is known. */
export async function settled(steps: readonly Promise<void>[]): Promise<void> {
  for (const step of await Promise.allSettled(steps)) {
    if (step.status === "rejected") throw step.reason;
  }
}

/** Waits for something to settle, either way, but not for ever. False: it has not settled. */
export async function atMost(ms: number, promise: Promise<unknown> | undefined): Promise<boolean> {
  if (promise === undefined) return true;
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const settled = promise.then(
    () => true,
    () => true,
  );
  const inTime = await Promise.race([settled, limit]);
  clearTimeout(timer);
  return inTime;
}

/** After this time processes that outlive the command are told of. */
const LINGER_NOTICE_MS = 2_000;

/** Tells of processes that outlive the command. @returns undoes that */
export function noticeLingering({ onNotice }: Pick<RunObserver, "onNotice">): () => void {
  const timer = setTimeout(() => {
    onNotice?.(
      "the command has ended, processes it started go on: waiting for them (Ctrl-C ends them)",
    );
  }, LINGER_NOTICE_MS);
  return () => clearTimeout(timer);
}
