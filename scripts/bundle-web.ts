// SPDX-License-Identifier: Apache-2.0
// Makes dist/web/replay.html: the page of src/web in one file, script and style inside, so that it also works when it is opened from a disk.
// Its content security policy allows this script and this style and nothing else: no network.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";

const root = resolve(import.meta.dirname, "..");
const source = (name: string): string => join(root, "src/web", name);
const target = join(root, "dist/web");

/** Source of a content security policy for an element with this text. */
const digestOf = (text: string): string =>
  `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** The page with `text` in the place of `mark`. */
function put(page: string, mark: string, text: string): string {
  if (!page.includes(mark)) throw new Error(`src/web/index.html lacks ${mark}`);
  return page.replace(mark, () => text);
}

const { outputFiles } = await build({
  entryPoints: [source("main.ts")],
  bundle: true,
  minify: true,
  format: "iife",
  platform: "browser",
  target: ["chrome120", "firefox120", "safari17"],
  charset: "ascii",
  legalComments: "none",
  logLevel: "warning",
  write: false,
});
const script = outputFiles[0]?.text ?? "";
const style = readFileSync(source("style.css"), "utf8");
const policy = `default-src 'none'; script-src ${digestOf(script)}; style-src ${digestOf(style)}`;

let page = readFileSync(source("index.html"), "utf8");
page = put(page, "default-src 'none'", policy);
page = put(page, "<style></style>", `<style>${style}</style>`);
page = put(page, "<script></script>", `<script>${script}</script>`);
mkdirSync(target, { recursive: true });
writeFileSync(join(target, "replay.html"), page);
