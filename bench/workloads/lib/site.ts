// SPDX-License-Identifier: Apache-2.0
// Where the corpus works: a folder that all benches share, with one site for each workload and a fresh folder for each run.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { basename, dirname, join } from "node:path";
import { type Leftovers, leftovers } from "./leftovers.ts";
import { sourcesDigest } from "./sources.ts";
import type { FreshRun, MakeOptions, Site, Workload } from "./workload.ts";

/** Everything is below it. Its name has no part that looks random, as the home of a real service has none. */
export const BASE: string = process.env["GALGO_PRACTICE_DIR"] ?? "/var/tmp/galgo-practice";

const SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin";
const FIRST_PORT = 20_000;
const PORTS = 10_000;
const MAX_PORT_TRIES = 100;

const ENV: Readonly<Record<string, string>> = { PATH: SYSTEM_PATH, LANG: "C.UTF-8", TZ: "UTC" };

/** Programs that are needed and not there. */
export function missing(workload: Workload): string[] {
  return workload.needs.filter((path) => !existsSync(path));
}

/** The site of a workload, prepared when it was not before. */
export async function openSite(workload: Workload, base = BASE): Promise<Site> {
  const folder = join(base, workload.name, "site");
  const health = compiledHealth(base);
  const make = (command: readonly string[], options: MakeOptions = {}): string =>
    outside(command, { cwd: folder, ...options });
  const site = { folder, health, make };
  const stamp = join(base, workload.name, "prepared");
  const sources = sourcesDigest();
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === sources) return site;
  rmSync(folder, { recursive: true, force: true });
  openFolder(folder);
  await workload.prepare?.(site);
  writeFileSync(stamp, sources);
  return site;
}

function outside([program = "", ...args]: readonly string[], options: MakeOptions): string {
  const { user, cwd, env = {} } = options;
  const words = user === undefined ? [] : ["runuser", "-u", user, "--"];
  const [first = "", ...rest] = [...words, program, ...args];
  const ended = spawnSync(first, rest, {
    env: { ...ENV, HOME: cwd ?? "/", ...env },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    ...(cwd === undefined ? {} : { cwd }),
  });
  if (ended.status === 0) return ended.stdout;
  const why = ended.error?.message ?? `status ${ended.status}\n${ended.stdout}${ended.stderr}`;
  throw new Error(`${[program, ...args].join(" ")}: ${why}`);
}

function openFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o755 });
  chmodSync(path, 0o755);
}

/** The check of health, compiled anew only when its source has changed. */
function compiledHealth(base: string): string {
  openFolder(base);
  const source = readFileSync(join(import.meta.dirname, "health.c"), "utf8");
  const program = join(base, "health");
  const copy = `${program}.c`;
  if (existsSync(program) && existsSync(copy) && readFileSync(copy, "utf8") === source)
    return program;
  writeFileSync(copy, source);
  outside(["cc", "-O1", "-o", `${program}.new`, copy], { cwd: base });
  renameSync(`${program}.new`, program);
  return program;
}

/** A run's folder, and its end. */
export interface OpenRun extends FreshRun {
  /** Kills what the run has left, and removes its folder. @returns what was left */
  close(): Leftovers;
}

export interface RunSettings {
  /** Makes `FreshRun.inject`. */
  readonly inject?: (run: FreshRun) => string;
}

/** A fresh folder `run-<8 hex digits>` beside the site. */
export function openRun(site: Site, seed: number, { inject }: RunSettings = {}): OpenRun {
  const random = generator(`${basename(dirname(site.folder))} ${seed}`);
  const name = `run-${random(2 ** 32)
    .toString(16)
    .padStart(8, "0")}`;
  const folder = join(dirname(site.folder), name);
  rmSync(folder, { recursive: true, force: true });
  const home = join(folder, "home");
  openFolder(folder);
  openFolder(home);
  const run: OpenRun = {
    site,
    seed,
    folder,
    home,
    inject: ":",
    env: { ...ENV, HOME: home },
    random,
    port: () => freePort(random),
    write: (path, text, mode = 0o644) => {
      const file = join(folder, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text, { mode });
      return file;
    },
    copy: (from, to = from) => {
      const path = join(folder, to);
      cpSync(join(site.folder, from), path, { recursive: true, preserveTimestamps: true });
      return path;
    },
    give: (path, user) => void outside(["chown", "-R", `${user}:`, path], {}),
    close: () => {
      const left = leftovers(folder);
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
      return left;
    },
  };
  return inject === undefined ? run : { ...run, inject: inject(run) };
}

/** mulberry32, seeded with a digest (FNV-1a) of a text: small, and the same everywhere. */
function generator(text: string): (below: number) => number {
  let state = 0x811c9dc5;
  for (const character of text)
    state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** A pseudo-random port from the range that the services of the corpus have, free now. */
export async function freePort(random: (below: number) => number): Promise<number> {
  for (let attempt = 0; attempt < MAX_PORT_TRIES; attempt++) {
    const port = FIRST_PORT + random(PORTS);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port found in ${MAX_PORT_TRIES} tries`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once("error", () => done(false));
    server.listen(port, "0.0.0.0", () => server.close(() => done(true)));
  });
}
