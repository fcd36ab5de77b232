// SPDX-License-Identifier: Apache-2.0
// Makes the console of a fleet, src/web/fleet, in dist/web/fleet: a page, a script and a style whose names hold their digest. Everything is in
// them; `galgo fleet serve` serves them as they are.
import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "vite";

const root = resolve(import.meta.dirname, "..");

/** @param target folder; declarations of the compiler lie there, too, so only assets of earlier builds are removed */
export async function bundleConsole(target: string): Promise<void> {
  rmSync(join(target, "assets"), { recursive: true, force: true });
  await build({
    configFile: false,
    root: join(root, "src/web/fleet"),
    // below whatever address it is served at
    base: "./",
    logLevel: "warn",
    publicDir: false,
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    build: {
      outDir: target,
      emptyOutDir: false,
      target: ["chrome120", "firefox120", "safari17"],
      // everything comes from a place that its policy allows: nothing is put in as data
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 1_024,
    },
  });
}
