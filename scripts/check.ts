// SPDX-License-Identifier: Apache-2.0
// `npm run check`: all static checks, all faults at once.
import { runStep, steps } from "./check-steps.ts";

for (const step of steps()) {
  const { ok, output } = runStep(step);
  console.log(`${ok ? "ok    " : "FAILED"} ${step.name}`);
  if (output !== "") console.log(output.replace(/^/gm, "       "));
  if (!ok) process.exitCode = 1;
}
