// SPDX-License-Identifier: Apache-2.0
// A PostgreSQL of a test: a cluster in a temporary folder, run by an unprivileged user, on a free port of loopback. To be killed, and started again.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { freePort } from "./ports.ts";

const READY_MS = 60_000;
const POLL_MS = 50;
const ROOT = "/usr/lib/postgresql";

/** Why there is no PostgreSQL here; undefined: there is one. */
export function noPostgres(): string | undefined {
  if (binaries() === undefined) return "PostgreSQL is not installed (apt install postgresql)";
  if (isRoot() && owner() === undefined) return "there is no user postgres to run PostgreSQL as";
  return undefined;
}

/** Folder of the newest one's programs: initdb is in nobody's PATH. */
function binaries(): string | undefined {
  const versions = existsSync(ROOT) ? readdirSync(ROOT) : [];
  return versions
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(ROOT, version, "bin"))
    .find((folder) => existsSync(join(folder, "initdb")));
}

const isRoot = (): boolean => process.getuid?.() === 0;

/** PostgreSQL refuses to run as root. */
function owner(): { uid: number; gid: number } | undefined {
  const line = readFileSync("/etc/passwd", "utf8").match(/^postgres:[^:]*:(\d+):(\d+):/m);
  return line === null ? undefined : { uid: Number(line[1]), gid: Number(line[2]) };
}

function killed(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it has ended by itself
  }
}

export class TestPostgres {
  readonly folder: string;
  readonly port: number;
  readonly #bin: string;
  readonly #as: { uid?: number; gid?: number };
  readonly #settings: Readonly<Record<string, string>>;
  #process: ChildProcess | undefined;

  private constructor(port: number, settings: Readonly<Record<string, string>>) {
    this.#bin = binaries() ?? "";
    this.#as = isRoot() ? (owner() ?? {}) : {};
    this.#settings = settings;
    this.port = port;
    this.folder = mkdtempSync(join(tmpdir(), "galgo-postgres-"));
    const { uid, gid } = this.#as;
    if (uid !== undefined && gid !== undefined) chownSync(this.folder, uid, gid);
  }

  /** @param settings of postgresql.conf besides where it is */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<TestPostgres> {
    const made = new TestPostgres(await freePort(), settings);
    try {
      made.#initialise();
      await made.restart();
      return made;
    } catch (error) {
      await made.stop();
      throw error;
    }
  }

  /** Of the database `postgres`, whose owner asks without a password. */
  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.port}/postgres`;
  }

  /** -1: it does not run */
  get pid(): number {
    const child = this.#process;
    return child?.exitCode === null && child.signalCode === null ? (child.pid ?? -1) : -1;
  }

  /** Makes an empty database of this server. @returns its address */
  async database(name: string): Promise<string> {
    const client = new pg.Client({ connectionString: this.url });
    await client.connect();
    try {
      await client.query(`create database "${name}"`);
    } finally {
      await client.end();
    }
    return `postgres://postgres@127.0.0.1:${this.port}/${name}`;
  }

  /** SIGKILL, as the kernel does it when memory is short, to all of its processes: nobody answers on any connection. */
  async kill(): Promise<void> {
    const { pid } = this;
    const child = this.#process;
    if (child === undefined || pid === -1) return;
    const exit = once(child, "exit");
    const below = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").map(Number);
    for (const one of [pid, ...below.filter((number) => number > 0)]) killed(one);
    await exit;
  }

  /** Starts it on the folder that it has; returns when it answers. */
  async restart(): Promise<void> {
    const until = Date.now() + READY_MS;
    for (;;) {
      if (this.pid === -1) this.#spawn();
      if (await this.#answers()) return;
      if (Date.now() > until) throw new Error(`PostgreSQL does not answer: ${this.#log.trim()}`);
      // Children of one that was killed hold its memory for a moment, and a new one ends until they have left
      await delay(POLL_MS);
    }
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    const child = this.#process;
    if (child !== undefined && this.pid !== -1) {
      const exit = once(child, "exit");
      child.kill("SIGINT"); // fast: clients are sent away
      await exit;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  #log = "";

  #initialise(): void {
    const args = ["-D", join(this.folder, "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8"];
    const made = spawnSync(join(this.#bin, "initdb"), [...args, "--locale=C.UTF-8", "--no-sync"], {
      ...this.#as,
      cwd: this.folder,
      encoding: "utf8",
    });
    if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}${made.error ?? ""}`);
  }

  #spawn(): void {
    const settings = {
      listen_addresses: "127.0.0.1",
      port: `${this.port}`,
      unix_socket_directories: this.folder,
      ...this.#settings,
    };
    const words = Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
    this.#log = "";
    const { uid, gid } = this.#as;
    const as = uid === undefined ? [] : [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"];
    const postgres = [join(this.#bin, "postgres"), "-D", join(this.folder, "data"), ...words];
    // It ends with the test, also with one that is killed
    const child = spawn("setpriv", [...as, "--pdeathsig=INT", "--", ...postgres], {
      cwd: this.folder,
      stdio: ["ignore", "ignore", "pipe"],
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#log = (this.#log + chunk.toString()).slice(-4_096);
    });
    child.on("error", (error) => {
      this.#log += error.message;
    });
    this.#process = child;
  }

  async #answers(): Promise<boolean> {
    const client = new pg.Client({ connectionString: this.url, connectionTimeoutMillis: 2_000 });
    client.on("error", () => undefined);
    try {
      await client.connect();
      await client.query("select 1");
      return true;
    } catch {
      return false;
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
