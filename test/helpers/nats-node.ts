// SPDX-License-Identifier: Apache-2.0
// A nats-server on a configuration that `galgo fleet nats-config` has written, to be killed and started again.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const READY_MS = 20_000;
const POLL_MS = 25;

export class ConfiguredNats {
  readonly #folder: string;
  readonly #port: number;
  #child: ChildProcess | undefined;
  #log = "";

  /** @param port where it listens for clients */
  constructor(folder: string, port: number) {
    this.#folder = folder;
    this.#port = port;
  }

  get url(): string {
    return `tls://127.0.0.1:${this.#port}`;
  }

  get log(): string {
    return this.#log;
  }

  async start(): Promise<void> {
    const stdio = ["ignore", "ignore", "pipe"] as const;
    const child = spawn("nats-server", ["-c", join(this.#folder, "nats.conf")], {
      stdio: [...stdio],
    });
    this.#child = child;
    child.stderr?.on("data", (text: Buffer) => {
      this.#log += text.toString();
    });
    process.once("exit", this.#end);
    for (
      const end = performance.now() + READY_MS;
      !(await answers(this.#port));
      await delay(POLL_MS)
    )
      if (child.exitCode !== null || performance.now() > end)
        throw new Error(`nats-server does not start: ${this.#log.slice(-2_000)}`);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    process.off("exit", this.#end);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  readonly #end = (): void => void this.#child?.kill("SIGKILL");
}

async function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      done(true);
    });
    socket.on("error", () => done(false));
  });
}
