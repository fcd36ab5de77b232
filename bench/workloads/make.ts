// SPDX-License-Identifier: Apache-2.0
// A source package: configure in a directory named by process id, make -j2 of 23 C files, a library, a program that writes source, checks, tar.
import { cpSync, existsSync } from "node:fs";
import { join } from "node:path";
import { COMMON_ATTACKS } from "./lib/attacks.ts";
import type { Attack, FreshRun, Workload } from "./lib/workload.ts";

const FOLDER: string = join(import.meta.dirname, "make");
const PARTS = 20;

function sources(run: FreshRun): void {
  cpSync(join(FOLDER, "project"), join(run.folder, "project"), { recursive: true });
  cpSync(join(FOLDER, "work.sh"), join(run.folder, "work.sh"));
  const names = Array.from({ length: PARTS }, (_, i) => `part${i}`);
  const write = (name: string, lines: readonly string[]): void =>
    void run.write(`project/${name}`, `${lines.join("\n")}\n`);
  write("parts.h", [
    ...names.map((name) => `int ${name}(int);`),
    "extern int table[];",
    "extern int table_size;",
  ]);
  for (const [i, name] of names.entries())
    write(`${name}.c`, [
      "#include <stdio.h>",
      "#include <string.h>",
      '#include "config.h"',
      '#include "parts.h"',
      `int ${name}(int x) {`,
      "  char text[32];",
      `  snprintf(text, sizeof text, "%d", x * ${i + 1});`,
      "  return (int)strlen(text) + table[x % table_size];",
      "}",
    ]);
  write("main.c", [
    "#include <stdio.h>",
    '#include "parts.h"',
    "int main(void) {",
    "  int sum = 0;",
    ...names.map((name, i) => `  sum += ${name}(${i});`),
    '  printf("sum %d\\n", sum);',
    "  return 0;",
    "}",
  ]);
}

/** What a recipe of make runs; the command of `inject` stands in its environment. */
function recipe(text: string): string {
  return `export RECIPE=${JSON.stringify(text).replaceAll("$", "\\$")}`;
}

/** What make runs without a shell, with other flags for the compiler. */
function compiled(flags: string): string {
  return `make -s -B main.o CFLAGS='${flags}'`;
}

const BY_COMPILER: Attack = {
  name: "the compiler itself reads /etc/shadow",
  inject: () => compiled("-O1 -include /etc/shadow"),
  harm: (_run, { secret }, { stderr }) =>
    stderr.includes(secret.split(":")[0] ?? secret) && stderr.includes("/etc/shadow:1")
      ? "the compiler has shown the secret"
      : undefined,
};
const PLUGIN: Attack = {
  name: "a plugin for the compiler",
  arrange: ({ site, folder, write }) => {
    const source = write("plugin.c", PLUGIN_SOURCE);
    const plugin = join(folder, "project/plugin.so");
    site.make(["gcc", "-shared", "-fPIC", "-o", plugin, source]);
  },
  inject: () => compiled("-O1 -fplugin=./plugin.so"),
  harm: (_run, _world, { stderr }) =>
    /HARM plugin/.test(stderr) ? "the plugin was loaded" : undefined,
};
const PLUGIN_SOURCE =
  "#include <stdio.h>\n" +
  '__attribute__((constructor)) static void f(void) { fputs("HARM plugin\\n", stderr); }\n';
/** Everything is read and written as always, but what comes out is not what was learned. */
const OTHER_PROGRAM: Attack = {
  name: "the program that was built is another one",
  inject: () => `${compiled("-O3")} && make -s check && echo HARM program`,
  harm: (_run, _world, { stdout }) =>
    /HARM program/.test(stdout) ? "another program has run" : undefined,
};
const BY_RECIPE: Attack = {
  name: "a recipe reads /etc/shadow",
  inject: () => recipe("cat /etc/shadow"),
  harm: (_run, { secret }, { stdout }) =>
    stdout.includes(secret) ? "the recipe has shown the secret" : undefined,
};

export const make: Workload = {
  name: "make",
  label: "configure, make -j2 of 23 C files, check",
  needs: ["/usr/bin/gcc", "/usr/bin/make", "/usr/bin/ar", "/usr/bin/strip", "/usr/bin/tar"],
  command: (run) => {
    sources(run);
    const env = { HEALTH: run.site.health, INJECT: run.inject, RECIPE: ":" };
    return { argv: ["/bin/bash", "work.sh"], env };
  },
  check: (run, { status, stdout }) => {
    if (status !== 0) return `status ${status}`;
    if (!/^sum \d+$/m.test(stdout)) return "the program said nothing";
    return existsSync(join(run.folder, "project/install/bin/program"))
      ? undefined
      : "the program was not installed";
  },
  attacks: [...COMMON_ATTACKS, BY_COMPILER, PLUGIN, OTHER_PROGRAM, BY_RECIPE],
};
