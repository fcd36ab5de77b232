// SPDX-License-Identifier: Apache-2.0
// Builds the launchers from the sources under test.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export const NATIVE_LAUNCHER: string = `${ROOT}dist/native/galgo-launch-${process.arch === "arm64" ? "aarch64" : "x86_64"}`;

/** @returns whether there is a native launcher; without a C compiler there is only the one in Node */
export function buildLaunchers(): boolean {
  execFileSync("sh", [`${ROOT}native/build.sh`], { stdio: ["ignore", "ignore", "inherit"] });
  return existsSync(NATIVE_LAUNCHER);
}
