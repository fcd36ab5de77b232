// SPDX-License-Identifier: Apache-2.0
// Makes the pages of src/web, each in one file of dist/web, script and style inside, so that they also work when they are opened from a disk.
// Their content security policies allow this script and this style and nothing else: no network.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { bundleConsole } from "./bundle-console.ts";

const root = resolve(import.meta.dirname, "..");
const target = join(root, "dist/web");

/** A page and what is put into it; paths below the root. */
interface PageSource {
  readonly page: string;
  readonly script: string;
  readonly styles: readonly string[];
  /** File in dist/web. */
  readonly output: string;
}

/** In this order: later ones win. */
const REPORT_STYLES: readonly string[] = [
  "colours",
  "page",
  "parts",
  "lists",
  "violations",
  "small",
  "print",
].map((name) => `src/web/report/style/${name}.css`);

const PAGES: readonly PageSource[] = [
  {
    page: "src/web/index.html",
    script: "src/web/main.ts",
    styles: ["src/web/style.css"],
    output: "replay.html",
  },
  {
    page: "src/web/report/report.html",
    script: "src/web/report/main.ts",
    styles: ["node_modules/uplot/dist/uPlot.min.css", ...REPORT_STYLES],
    output: "report.html",
  },
  {
    page: "src/web/verify/verify.html",
    script: "src/web/verify/main.ts",
    styles: ["src/web/style.css", "src/web/verify/verify.css"],
    output: "verify.html",
  },
];

/** Source of a content security policy for an element with this text. */
const digestOf = (text: string): string =>
  `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** `html` with `text` in the place of `mark`. */
function put(html: string, mark: string, text: string): string {
  if (!html.includes(mark)) throw new Error(`a page of src/web lacks ${mark}`);
  return html.replace(mark, () => text);
}

async function scriptOf(path: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(root, path)],
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
  return outputFiles[0]?.text ?? "";
}

async function make({ page, script: path, styles, output }: PageSource): Promise<void> {
  const script = await scriptOf(path);
  const style = styles.map(read).join("\n");
  const policy = `default-src 'none'; script-src ${digestOf(script)}; style-src ${digestOf(style)}; base-uri 'none'; form-action 'none'`;
  let html = put(read(page), "default-src 'none'", policy);
  html = put(html, "<style></style>", `<style>${style}</style>`);
  html = put(html, "<script></script>", `<script>${script}</script>`);
  writeFileSync(join(target, output), html);
}

mkdirSync(target, { recursive: true });
for (const page of PAGES) await make(page);
await bundleConsole(join(target, "fleet"));
