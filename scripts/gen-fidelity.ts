// SPDX-License-Identifier: Apache-2.0
// Writes the table of translated system calls in docs/fidelity.md from the sensor's own table.
// With --check: only says, by its exit status, whether the page is fresh.
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { SyscallRule, When } from "../src/sensor/seccomp/rule.ts";
import { TABLE } from "../src/sensor/seccomp/table.ts";

const TARGET = join(resolve(import.meta.dirname, ".."), "docs/fidelity.md");
const BEGIN = "<!-- table: scripts/gen-fidelity.ts -->";
const END = "<!-- end of table -->";

const hex = (value: number): string => `0x${value.toString(16)}`;

function words(test: When): string {
  if ("orBit" in test) {
    return `argument ${test.arg} has any of ${hex(test.anyBit)}, or of ${hex(test.orBit)} without ${hex(test.unlessBit)}`;
  }
  if ("anyBit" in test) return `argument ${test.arg} has any of ${hex(test.anyBit)}`;
  if ("noBit" in test) return `argument ${test.arg} has none of ${hex(test.noBit)}`;
  if ("pointer" in test) return `argument ${test.arg} is not null`;
  return `argument ${test.arg} is ${test.oneOf.map(hex).join(", ")}`;
}

function row(hook: string, rules: readonly SyscallRule[]): string {
  const calls = rules.map(({ syscall, when }) =>
    when === undefined
      ? `\`${syscall}\``
      : `\`${syscall}\` (when ${when.map(words).join(" and ")})`,
  );
  return `| \`${hook}\` | ${calls.join(", ")} |`;
}

const byHook = new Map<string, SyscallRule[]>();
for (const rule of TABLE) byHook.set(rule.hook, [...(byHook.get(rule.hook) ?? []), rule]);
const rows = [...byHook]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([hook, rules]) => row(hook, rules));
const table = ["| hook | system calls |", "|---|---|", ...rows].join("\n");

const page = readFileSync(TARGET, "utf8");
const [before, rest = ""] = page.split(BEGIN, 2);
const after = rest.slice(rest.indexOf(END));
const wanted = `${before}${BEGIN}\n\n${table}\n\n${after}`;

if (process.argv.includes("--check")) {
  if (page !== wanted) {
    console.error(`${TARGET} is stale: node --import tsx scripts/gen-fidelity.ts`);
    process.exitCode = 1;
  }
} else {
  writeFileSync(TARGET, wanted);
}
