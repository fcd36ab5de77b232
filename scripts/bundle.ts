// SPDX-License-Identifier: Apache-2.0
// Bundles the programs of this package (entry, command line, worker thread, probe), each into one file of dist/bundle, so that a start
// reads a few files instead of two hundred. CommonJS, because Node loads it in one go: an ECMAScript module and its imports take
// it a turn of its event loop and of its thread pool each (20 ms of a start). The entry becomes dist/galgo.cjs; the modules of the others at
// their usual places in dist become doors to the bundles, for those who import the package.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Plugin } from "esbuild";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const dist = resolve(root, "dist");

/** Programs: file below dist -> module below src, both without extension. The first one is the entry. */
const PROGRAMS = {
  galgo: "cli/start",
  "bundle/main": "cli/main",
  "bundle/worker": "orchestrator/worker",
  "bundle/deciding": "orchestrator/deciding/thread",
  "bundle/tpm": "quote/tpm/thread",
  "bundle/probe": "orchestrator/probe/child",
  "bundle/learning": "orchestrator/models/learning-child",
  "bundle/daemon": "cli/commands/daemon",
  "bundle/fleet": "cli/commands/fleet/serve",
  "bundle/fleet-sqlite": "fleet/store/sqlite-thread",
} as const;

type Program = keyof typeof PROGRAMS;

/** The program that a module is the source of. */
function programOf(source: string): string | undefined {
  return Object.entries(PROGRAMS).find(
    ([, module]) => resolve(root, "src", module) === source,
  )?.[0];
}

/**
 * Text of a module in the bundle `file` (below dist). It still finds its neighbours (launcher, package.json) where it lies in dist, and
 * other programs in their bundles.
 */
function bundled(path: string, file: string): string {
  const source = readFileSync(path, "utf8");
  const here = (to: string): string => {
    const way = relative(dirname(resolve(dist, file)), resolve(dist, to));
    return `new URL(${JSON.stringify(way)}, galgoHere)`;
  };
  const other = (written: string): string | undefined =>
    programOf(resolve(dirname(path), written.replace(/\.ts$/, "")));
  const module = relative(resolve(root, "src"), path).replace(/\.ts$/, ".js");
  return source
    .replace(/\bsiblingModule\(import\.meta\.url, "([^"]+)"\)/g, (text, written: string) => {
      const program = other(written);
      return program === undefined ? text : here(`${program}.cjs`);
    })
    .replace(/\bimport\("([^"]+)"\)/g, (text, written: string) => {
      const program = other(written);
      if (program === undefined) return text;
      const way = relative(dirname(resolve(dist, file)), resolve(dist, `${program}.cjs`));
      return `Promise.resolve(require(${JSON.stringify(way.startsWith(".") ? way : `./${way}`)}))`;
    })
    .replace(/\bimport\.meta\.url\b/g, `${here(module)}.href`);
}

const inBundle = (file: Program): Plugin => ({
  name: "in-bundle",
  setup(bundler) {
    bundler.onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => ({
      contents: bundled(path, file),
      loader: "ts",
    }));
    // another program's bundle
    bundler.onResolve({ filter: /\.cjs$/ }, ({ path, importer }) =>
      importer.startsWith(resolve(root, "src")) ? { path, external: true } : undefined,
    );
  },
});

rmSync(resolve(dist, "bundle"), { recursive: true, force: true });
for (const [file, module] of Object.entries(PROGRAMS) as [Program, string][]) {
  const outfile = resolve(dist, `${file}.cjs`);
  await build({
    entryPoints: [resolve(root, "src", `${module}.ts`)],
    outfile,
    bundle: true,
    format: "cjs",
    platform: "node",
    target: "node20.19",
    // what brings files of its own, and what pg tries to find
    external: ["koffi", "node-sqlite3-wasm", "pg-native"],
    legalComments: "none",
    // what is not there need not be parsed at each start
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: "warning",
    // only asked of modules that run from source
    logOverride: { "empty-import-meta": "silent" },
    banner: {
      js: `// SPDX-License-Identifier: Apache-2.0
const galgoHere = require("node:url").pathToFileURL(__filename).href;`,
    },
    plugins: [inBundle(file)],
  });
  if (file !== "galgo") writeDoor(module, outfile);
}

/** What a program exports to those that load it as a module. */
function exportsOf(module: string): string {
  const names: Readonly<Record<string, string>> = {
    "cli/main": "main",
    "cli/commands/daemon": "daemon",
    "cli/commands/fleet/serve": "fleetServe",
  };
  const name = names[module];
  return name === undefined ? "" : `export const { ${name} } = `;
}

function writeDoor(module: string, bundle: string): void {
  const door = resolve(dist, `${module}.js`);
  const way = JSON.stringify(relative(dirname(door), bundle));
  writeFileSync(
    door,
    `// SPDX-License-Identifier: Apache-2.0
import { createRequire } from "node:module";
${exportsOf(module)}createRequire(import.meta.url)(${way});
`,
  );
}
