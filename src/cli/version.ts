// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The version in package.json, which lies two folders up from source and build alike. */
export function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/** The folder of package.json. */
export function packageRoot(): string {
  return fileURLToPath(new URL("../../", import.meta.url));
}
