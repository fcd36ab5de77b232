// SPDX-License-Identifier: Apache-2.0
// Writes docs/reference/hooks.md, every hook of the vocabulary with the members of its CELL, from the hook table.
// With --check: only says, by its exit status, whether the page is fresh.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { HOOKS, type HookInfo } from "../src/event/index.ts";
import type { Field } from "../src/event/layout.ts";

const TARGET = join(resolve(import.meta.dirname, ".."), "docs/reference/hooks.md");

const KINDS: ReadonlyMap<string, string> = new Map([
  ["task", "TASK_ID"],
  ["mask", "u64 in hex"],
  ["mode", "u16 in octal"],
  ["rest", "any members"],
]);

function member({ json, group, kind, optional, aliases = [] }: Field): string {
  const type = KINDS.get(kind) ?? kind;
  if (kind === "rest") return type;
  const named = (name: string, inside?: string): string =>
    `\`${inside === undefined ? "" : `${inside}.`}${name}\``;
  const others = aliases.map((alias) => named(alias.json, alias.group));
  const or = others.length === 0 ? "" : `, elsewhere ${others.join(", ")}`;
  return `${named(json, group)} ${type}${optional ? ", may be absent" : ""}${or}`;
}

function row({ name, words, cell }: HookInfo): string {
  return `| \`${name}\` | ${words} | ${cell.map(member).join("; ") || "none"} |`;
}

function table(origin: HookInfo["origin"]): string {
  const rows = Object.values(HOOKS)
    .filter((hook) => hook.origin === origin)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(row);
  return ["| hook | the task | members of the CELL |", "|---|---|---|", ...rows].join("\n");
}

const page = `<!-- Made by scripts/gen-hooks.ts. -->

# Hooks

Every hook that an event can be of, with the members of its CELL in the order of a record. A sensor sees some of them
([fidelity](../fidelity.md)); a recorded stream of a TSEM kernel may hold all of TSEM's.

## TSEM's

${table("tsem")}

## Galgo's own

${table("galgo")}
`;

if (process.argv.includes("--check")) {
  if (!existsSync(TARGET) || readFileSync(TARGET, "utf8") !== page) {
    console.error(`${TARGET} is stale: node --import tsx scripts/gen-hooks.ts`);
    process.exitCode = 1;
  }
} else {
  writeFileSync(TARGET, page);
}
