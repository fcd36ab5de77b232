// SPDX-License-Identifier: Apache-2.0
// runSensed in a process of its own, so that the agent can be another user: [command, options] as JSON in the first
// argument, the result as JSON on stdout.
import { runSensed } from "./sensed.ts";
import type { SensedOptions } from "./sensed.ts";

const [command, options] = JSON.parse(process.argv[2] ?? "[[],{}]") as [string[], SensedOptions];
const result = await runSensed(command, options);
const text = JSON.stringify(result, (_key, value: unknown) =>
  typeof value === "bigint" ? value.toString() : value,
);
process.stdout.write(text, () => process.exit(0));
