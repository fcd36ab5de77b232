// SPDX-License-Identifier: Apache-2.0
// The projects that the workload benches build, install, load and look at. Made once in a lab; nothing comes from a network.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Lab } from "./lab.ts";

const NODE_MODULES: string = resolve(import.meta.dirname, "../../node_modules");

/** Functions in a C file: small files, so that opens and execs weigh more than the compiler. */
const FUNCTIONS = 8;

/** A project with a command that is run again and again. */
export interface Project {
  readonly cwd: string;
  readonly command: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Shell command that puts the project back before each run. */
  readonly reset?: string;
}

/** `files` C files and a program of them, built by make -j2. */
export function makeProject(lab: Lab, files: number): Project {
  const cwd = lab.sub("make");
  const headers =
    "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <math.h>\n";
  const names = Array.from({ length: files }, (_, i) => `part${i}`);
  for (const [i, name] of names.entries())
    lab.write(`make/${name}.c`, `${headers}${cFunctions(name, i)}`);
  const calls = names.map((name) => `total += ${name}_0(${name.length});`).join("\n  ");
  const declarations = names.map((name) => `int ${name}_0(int);`).join("\n");
  lab.write(
    "make/main.c",
    `${headers}${declarations}\nint main(void) {\n  int total = 0;\n  ${calls}\n  printf("%d\\n", total);\n  return 0;\n}\n`,
  );
  const objects = [...names, "main"].map((name) => `${name}.o`).join(" ");
  lab.write(
    "make/Makefile",
    `all: program\nprogram: ${objects}\n\tcc -o $@ ${objects} -lm\n%.o: %.c\n\tcc -c -o $@ $<\n`,
  );
  const temporary = lab.sub("make-tmp");
  return {
    cwd,
    command: ["make", "-s", "-j2"],
    env: { TMPDIR: temporary, LC_ALL: "C" },
    reset: "rm -f *.o program",
  };
}

function cFunctions(name: string, seed: number): string {
  return Array.from(
    { length: FUNCTIONS },
    (_, i) =>
      `int ${name}_${FUNCTIONS - 1 - i}(int x) {\n  char text[64];\n  snprintf(text, sizeof text, "%d", x * ${seed + i + 1});\n` +
      `  return (int)strlen(text) + (int)sqrt((double)x)${i === 0 ? "" : ` + ${name}_${FUNCTIONS - i}(x + ${i})`};\n}\n`,
  ).join("");
}

/** `npm ci --offline` of packages of this repository, from a cache that is filled here. */
export function npmProject(lab: Lab): Project {
  const cwd = lab.sub("npm");
  const cache = lab.sub("npm-cache");
  const env = {
    HOME: lab.sub("npm-home"),
    npm_config_cache: cache,
    npm_config_update_notifier: "false",
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_logs_max: "0",
    npm_config_userconfig: join(lab.folder, "npm-home/.npmrc"),
  };
  const names = ["zod", "fast-check", "pure-rand", "commander", "@types/node", "undici-types"];
  const present = names.filter((name) => existsSync(join(NODE_MODULES, name, "package.json")));
  const packages = present.map((name) => packPackage(lab, { name, env }));
  const entries = packages.map(({ name, version, resolved, integrity, dependencies }) => [
    `node_modules/${name}`,
    { version, resolved, integrity, ...(dependencies === undefined ? {} : { dependencies }) },
  ]);
  const dependencies = Object.fromEntries(packages.map(({ name, version }) => [name, version]));
  const root = { name: "install", version: "1.0.0", dependencies };
  const lock = { ...root, lockfileVersion: 3, requires: true, packages: { "": root } };
  Object.assign(lock.packages, Object.fromEntries(entries));
  lab.write("npm/package.json", JSON.stringify(root));
  lab.write("npm/package-lock.json", JSON.stringify(lock));
  return {
    cwd,
    command: ["npm", "ci", "--offline", "--ignore-scripts", "--no-progress", "--loglevel=error"],
    env,
    reset: "rm -rf node_modules",
  };
}

