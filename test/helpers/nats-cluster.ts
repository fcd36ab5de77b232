// SPDX-License-Identifier: Apache-2.0
// nats-server processes on loopback that are the bus of a fleet, a cluster with the files of `galgo fleet nats-config`: to kill one of them, and
// to start it again on the same folder.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { writeNodeFiles } from "../../src/fleet/bus/index.ts";
import { freePort } from "./ports.ts";

const READY_MS = 30_000;
const POLL_MS = 50;
const HOST = "127.0.0.1";

export interface NatsClusterOptions {
  /** Folder of the fleet whose keys the nodes believe; made with new ones where there are none. */
  readonly dataRoot: string;
  /** Default 3. */
  readonly nodes?: number;
}

interface NodePorts {
  readonly client: number;
  readonly route: number;
  readonly monitor: number;
}

/** Why there is no nats-server here; undefined: there is one. */
export function noNatsServer(): string | undefined {
  const { status } = spawnSync("nats-server", ["--version"], { stdio: "ignore" });
  return status === 0 ? undefined : "nats-server is not installed (apt install nats-server)";
}

export class NatsNode {
  readonly name: string;
  readonly folder: string;
  readonly port: number;
  readonly #monitor: number;
  #process: ChildProcess | undefined;

  /** Its files are in the folder. */
  constructor(name: string, folder: string, { client, monitor }: NodePorts) {
    this.name = name;
    this.folder = folder;
    this.port = client;
    this.#monitor = monitor;
  }

  get pid(): number {
    const child = this.#process;
    return child?.exitCode === null && child.signalCode === null ? (child.pid ?? -1) : -1;
  }

  /** On the folder that an earlier process of it left. */
  start(): void {
    const child = spawn("nats-server", ["-c", this.#path("nats.conf")], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    child.stderr?.on("data", (text: Buffer) => appendFileSync(this.#path("log"), text));
    this.#process = child;
  }

  /** Waits until it serves, JetStream included. */
  async ready(): Promise<void> {
    for (const end = performance.now() + READY_MS; ; await delay(POLL_MS)) {
      const answer = await fetch(`http://${HOST}:${this.#monitor}/healthz`).catch(() => undefined);
      if (answer?.ok === true) return;
      if (this.#process?.exitCode !== null || performance.now() > end)
        throw new Error(`nats-server ${this.name} does not serve: ${this.log().slice(-2_000)}`);
    }
  }

  /** What it says of itself, as JSON. @param page "varz", "jsz?streams=true" and the like */
  async monitor(page: string): Promise<unknown> {
    return (await fetch(`http://${HOST}:${this.#monitor}/${page}`)).json();
  }

  /** @param signal "SIGKILL" unless told otherwise */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  log(): string {
    try {
      return readFileSync(this.#path("log"), "utf8");
    } catch {
      return "";
    }
  }

  #path(name: string): string {
    return join(this.folder, name);
  }
}

export class NatsCluster {
  readonly nodes: readonly NatsNode[];
  readonly #folder: string;

  private constructor(folder: string, nodes: readonly NatsNode[]) {
    this.#folder = folder;
    this.nodes = nodes;
    // a process that ends early leaves none behind
    process.once("exit", this.#end);
  }

  static async start({ dataRoot, nodes: count = 3 }: NatsClusterOptions): Promise<NatsCluster> {
    const folder = mkdtempSync(join(tmpdir(), "galgo-nats-"));
    const ports: NodePorts[] = [];
    for (let index = 0; index < count; index++)
      ports.push({
        client: await freePort(),
        route: await freePort(),
        monitor: await freePort(),
      });
    const nodes = ports.map((own, index) => {
      const name = `n${index + 1}`;
      const output = join(folder, name);
      writeNodeFiles({
        dataRoot,
        name,
        output,
        listen: { host: HOST, port: own.client },
        names: [HOST],
        now: Date.now(),
        ...(count > 1 && {
          cluster: { host: HOST, port: own.route },
          routes: ports.map(({ route }) => `${HOST}:${route}`),
        }),
      });
      appendFileSync(join(output, "nats.conf"), `http: "${HOST}:${own.monitor}"\n`);
      return new NatsNode(name, output, own);
    });
    const cluster = new NatsCluster(folder, nodes);
    for (const node of nodes) node.start();
    try {
      await Promise.all(nodes.map((node) => node.ready()));
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** Where servers and hosts go. */
  get urls(): readonly string[] {
    return this.nodes.map(({ port }) => `tls://${HOST}:${port}`);
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    process.off("exit", this.#end);
    this.#end();
  }

  readonly #end = (): void => {
    for (const { pid } of this.nodes) if (pid > 0) process.kill(pid, "SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  };
}
