// SPDX-License-Identifier: Apache-2.0
// `--keep-days`: deletes what is older, each hour. Without it everything is kept.
import { quote } from "../../base/quote.ts";
import type { FleetPart } from "../server/context.ts";
import { forget } from "./forget.ts";
import { AGAIN_MS, FIRST_MS } from "./limits.ts";

const DAY_MS = 86_400_000;

export const retentionPart: FleetPart = {
  name: "retention",
  start: async ({ options, store, now, tell }) => {
    const { keepDays } = options;
    if (keepDays === undefined) return { close: async () => undefined };
    const ended = new AbortController();
    let working: Promise<void> = Promise.resolve();
    const turn = async (): Promise<void> => {
      try {
        const rows = await forget(store, now() - keepDays * DAY_MS, ended.signal);
        if (rows > 0) tell("info", `${rows} rows older than ${keepDays} days were deleted`);
      } catch (error) {
        tell("warning", `what is old could not be deleted: ${quote(String(error), 300)}`);
      }
    };
    let timer: NodeJS.Timeout;
    const after = (ms: number): void => {
      timer = setTimeout(() => {
        working = turn().then(() => {
          if (!ended.signal.aborted) after(AGAIN_MS);
        });
      }, ms);
    };
    after(FIRST_MS);
    const close = async (): Promise<void> => {
      ended.abort();
      clearTimeout(timer);
      await working;
    };
    return { close };
  },
};
