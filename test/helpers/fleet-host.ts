// SPDX-License-Identifier: Apache-2.0
// A fleet as its users have it: `galgo fleet serve` and a daemon that has joined it, each a process of its own that can be killed and started again.
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { DaemonClient, socketsIn } from "../../src/daemon/client/index.ts";
import type { FleetStatus } from "../../src/daemon/fleet/index.ts";
import { openRun } from "../../src/orchestrator/state-dir.ts";
import { GALGO, type Outcome, Place, type RunningGalgo } from "../cli/galgo.ts";
import { NATIVE_CLIENT } from "./client-daemon.ts";
import { freePort } from "./ports.ts";

async function gone(running: RunningGalgo | undefined, signal: NodeJS.Signals): Promise<void> {
  const child = running?.process;
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}

/** `galgo fleet serve` with all that it has in a folder, always at the same ports. */
export class ServedFleet {
  readonly folder: string = mkdtempSync(join(tmpdir(), "galgo-served-"));
  readonly data: string = join(this.folder, "data");
  readonly #place = new Place(undefined, GALGO);
  #ports: readonly [https: number, bus: number] = [0, 0];
  #running: RunningGalgo | undefined;

  get url(): string {
    return `https://127.0.0.1:${this.#ports[0]}`;
  }

  /** Settles when it is served. */
  async start(): Promise<void> {
    if (this.#ports[0] === 0) this.#ports = [await freePort(), await freePort()];
    const [https, bus] = this.#ports;
    const places = ["--listen", `127.0.0.1:${https}`, "--nats-listen", `127.0.0.1:${bus}`];
    this.#running = this.#place.start(["fleet", "serve", "--data", this.data, ...places]);
    await this.#running.says(/is served at/);
  }

  kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    return gone(this.#running, signal);
  }

  /** Of the bus that the server has started. */
  get busPid(): number {
    return Number(readFileSync(join(this.data, "nats", "nats.pid"), "utf8"));
  }

  /** `galgo fleet ...` at this server. @returns what it prints */
  async galgo(...words: readonly string[]): Promise<string> {
    const all = ["fleet", ...words, "--data", this.data];
    const { status, stdout, stderr } = await this.#place.galgo(...all);
    if (status !== 0) throw new Error(stderr);
    return stdout;
  }

  async token(...options: readonly string[]): Promise<string> {
    const printed = await this.galgo("token", "create", "--json", ...options);
    return (JSON.parse(printed) as { readonly token: string }).token;
  }

  /** Asks the API as the local administrator. */
  get(path: string): Promise<unknown> {
    const { ca } = JSON.parse(readFileSync(join(this.data, "server.json"), "utf8")) as {
      readonly ca: string;
    };
    const token = readFileSync(join(this.data, "admin-token"), "utf8").trim();
    const headers = { authorization: `Bearer ${token}` };
    return new Promise((resolve, reject) => {
      const asked = request(new URL(path, this.url), { ca, headers, agent: false }, (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (piece: string) => {
          text += piece;
        });
        answer.on("error", reject);
        answer.on("end", () => {
          if (answer.statusCode === 200) resolve(JSON.parse(text));
          else reject(new Error(`${path}: ${answer.statusCode} ${text}`));
        });
      });
      asked.on("error", reject);
      asked.end();
    });
  }

  async remove(): Promise<void> {
    await this.kill("SIGTERM");
    this.#place.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A host with a daemon, and the native client of `galgo run` in front of it. */
export class FleetHost {
  readonly place: Place = new Place(undefined, GALGO);
  readonly #client = new Place(undefined, [NATIVE_CLIENT, this.#run("launch.sock"), "false"]);
  #daemon: RunningGalgo | undefined;

  #run(file = ""): string {
    return this.place.path(join("run", file));
  }

  get #env(): NodeJS.ProcessEnv {
    return { GALGO_RUN_DIR: this.#run(), GALGO_STATE_DIR: this.place.state };
  }

  get client(): DaemonClient {
    return new DaemonClient(socketsIn(this.#run()).api);
  }

  /** Settles when the daemon is ready. */
  async start(): Promise<void> {
    this.#daemon = this.place.start(["daemon"], this.#env);
    await this.#daemon.says(/ready/);
  }

  /** Settles when the daemon says that. */
  async says(pattern: RegExp): Promise<void> {
    await this.#daemon?.says(pattern);
  }

  kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    return gone(this.#daemon, signal);
  }

  /** Waits until the daemon says that of its fleet. Throws after a minute. */
  async stands(holds: (status: FleetStatus) => boolean): Promise<void> {
    const end = performance.now() + 60_000;
    for (let status = await this.client.fleet(); !holds(status); ) {
      if (performance.now() > end)
        throw new Error(`${String(holds)} never held, now ${JSON.stringify(status)}`);
      await pause(20);
      status = await this.client.fleet();
    }
  }

  /** Waits until that stands in the violations of the last run of a workload. Throws after a minute. */
  async recorded(name: string, text: string): Promise<void> {
    const end = performance.now() + 60_000;
    while (performance.now() < end) {
      if (this.#violationsOf(name).includes(text)) return;
      await pause(1);
    }
    throw new Error(`${text} is not among the violations of ${name}`);
  }

  #violationsOf(name: string): string {
    try {
      return readFileSync(openRun(this.place.state, name).forensics, "utf8");
    } catch {
      return "";
    }
  }

  fleet(...words: readonly string[]): Promise<Outcome> {
    return this.place.start(["fleet", ...words], this.#env).ended;
  }

  /** A model of a shell script that does what is in it when it gets no argument. */
  async learn(script: string): Promise<{ readonly script: string; readonly model: string }> {
    const path = this.place.write("workload.sh", script);
    const model = this.place.path("workload.galgo.json");
    const { status, stderr } = await this.place.galgo("learn", "-o", model, "--", "sh", path);
    if (status !== 0) throw new Error(stderr);
    return { script: path, model };
  }

  /** As `galgo run`, by the daemon. */
  launch(...words: readonly string[]): RunningGalgo {
    return this.#client.start(["run", ...words], this.#env);
  }

  async remove(): Promise<void> {
    await this.kill("SIGTERM");
    this.#client.remove();
    this.place.remove();
  }
}
