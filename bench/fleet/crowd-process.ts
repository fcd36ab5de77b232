// SPDX-License-Identifier: Apache-2.0
// A process with many simulated hosts; its parent says what they do (crowd.ts).
import { Crowd } from "./crowd-hosts.ts";
import type { CrowdAnswer, CrowdMessage } from "./orders.ts";

const crowd = new Crowd();

process.on("message", (message: CrowdMessage) => {
  const { number, order } = message;
  const answer = (rest: Omit<CrowdAnswer, "number">): void => {
    process.send?.({ number, ...rest } satisfies CrowdAnswer);
  };
  crowd.obey(order).then(
    (report) => answer(report === undefined ? {} : { report }),
    (error: unknown) => answer({ fault: error instanceof Error ? error.message : String(error) }),
  );
});
process.once("disconnect", () => process.exit(0));
