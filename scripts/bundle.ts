// SPDX-License-Identifier: Apache-2.0
// Bundles the programs of this package (command line, worker thread, probe) into dist/bundle, so that a start reads a
// few files instead of two hundred. The files at their usual places in dist become one-line doors to the bundles.
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Plugin } from "esbuild";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const out = resolve(root, "dist/bundle");

/** Programs: name of the bundle -> module below src, without extension. */
const PROGRAMS = {
  main: "cli/main",
  worker: "orchestrator/worker",
  probe: "orchestrator/probe/child",
} as const;

/** A bundled module still finds its neighbours (launcher, package.json, other programs) where it lies in dist. */
const keepLocations: Plugin = {
  name: "keep-locations",
  setup(bundler) {
    bundler.onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
      const module = relative(resolve(root, "src"), path).replace(/\.ts$/, ".js");
      const location = `new URL(${JSON.stringify(`../${module}`)}, import.meta.url).href`;
      const text = readFileSync(path, "utf8").replace(/\bimport\.meta\.url\b/g, location);
      return { contents: text, loader: "ts" };
    });
  },
};

rmSync(out, { recursive: true, force: true });
await build({
  entryPoints: Object.fromEntries(
    Object.entries(PROGRAMS).map(([name, module]) => [name, resolve(root, "src", `${module}.ts`)]),
  ),
  outdir: out,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  external: ["koffi"],
  chunkNames: "chunk-[hash]",
  legalComments: "none",
  logLevel: "warning",
  // packages in CommonJS inside the bundle ask for node's own modules
  banner: {
    js: 'import { createRequire as galgoRequire } from "node:module"; const require = galgoRequire(import.meta.url);',
  },
  plugins: [keepLocations],
});

for (const [name, module] of Object.entries(PROGRAMS)) {
  const door = resolve(root, "dist", `${module}.js`);
  const target = relative(dirname(door), resolve(out, `${name}.js`));
  const path = target.startsWith(".") ? target : `./${target}`;
  const shebang = name === "main" ? "#!/usr/bin/env node\n" : "";
  writeFileSync(
    door,
    `${shebang}// SPDX-License-Identifier: Apache-2.0\nimport ${JSON.stringify(path)};\n`,
  );
  if (name === "main") chmodSync(door, 0o755);
}
