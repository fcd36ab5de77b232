// SPDX-License-Identifier: Apache-2.0
// The nats-server that `galgo fleet serve` starts when nobody names another one. It ends with the server, however that ends.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { quote } from "../../base/quote.ts";
import { FleetStartError } from "../errors.ts";
import { privateFolder, writePrivate } from "../keys/files.ts";
import { BUS_START_MS, BUS_STOP_MS } from "../limits.ts";
import { type NodeTerms, nodeConfig } from "./nats-config.ts";

export type SpawnTerms = Omit<
  NodeTerms,
  "streams" | "accounts" | "pidFile" | "portsFolder" | "name" | "cluster"
> & {
  /** Folder of the bus. */
  readonly folder: string;
  /** Hears why it has ended, when nobody had asked for that. */
  onEnd(words: string): void;
};

export interface SpawnedNats {
  readonly pid: number;
  /** Ends it and waits for that. */
  close(): Promise<void>;
}

/**
 * The shell reads from the server's pipe: when the pipe ends, because the server has ended it or was killed, the bus is told to end. A signal
 * from the terminal does not reach it (a process group of its own), so that the server can say goodbye over it.
 */
const KEEPER = `exec 3<&0
nats-server -c "$1" </dev/null 3<&- & bus=$!
{ read -r _ <&3; kill "$bus" 2>/dev/null; } & reader=$!
wait "$bus"; status=$?
kill "$reader" 2>/dev/null
exit "$status"`;

/** The bus collects its garbage twice as often as Go does by itself: half the memory for some processor time, of which it uses little. */
const GOGC = "50";
const POLL_MS = 25;
const LOG_CHARS = 8_192;

/** @throws FleetStartError NO_NATS: it is not installed. NO_BUS: it does not start, in its own words */
export async function spawnNats(terms: SpawnTerms): Promise<SpawnedNats> {
  refuseMissing();
  const folder = privateFolder(terms.folder);
  const pidFile = join(folder, "nats.pid");
  await awaitEarlier(pidFile);
  const config = join(folder, "nats.conf");
  const accounts = privateFolder(join(folder, "accounts"));
  const streams = privateFolder(join(folder, "streams"));
  const ready = privateFolder(join(folder, "ready"));
  for (const file of readdirSync(ready)) rmSync(join(ready, file));
  const files = { accounts, streams, pidFile, portsFolder: ready };
  writePrivate(config, nodeConfig({ ...terms, name: "galgo", ...files }));
  const child = spawn("/bin/sh", ["-c", KEEPER, "galgo-nats", config], {
    stdio: ["pipe", "ignore", "pipe"],
    detached: true,
    env: environment(),
  });
  const nats = new Spawned(child, { pidFile, ready }, (words) => terms.onEnd(words));
  try {
    await nats.ready();
  } catch (error) {
    await nats.close();
    throw error;
  }
  return nats;
}

/** Where it lies is in nobody's PATH but root's. */
function environment(): NodeJS.ProcessEnv {
  const path = `${process.env["PATH"] ?? "/usr/bin:/bin"}:/usr/local/sbin:/usr/sbin`;
  return { GOGC, ...process.env, PATH: path };
}

function refuseMissing(): void {
  const { status } = spawnSync("nats-server", ["--version"], {
    stdio: "ignore",
    env: environment(),
  });
  if (status === 0) return;
  throw new FleetStartError(
    "NO_NATS",
    "nats-server is not installed, and hosts reach the fleet through it: apt install nats-server, or name one that runs (--nats)",
  );
}

/** A bus of an earlier server that was killed is about to end: its folder and its port are free then. */
async function awaitEarlier(pidFile: string): Promise<void> {
  for (const end = performance.now() + BUS_STOP_MS; ; await delay(POLL_MS)) {
    const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, "utf8")) : 0;
    if (!isNats(pid)) break;
    if (performance.now() > end) {
      const problem = `a nats-server is there already on this data (process ${pid}): is another \`galgo fleet serve\` running?`;
      throw new FleetStartError("IN_USE", problem);
    }
  }
  rmSync(pidFile, { force: true });
}

function isNats(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "nats-server";
  } catch {
    return false;
  }
}

interface SpawnedFiles {
  readonly pidFile: string;
  /** Folder in which it says that it listens. */
  readonly ready: string;
}

class Spawned implements SpawnedNats {
  readonly #child: ChildProcess;
  readonly #pidFile: string;
  readonly #readyFolder: string;
  readonly #ended: Promise<void>;
  #log = "";
  #isReady = false;
  #isEnded = false;
  #closing = false;

  constructor(child: ChildProcess, files: SpawnedFiles, onEnd: (words: string) => void) {
    this.#child = child;
    this.#pidFile = files.pidFile;
    this.#readyFolder = files.ready;
    child.stdin?.on("error", () => undefined);
    child.stderr?.on("data", (text: Buffer) => {
      this.#log = (this.#log + text.toString("utf8")).slice(-LOG_CHARS);
    });
    this.#ended = once(child, "close").then(() => {
      this.#isEnded = true;
      if (this.#isReady && !this.#closing) onEnd(this.#why());
    });
  }

  get pid(): number {
    return existsSync(this.#pidFile) ? Number(readFileSync(this.#pidFile, "utf8")) : 0;
  }

  /** It writes where it listens when it does: somebody else may have its port. */
  async ready(): Promise<void> {
    for (const end = performance.now() + BUS_START_MS; ; await delay(POLL_MS)) {
      if (this.#isEnded || performance.now() > end) {
        this.#closing = true;
        throw new FleetStartError("NO_BUS", `nats-server did not start: ${this.#why()}`);
      }
      this.#isReady = readdirSync(this.#readyFolder).some((file) => file.endsWith(".ports"));
      if (this.#isReady && this.pid > 0) return;
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#child.stdin?.end();
    const late = setTimeout(() => {
      if (isNats(this.pid)) process.kill(this.pid, "SIGKILL");
    }, BUS_STOP_MS);
    await this.#ended;
    clearTimeout(late);
    // one that could not begin leaves it behind
    rmSync(this.#pidFile, { force: true });
  }

  /** The last thing that it has said, best an error. */
  #why(): string {
    const lines = this.#log.split("\n").filter((line) => line.trim() !== "");
    const last = lines.findLast((line) => /\[(?:FTL|ERR)\]/.test(line)) ?? lines.at(-1);
    if (last === undefined) return "it said nothing";
    return quote(last.replace(/^\[\d+\] [\d/]+ [\d:.]+ /, "").replace(/^nats-server: /, ""), 400);
  }
}
