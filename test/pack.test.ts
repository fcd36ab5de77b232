// SPDX-License-Identifier: Apache-2.0
// The package as a user gets it: packed here, installed elsewhere, run from yet another folder as a plain command.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";

const ROOT = resolve(import.meta.dirname, "..");
const MANIFEST = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  readonly version: string;
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
};

interface PackedFile {
  readonly path: string;
  readonly mode: number;
}

/** Runs a program to its end; fails with its words when its status is not 0. Gives its stdout. */
function run(program: string, args: readonly string[], cwd: string, env = process.env): string {
  const ended = spawnSync(program, args, { cwd, env, encoding: "utf8", maxBuffer: 1 << 26 });
  const words = `${program} ${args.join(" ")}: ${ended.error?.message ?? ended.stderr}`;
  assert.equal(ended.status, 0, words);
  return ended.stdout;
}

describe("the packed package", () => {
  let place = "";
  let files: readonly PackedFile[] = [];
  let elsewhere = "";
  let env = process.env;

  before(() => {
    place = mkdtempSync(join(tmpdir(), "galgo-pack-"));
    elsewhere = join(place, "else where");
    mkdirSync(elsewhere);
    const packed = run("npm", ["pack", "--json", "--pack-destination", place], ROOT);
    // what the build says comes before the JSON
    const [report] = Object.values(JSON.parse(packed.slice(packed.search(/^[[{]/m)))) as {
      filename: string;
      files: readonly PackedFile[];
    }[];
    assert.ok(report !== undefined);
    files = report.files;
    const prefix = join(place, "prefix");
    const quiet = ["--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
    run(
      "npm",
      ["install", "-g", "--prefix", prefix, ...quiet, join(place, report.filename)],
      place,
    );
    env = {
      ...process.env,
      PATH: `${join(prefix, "bin")}${delimiter}${process.env["PATH"] ?? ""}`,
      GALGO_STATE_DIR: join(place, "state"),
    };
  });

  after(() => rmSync(place, { recursive: true, force: true }));

  it("holds what a user needs, with an executable main", () => {
    const paths = files.map(({ path }) => path);
    const needed = ["package.json", "README.md", "LICENSE", "native/launch.c", "native/build.sh"];
    for (const path of [...needed, "docs/concepts.md", "deploy/systemd/galgo.service"])
      assert.ok(paths.includes(path), path);
    const main = files.find(({ path }) => path === "galgo");
    assert.equal(main && main.mode & 0o777, 0o755);
    assert.match(readFileSync(join(ROOT, "galgo"), "utf8"), /^#!\/bin\/sh\n/);
  });

  it("holds the launcher where there is a compiler to build it", (t) => {
    if (spawnSync("cc", ["--version"]).status !== 0) return t.skip("needs a C compiler (cc)");
    assert.ok(files.some(({ path }) => /^dist\/native\/galgo-launch-\w+$/.test(path)));
  });

  it("holds no sources, tests, maps or traces of the build", () => {
    const foreign =
      /^(?:src|test|bench|scripts|node_modules)\/|\.test\.|\.map$|tsbuildinfo|\.stamp/;
    assert.deepEqual(
      files.map(({ path }) => path).filter((path) => foreign.test(path)),
      [],
    );
  });

  it("gives its version as a plain command", () => {
    assert.equal(run("galgo", ["--version"], elsewhere, env).trim(), MANIFEST.version);
  });

  it("finds out what the machine can do", () => {
    const report: unknown = JSON.parse(run("galgo", ["doctor", "--json"], elsewhere, env));
    assert.ok(typeof report === "object" && report !== null);
    assert.equal((report as Record<string, unknown>)["galgo"], MANIFEST.version);
  });

  it("learns and enforces a command", (t) => {
    if (!existsSync(join(ROOT, "src/cli/commands/learn.ts"))) return t.skip("no galgo learn yet");
    run("galgo", ["learn", "-o", "true.json", "--", "true"], elsewhere, env);
    run("galgo", ["run", "-m", "true.json", "--enforce", "--", "true"], elsewhere, env);
  });

  it("can be imported by each of its names", (t) => {
    const targets = Object.entries(MANIFEST.exports).flatMap(([name, target]) =>
      typeof target === "string" ? [] : [[name, target.default] as const],
    );
    const built = targets.filter(([, path]) => existsSync(join(ROOT, path)));
    const names = built.map(([name]) => name.replace(/^\./, "galgo"));
    const script = join(place, "prefix/lib/imports.mjs");
    writeFileSync(script, names.map((name) => `await import(${JSON.stringify(name)});\n`).join(""));
    run(process.execPath, [script], elsewhere, env);
    const missing = targets.filter((target) => !built.includes(target)).map(([name]) => name);
    if (missing.length > 0) t.skip(`no index yet: ${missing.join(", ")}`);
  });
});
