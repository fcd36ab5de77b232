// SPDX-License-Identifier: Apache-2.0
// Reads the layer table and the package table of ARCHITECTURE.md. Names count only between backquotes; other words are prose.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** One broken rule. `at` is `file` or `file:line` under the root that was checked. */
export interface Fault {
  readonly at: string;
  readonly message: string;
}

/** A row of the layer table. */
export interface Layer {
  readonly stage: string;
  /** The TypeScript project that compiles it. */
  readonly project: string;
  readonly mayImport: ReadonlySet<string>;
  readonly mustNever: ReadonlySet<string>;
}

export interface Tables {
  readonly layers: ReadonlyMap<string, Layer>;
  /** Package -> the stages that may import it. */
  readonly packages: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Both tables of the document. @throws Error when one is missing or malformed. */
export function readTables(markdown: string): Tables {
  const layers = new Map<string, Layer>();
  for (const row of rowsUnder(markdown, ["stage", "project", "may import", "must never"])) {
    const [stage] = namesIn(row[0]);
    if (stage === undefined)
      throw new Error(`ARCHITECTURE.md: a row of the layer table has no stage: ${row.join(" | ")}`);
    if (layers.has(stage)) throw new Error(`ARCHITECTURE.md: stage ${stage} has two rows`);
    const project = row[1]?.trim() ?? "";
    layers.set(stage, { stage, project, mayImport: namesIn(row[2]), mustNever: namesIn(row[3]) });
  }
  const packages = new Map<string, ReadonlySet<string>>();
  for (const row of rowsUnder(markdown, ["package", "only in", "for"])) {
    for (const name of namesIn(row[0])) packages.set(name, namesIn(row[1]));
  }
  return { layers, packages };
}

/** What is wrong with the tables themselves: unknown names, contradictions, cycles, other projects than tsconfig's. */
export function layerFaults(tables: Tables, root: string): readonly Fault[] {
  const messages: string[] = [];
  const above = new Set<string>();
  for (const layer of tables.layers.values()) {
    messages.push(...contradictions(layer, above), ...projectFaults(layer, root));
    above.add(layer.stage);
  }
  for (const [name, homes] of tables.packages) {
    const unknown = [...homes].filter((home) => !tables.layers.has(home));
    messages.push(...unknown.map((home) => `package ${name}: there is no stage ${home}`));
  }
  return messages.map((message) => ({ at: "ARCHITECTURE.md", message }));
}

/** A stage imports only what is above it, so the table can hold no cycle. */
function contradictions(layer: Layer, above: ReadonlySet<string>): readonly string[] {
  const { stage, mayImport, mustNever } = layer;
  const below = [...mayImport].filter((name) => !above.has(name));
  const both = [...mayImport].filter((name) => mustNever.has(name));
  return [
    ...below.map((name) => `${stage} may import ${name}, which is not above it in the table`),
    ...both.map((name) => `${stage} both may and must never import ${name}`),
  ];
}

function projectFaults({ stage, project }: Layer, root: string): readonly string[] {
  const actual = projectOf(stage, root);
  if (actual === undefined) {
    return existsSync(join(root, "src", stage)) ? [`${stage} is compiled by no project`] : [];
  }
  return actual === project ? [] : [`${stage} is compiled by ${actual}, the table says ${project}`];
}

function projectOf(stage: string, root: string): string | undefined {
  return ["core", "node", "web"].find((project) => {
    const path = join(root, `tsconfig.${project}.json`);
    if (!existsSync(path)) return false;
    const config = JSON.parse(readFileSync(path, "utf8")) as {
      readonly include?: readonly string[];
    };
    return config.include?.includes(`src/${stage}`) ?? false;
  });
}

function rowsUnder(markdown: string, header: readonly string[]): readonly (readonly string[])[] {
  const lines = markdown.split("\n");
  const start = lines.findIndex((line) => cellsOf(line).join("|") === header.join("|"));
  if (start < 0) throw new Error(`ARCHITECTURE.md: no table with the columns ${header.join(", ")}`);
  const rows: (readonly string[])[] = [];
  for (const line of lines.slice(start + 2)) {
    if (!line.startsWith("|")) break;
    const cells = cellsOf(line);
    if (cells.length !== header.length) throw new Error(`ARCHITECTURE.md: bad table row: ${line}`);
    rows.push(cells);
  }
  return rows;
}

const cellsOf = (line: string): readonly string[] =>
  line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());

const namesIn = (cell = ""): ReadonlySet<string> =>
  new Set([...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ""));
