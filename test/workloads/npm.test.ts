// SPDX-License-Identifier: Apache-2.0
// npm ci, offline, from a cache of packages of our own; one of them builds itself at installation.
// What varied between runs: names of temporary files in the cache and of the log (rule created-class), and whether the C library asks for
// the number of processors when threads of the pool meet in malloc: once in some ten runs (rule cpu-count). And, no rule: V8 mostly maps its
// own program once more, but not when the addresses it was given by chance lie near enough (2 of 150 starts). So it is learned twice.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cpSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { lacks, Workplace } from "./workplace.ts";

interface Package {
  readonly name: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
}

const PACKAGES: readonly Package[] = [
  { name: "alpha", dependencies: {} },
  { name: "beta", dependencies: { alpha: "1.0.0" }, scripts: { install: "node build.js" } },
  { name: "gamma", dependencies: { beta: "1.0.0" }, bin: { gamma: "cli.js" } },
];
const VERSION = "1.0.0";
const MODULES = 10;

const archiveOf = ({ name }: Package): string => `${name}-${VERSION}.tgz`;

/** Packs and caches the packages, and writes an application with a lock file that wants them. */
function application(place: Workplace): void {
  for (const wanted of PACKAGES) sources(place, wanted);
  place.own(place.path("src"));
  place.prepare("npm", "pack", "--silent", ...PACKAGES.map(({ name }) => place.path("src", name)));
  place.prepare("npm", "cache", "add", ...PACKAGES.map((wanted) => place.path(archiveOf(wanted))));
  const root = {
    name: "application",
    version: VERSION,
    dependencies: Object.fromEntries(PACKAGES.map(({ name }) => [name, VERSION])),
    allowScripts: { beta: true },
  };
  const locked = PACKAGES.map((wanted) => [`node_modules/${wanted.name}`, lockOf(place, wanted)]);
  const packages: object = Object.fromEntries([["", root], ...locked]);
  const lock = { name: root.name, version: VERSION, lockfileVersion: 3, requires: true, packages };
  place.write("app/package.json", JSON.stringify(root));
  place.write("app/package-lock.json", JSON.stringify(lock));
}

function sources(place: Workplace, wanted: Package): void {
  const file = (name: string, text: string) => place.write(`src/${wanted.name}/${name}`, text);
  file("package.json", JSON.stringify({ ...wanted, version: VERSION, main: "index.js" }));
  file("index.js", `module.exports = ${JSON.stringify(wanted.name)};\n`);
  file("build.js", 'require("node:fs").writeFileSync("built.txt", "built\\n");\n');
  file("cli.js", "#!/usr/bin/env node\n");
  for (let i = 0; i < MODULES; i++) file(`lib/m${i}.js`, `module.exports = ${i};\n`);
}

function lockOf(place: Workplace, wanted: Package): object {
  const { name, scripts, ...rest } = wanted;
  const archive = readFileSync(place.path(archiveOf(wanted)));
  const digest = createHash("sha512").update(archive).digest("base64");
  return {
    version: VERSION,
    resolved: `https://registry.npmjs.org/${name}/-/${archiveOf(wanted)}`,
    integrity: `sha512-${digest}`,
    ...rest,
    ...(scripts === undefined ? {} : { hasInstallScript: true }),
  };
}

describe("npm ci from a local cache", () => {
  it("is repeated; refused to run what a changed package.json says", async (t) => {
    if (lacks(t, "npm")) return;
    const place = new Workplace(t);
    Object.assign(place.env, {
      npm_config_cache: place.path("cache"),
      npm_config_userconfig: join(place.folder, "npmrc"),
      npm_config_globalconfig: join(place.folder, "npmrc-global"),
      npm_config_update_notifier: "false",
    });
    place.world(() => undefined);
    application(place);
    const original = join(place.folder, "original");
    cpSync(place.work, original, { recursive: true, preserveTimestamps: true });
    const anew = () =>
      place.world(() =>
        cpSync(original, place.work, { recursive: true, preserveTimestamps: true }),
      );
    const command = ["npm", "ci", "--offline", "--no-audit", "--no-fund", "--prefix", "app"];

    anew();
    const { stdout } = await place.learn(command);
    assert.match(stdout, /added 3 packages/);
    assert.equal(place.read("app/node_modules/gamma/index.js"), 'module.exports = "gamma";\n');
    assert.equal(place.read("app/node_modules/beta/built.txt"), "built\n");
    anew();
    await place.learnMore(command);
    for (let round = 0; round < 2; round++) {
      anew();
      await place.repeat(command);
      assert.ok(existsSync(place.path("app/node_modules/.bin/gamma")));
    }

    anew();
    const manifest = JSON.parse(place.read("app/package.json")) as object;
    const changed = { ...manifest, scripts: { preinstall: "touch installed" } };
    place.write("app/package.json", JSON.stringify(changed));
    await place.refused(command, /^1: .*node opens .*\/app\/package\.json for reading \[denied\]/);
    assert.equal(existsSync(place.path("app/installed")), false);
    assert.equal(existsSync(place.path("app/node_modules")), false);
  });
});
