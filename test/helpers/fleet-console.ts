// SPDX-License-Identifier: Apache-2.0
// The console of a real fleet server in Chromium.
import type { Browser, Page } from "playwright-core";
import type { FleetServer } from "./fleet-server.ts";

/** For a machine that is busy. */
export const PATIENCE_MS = 60_000;

export interface ConsolePage {
  readonly page: Page;
  /** What the page complained of: errors of scripts, of its policy. */
  readonly troubles: readonly string[];
  /** Origins that it asked. */
  readonly origins: ReadonlySet<string>;
  close(): Promise<void>;
}

/** Opens it, with cookies of its own; nobody is logged in. Chromium does not know the fleet's CA. */
export async function openConsole(browser: Browser, fleet: FleetServer): Promise<ConsolePage> {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: { width: 1440, height: 900 },
    colorScheme: "light",
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const troubles: string[] = [];
  const origins = new Set<string>();
  page.on("pageerror", (error) => troubles.push(error.message));
  page.on("console", (message) => {
    // what is refused is told so, too: that is no fault of the page
    const refused = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !refused) troubles.push(message.text());
  });
  page.on("request", (request) => origins.add(new URL(request.url()).origin));
  await page.goto(fleet.url);
  return { page, troubles, origins, close: () => context.close() };
}

export async function logIn(page: Page, user: string, password: string): Promise<void> {
  await page.getByLabel("User").fill(user);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}
