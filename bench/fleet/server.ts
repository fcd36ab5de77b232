// SPDX-License-Identifier: Apache-2.0
// Servers of a fleet as their users start them, `galgo fleet serve`: killed, and started again on the same data.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { CLI } from "../lib/galgo.ts";
import type { FleetAccess } from "./api.ts";

export interface ServerOrder {
  readonly data: string;
  /** HTTPS, on loopback. */
  readonly port: number;
  readonly db: string;
  /** Port of the bus that it starts, or URLs of one that runs. */
  readonly bus: number | readonly string[];
}

interface Said {
  readonly level?: string;
  readonly message?: string;
}

export class ServerProcess {
  readonly order: ServerOrder;
  readonly #nodeArgs: readonly string[];
  #child: ChildProcess | undefined;
  /** What it has said, but for information. */
  readonly said: string[] = [];

  /** @param nodeArgs of Node itself: --cpu-prof and the like */
  constructor(order: ServerOrder, nodeArgs: readonly string[] = []) {
    this.order = order;
    this.#nodeArgs = nodeArgs;
    mkdirSync(order.data, { recursive: true, mode: 0o700 });
    process.once("exit", this.#end);
  }

  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  /** Of the bus that it has started; -1: there is none. */
  get busPid(): number {
    const file = join(this.order.data, "nats/nats.pid");
    return existsSync(file) ? Number(readFileSync(file, "utf8")) : -1;
  }

  /** As its own administrator. */
  get access(): FleetAccess {
    const read = (path: string): string => readFileSync(join(this.order.data, path), "utf8");
    const authority = read("keys/ca.pem");
    const ca = authority.slice(0, authority.indexOf("-----BEGIN PRIVATE KEY-----"));
    const url = `https://127.0.0.1:${this.order.port}`;
    return { url, ca, token: read("admin-token").trim() };
  }

  /** Settles when it serves. @throws Error with its last words */
  async start(): Promise<void> {
    const { data, port, db, bus } = this.order;
    const args = ["fleet", "serve", "--json", "--data", data, "--listen", `127.0.0.1:${port}`];
    const more =
      typeof bus === "number" ? ["--nats-listen", `127.0.0.1:${bus}`] : ["--nats", bus.join(",")];
    const child = spawn(process.execPath, [...this.#nodeArgs, CLI, ...args, "--db", db, ...more], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#child = child;
    const ended = once(child, "exit").then(() => {
      throw new Error(`galgo fleet serve has ended: ${this.said.at(-1) ?? "without a word"}`);
    });
    await Promise.race([this.#serves(child), ended]);
    ended.catch(() => undefined);
  }

  /** SIGKILL unless told otherwise; settles when it is gone. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  async stop(): Promise<void> {
    await this.kill("SIGTERM");
    process.off("exit", this.#end);
  }

  #serves(child: ChildProcess): Promise<void> {
    return new Promise((done) => {
      if (child.stderr === null) return;
      createInterface(child.stderr).on("line", (line) => {
        const { level, message } = saidIn(line);
        if (level !== "info") this.said.push(message ?? line);
        else if (message?.includes(" is served at ") === true) done();
      });
    });
  }

  readonly #end = (): void => {
    this.#child?.kill("SIGKILL");
  };
}

/** What is no JSON comes from Node itself. */
function saidIn(line: string): Said {
  try {
    return JSON.parse(line) as Said;
  } catch {
    return { level: "error", message: line };
  }
}