interface Packed {
  readonly name: string;
  readonly version: string;
  readonly resolved: string;
  readonly integrity: string;
  readonly dependencies?: unknown;
}

/** Packs an installed package and puts the tarball into the cache, where npm finds it by its digest. */
function packPackage(lab: Lab, order: { name: string; env: NodeJS.ProcessEnv }): Packed {
  const { name } = order;
  const env = { ...process.env, ...order.env };
  const copy = join(lab.folder, "npm-pack", name);
  mkdirSync(copy, { recursive: true });
  cpSync(join(NODE_MODULES, name), copy, {
    recursive: true,
    filter: (from) => !from.endsWith("node_modules"),
  });
  const tarballs = lab.sub("npm-tarballs");
  const packed = execFileSync(
    "npm",
    ["pack", "--ignore-scripts", "--json", "--pack-destination", tarballs, copy],
    { env, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
  );
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
  const tarball = join(tarballs, filename);
  execFileSync("npm", ["cache", "add", tarball], { env, stdio: "ignore" });
  const digest = createHash("sha512").update(readFileSync(tarball)).digest("base64");
  const manifest = JSON.parse(readFileSync(join(copy, "package.json"), "utf8")) as {
    version: string;
    dependencies?: unknown;
  };
  return {
    name,
    version: manifest.version,
    resolved: `https://registry.npmjs.org/${name}/-/${filename}`,
    integrity: `sha512-${digest}`,
    ...(manifest.dependencies === undefined ? {} : { dependencies: manifest.dependencies }),
  };
}

/** A program that requires `count` small modules. */
export function modulesProject(lab: Lab, count: number): Project {
  const cwd = lab.sub("modules");
  const perFolder = 50;
  const lines: string[] = [];
  for (let i = 0; i < count; i++) {
    const file = `lib${Math.floor(i / perFolder)}/module${i % perFolder}.js`;
    const body = Array.from({ length: 30 }, (_, n) => `exports.f${n} = (x) => x + ${n + i};`);
    lab.write(`modules/${file}`, `"use strict";\n${body.join("\n")}\n`);
    lines.push(`total += require("./${file}").f${i % 30}(1);`);
  }
  lab.write(
    "modules/main.js",
    `"use strict";\nlet total = 0;\n${lines.join("\n")}\nconsole.log(total);\n`,
  );
  return { cwd, command: [process.execPath, "main.js"] };
}

/** status and log of a repository with `files` files and `commits` commits. */
export function gitProject(lab: Lab, files: number, commits: number): Project {
  const cwd = lab.sub("git");
  const env = { HOME: lab.sub("git-home"), GIT_CONFIG_NOSYSTEM: "1", GIT_OPTIONAL_LOCKS: "0" };
  const git = (args: readonly string[], input = ""): void => {
    execFileSync("git", args, {
      cwd,
      env: { ...process.env, ...env },
      input,
      stdio: ["pipe", "ignore", "ignore"],
    });
  };
  git(["init", "-q", "-b", "main"]);
  git(["fast-import", "--quiet"], history(files, commits));
  git(["reset", "-q", "--hard"]);
  git(["update-index", "-q", "--refresh"]);
  const script = "git status --porcelain && git log --stat -n 60 >/dev/null";
  return { cwd, command: ["sh", "-c", script], env };
}

function history(files: number, commits: number): string {
  const parts: string[] = [];
  const file = (name: string, text: string): string =>
    `M 100644 inline ${name}\ndata ${text.length}\n${text}\n`;
  for (let c = 0; c < commits; c++) {
    const message = `change ${c}`;
    parts.push(
      `commit refs/heads/main\ncommitter A U Thor <a@example.org> ${1_700_000_000 + c * 60} +0000\ndata ${message.length}\n${message}\n`,
    );
    for (let f = 0; f < files; f++) {
      if (c > 0 && f % commits !== c) continue;
      parts.push(file(`dir${f % 20}/file${f}.txt`, `${"line\n".repeat(20)}${c}\n`));
    }
  }
  return parts.join("");
}
