// SPDX-License-Identifier: Apache-2.0
// Checks every import under src/ against the two tables of ARCHITECTURE.md: which stage may import which, and which
// package is used by which stage only. The tables are read, not copied, so the document cannot go stale.
import { type Dirent, existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, normalize, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type ImportStatement, importsOf } from "./imports-of.ts";
import { type Fault, type Layer, layerFaults, readTables, type Tables } from "./layer-table.ts";

interface Tree {
  readonly root: string;
  readonly tables: Tables;
  readonly dependencies: ReadonlySet<string>;
  /** What pages may use too: it is bundled into them, so that nobody has to install it. */
  readonly bundled: ReadonlySet<string>;
  /** Paths under src/ of all sources. */
  readonly files: ReadonlySet<string>;
}

interface Use extends ImportStatement {
  /** Importing file, relative to src/. */
  readonly from: string;
  readonly inTest: boolean;
  readonly layer: Layer;
}

/** Checks the tree at `root` (with ARCHITECTURE.md, package.json, tsconfig.*.json and src/). Empty means clean. */
export function checkBoundaries(root: string): readonly Fault[] {
  const tree = readTree(root);
  const faults = [...layerFaults(tree.tables, root)];
  const graph = new Map<string, readonly string[]>();
  for (const from of tree.files) {
    const layer = tree.tables.layers.get(stageOf(from));
    if (layer === undefined) {
      faults.push({ at: `src/${from}`, message: `${stageOf(from)} is not in the layer table` });
      continue;
    }
    const text = readFileSync(join(root, "src", from), "utf8");
    if (layer.stage !== "native" && !isTest(from) && /\bprocess\.dlopen\b/.test(text)) {
      faults.push({ at: `src/${from}`, message: "only native may load a shared object" });
    }
    const uses = importsOf(text).map((found) => ({ ...found, from, layer, inTest: isTest(from) }));
    for (const use of uses) {
      const message = faultOf(use, tree);
      if (message !== undefined) faults.push({ at: `src/${from}:${use.line}`, message });
    }
    graph.set(from, runtimeTargets(uses));
  }
  return [...faults, ...cycles(graph)];
}

function readTree(root: string): Tree {
  const manifest: unknown = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const named = (...members: readonly string[]): ReadonlySet<string> => {
    const lists = manifest as Record<string, Record<string, string> | undefined>;
    return new Set(members.flatMap((member) => Object.keys(lists[member] ?? {})));
  };
  const dependencies = named("dependencies", "optionalDependencies", "peerDependencies");
  const bundled = named("devDependencies");
  const tables = readTables(readFileSync(join(root, "ARCHITECTURE.md"), "utf8"));
  return { root, tables, dependencies, bundled, files: new Set(sources(join(root, "src"))) };
}

function sources(folder: string, prefix = ""): string[] {
  const inside = (entry: Dirent): string[] => {
    const path = prefix + entry.name;
    if (entry.isDirectory()) return sources(join(folder, entry.name), `${path}/`);
    return /\.tsx?$/.test(entry.name) ? [path] : [];
  };
  return readdirSync(folder, { withFileTypes: true }).flatMap(inside).sort();
}

const stageOf = (path: string): string => (path.includes("/") ? path.replace(/\/.*/s, "") : path);
const isTest = (path: string): boolean => path.endsWith(".test.ts");

function faultOf(use: Use, tree: Tree): string | undefined {
  const { specifier } = use;
  if (specifier === undefined) return "a dynamic import needs a literal, so that it can be checked";
  return specifier.startsWith(".") ? stageFault(use, specifier, tree) : packageFault(use, tree);
}

function stageFault(use: Use, specifier: string, tree: Tree): string | undefined {
  const target = join(dirname(use.from), specifier);
  if (target.startsWith("..")) {
    return use.inTest ? undefined : `"${specifier}" is outside src/`;
  }
  if (!/\.tsx?$/.test(specifier)) return `"${specifier}": imports carry .ts`;
  const stage = stageOf(normalize(target));
  const { layer } = use;
  if (stage === layer.stage) return undefined;
  if (!layer.mayImport.has(stage)) {
    const allowed = [...layer.mayImport].join(", ") || "nothing";
    return `${layer.stage} must not import ${stage} (it may import ${allowed})`;
  }
  const hasDoor = tree.files.has(`${stage}/index.ts`);
  if (use.typeOnly || use.inTest || !hasDoor || target.endsWith("/index.ts")) return undefined;
  return `"${specifier}": values of ${stage} come through an index.ts (types may come directly)`;
}

function packageFault(use: Use, { tables, dependencies, bundled }: Tree): string | undefined {
  const { layer, specifier = "" } = use;
  if (use.inTest) return undefined;
  if (specifier.startsWith("node:")) {
    return layer.project === "node" ? undefined : `${layer.stage} must not import ${specifier}`;
  }
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  if (builtinModules.includes(name)) return `write node:${specifier}`;
  const isHere = dependencies.has(name) || (layer.project === "web" && bundled.has(name));
  if (!isHere) return `${name} is not a dependency in package.json`;
  const homes = tables.packages.get(name);
  if (homes === undefined) return `${name} is not in the package table of ARCHITECTURE.md`;
  if (homes.has(layer.stage)) return undefined;
  return `only ${[...homes].join(", ")} may import ${name}`;
}

function runtimeTargets(uses: readonly Use[]): readonly string[] {
  return uses.flatMap((use) => {
    const { specifier } = use;
    const local = specifier?.startsWith(".") && !use.typeOnly && use.kind === "static";
    return local ? [join(dirname(use.from), specifier ?? "")] : [];
  });
}

/** Cycles of imports that matter when the program loads; `import type` and `import()` make none. */
function cycles(graph: ReadonlyMap<string, readonly string[]>): readonly Fault[] {
  const faults: Fault[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const start = path.indexOf(file);
    if (start >= 0) {
      const message = `import cycle: ${[...path.slice(start), file].join(" -> ")}`;
      faults.push({ at: `src/${file}`, message });
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const next of graph.get(file) ?? []) visit(next);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return faults;
}

function main(): void {
  const root = resolve(import.meta.dirname, "..");
  if (!existsSync(join(root, "src"))) throw new Error(`${root}: no src/ here`);
  const faults = checkBoundaries(root);
  for (const { at, message } of faults)
    console.error(`${relative(".", join(root, at))}: ${message}`);
  if (faults.length > 0) process.exitCode = 1;
  console.error(`boundaries: ${faults.length === 0 ? "kept" : `${faults.length} broken`}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) main();
