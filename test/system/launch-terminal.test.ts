// SPDX-License-Identifier: Apache-2.0
// The terminal of a launched command, over the native launcher and the one in Node.
import { describe } from "node:test";
import { buildLaunchers } from "../helpers/built.ts";
import { terminalCases } from "../helpers/terminal-cases.ts";
import { driverArguments } from "../helpers/workloads.ts";

const hasNative = buildLaunchers();

for (const launcher of ["native", "node"] as const) {
  const skip = launcher === "native" && !hasNative ? "there is no C compiler" : false;
  describe(`a terminal through the ${launcher} launcher`, { skip, timeout: 240_000 }, () => {
    terminalCases((command) => [
      process.execPath,
      ...driverArguments({ command, launcher, jobControl: true }),
    ]);
  });
}
