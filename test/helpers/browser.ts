// SPDX-License-Identifier: Apache-2.0
// A headless Chromium for tests of pages.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";

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

/** A page, and what went wrong in it and what it has fetched so far. */
export interface WatchedPage {
  readonly page: Page;
  readonly troubles: readonly string[];
  readonly requests: readonly string[];
}

/** Opens `url` in a page of its own. @param patienceMs of everything that is waited for there */
export async function openWatched(
  browser: Browser,
  url: string,
  patienceMs: number,
): Promise<WatchedPage> {
  const page = await browser.newPage();
  const troubles: string[] = [];
  const requests: string[] = [];
  page.setDefaultTimeout(patienceMs);
  page.on("pageerror", (error) => troubles.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") troubles.push(message.text());
  });
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(url);
  return { page, troubles, requests };
}
