// SPDX-License-Identifier: Apache-2.0
// A headless Chromium for tests of pages.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

const folders = (process.env["PATH"] ?? "").split(delimiter);
const path = folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(existsSync);

/** Why a test of a page is skipped, or false. */
export const NO_BROWSER: string | false =
  path === undefined ? `needs Chromium (none of ${NAMES.join(", ")} is in PATH)` : false;

/** Starts it; the caller closes it. Root may not use its sandbox. */
export function startBrowser(): Promise<Browser> {
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({ ...(path !== undefined && { executablePath: path }), args });
}
