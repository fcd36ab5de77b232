// SPDX-License-Identifier: Apache-2.0
// nats-server processes on loopback that are a cluster with JetStream: to kill one of them, and to start it again on the same folder.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "./ports.ts";

const READY_MS = 30_000;
const POLL_MS = 50;

/** What the rest of a node's configuration may need to know of it. */
export interface NatsNodePlace {
  readonly name: string;
  readonly folder: string;
  readonly port: number;
}

export interface NatsClusterOptions {
  /** Default 3. */
  readonly nodes?: number;
  /** Lines of the configuration besides name, port, cluster, JetStream and monitoring: operator, resolver, TLS. */
  readonly config?: (node: NatsNodePlace) => string;
}

/** Why there is no nats-server here; undefined: there is one. */
export function noNatsServer(): string | undefined {
  const { status } = spawnSync("nats-server", ["--version"], { stdio: "ignore" });
  return status === 0 ? undefined : "nats-server is not installed (apt install nats-server)";
}

export class NatsNode implements NatsNodePlace {
  readonly name: string;
  readonly folder: string;
  readonly port: number;
  readonly #monitor: number;
  #process: ChildProcess | undefined;

  constructor(place: NatsNodePlace, monitor: number, config: string) {
    this.name = place.name;
    this.folder = place.folder;
    this.port = place.port;
    this.#monitor = monitor;
    writeFileSync(this.#path("nats.conf"), config);
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
      const answer = await fetch(`http://127.0.0.1:${this.#monitor}/healthz`).catch(
        () => undefined,
      );
      if (answer?.ok === true) return;
      if (this.#process?.exitCode !== null || performance.now() > end)
        throw new Error(`nats-server ${this.name} does not serve: ${this.log().slice(-2_000)}`);
    }
  }

  /** What it says of itself, as JSON. @param page "varz", "jsz?streams=true" and the like */
  async monitor(page: string): Promise<unknown> {
    return (await fetch(`http://127.0.0.1:${this.#monitor}/${page}`)).json();
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

  static async start(options: NatsClusterOptions = {}): Promise<NatsCluster> {
    const { nodes: count = 3, config = () => "" } = options;
    const folder = mkdtempSync(join(tmpdir(), "galgo-nats-"));
    const ports = await Promise.all(Array.from({ length: count * 3 }, freePort));
    const [clients, routes, monitors] = [0, 1, 2].map((part) =>
      ports.slice(part * count, (part + 1) * count),
    );
    const nodes = Array.from({ length: count }, (_, index) => {
      const place = {
        name: `n${index + 1}`,
        folder: join(folder, `n${index + 1}`),
        port: clients?.[index] ?? 0,
      };
      mkdirSync(place.folder);
      const monitor = monitors?.[index] ?? 0;
      const own = ownLines(place, { monitor, route: routes?.[index] ?? 0, routes: routes ?? [] });
      return new NatsNode(place, monitor, `${own}${config(place)}\n`);
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

  /** Where clients go, without a scheme. */
  get addresses(): readonly string[] {
    return this.nodes.map(({ port }) => `127.0.0.1:${port}`);
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

interface NodePorts {
  readonly monitor: number;
  readonly route: number;
  readonly routes: readonly number[];
}

function ownLines({ name, folder, port }: NatsNodePlace, ports: NodePorts): string {
  const routes = ports.routes.map((route) => `"nats-route://127.0.0.1:${route}"`).join(", ");
  const cluster =
    ports.routes.length > 1
      ? `cluster { name: fleet, listen: "127.0.0.1:${ports.route}", routes: [${routes}] }\n`
      : "";
  return `server_name: ${name}
listen: "127.0.0.1:${port}"
http: "127.0.0.1:${ports.monitor}"
jetstream { store_dir: "${join(folder, "jetstream")}" }
${cluster}`;
}
