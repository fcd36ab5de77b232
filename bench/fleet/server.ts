// SPDX-License-Identifier: Apache-2.0
// Servers of a fleet as child processes: started, killed, started again on the same data.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { FleetOptions } from "../../src/fleet/server/options.ts";
import type { FleetAccess } from "./api.ts";

const PROGRAM: string = join(import.meta.dirname, "server-process.ts");

export interface ServerOrder extends Omit<FleetOptions, "version" | "tell"> {
  /** Also what is no warning. */
  readonly talks?: boolean;
}

export interface ServerReady {
  readonly url: string;
  /** 0: it uses a bus that others have started. */
  readonly busPid: number;
}

export class ServerProcess {
  readonly order: ServerOrder;
  readonly #nodeArgs: readonly string[];
  #child: ChildProcess | undefined;
  #ready: ServerReady = { url: "", busPid: 0 };

  /** @param nodeArgs of Node itself: --cpu-prof and the like */
  constructor(order: ServerOrder, nodeArgs: readonly string[] = []) {
    this.order = order;
    this.#nodeArgs = nodeArgs;
    mkdirSync(order.dataRoot, { recursive: true, mode: 0o700 });
    process.once("exit", this.#end);
  }

  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  /** As it was when it began to serve. */
  get busPid(): number {
    return this.#ready.busPid;
  }

  /** As its own administrator. */
  get access(): FleetAccess {
    const read = (path: string): string => readFileSync(join(this.order.dataRoot, path), "utf8");
    const authority = read("keys/ca.pem");
    const ca = authority.slice(0, authority.indexOf("-----BEGIN PRIVATE KEY-----"));
    return { url: this.#ready.url, ca, token: read("admin-token").trim() };
  }

  /** Settles when it serves. @throws Error with its last words */
  async start(): Promise<void> {
    // its input ends when this process does, and then it ends
    const args = ["--import", "tsx", ...this.#nodeArgs, PROGRAM, JSON.stringify(this.order)];
    const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#child = child;
    const line = new Promise<string>((done) => {
      if (child.stdout !== null) createInterface(child.stdout).once("line", done);
    });
    const gone = once(child, "exit").then(() => {
      throw new Error("the server of the fleet ended before it served");
    });
    this.#ready = JSON.parse(await Promise.race([line, gone])) as ServerReady;
    gone.catch(() => undefined);
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

  readonly #end = (): void => {
    this.#child?.kill("SIGKILL");
  };
}
