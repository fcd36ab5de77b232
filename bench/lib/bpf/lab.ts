// SPDX-License-Identifier: Apache-2.0
// A guest with Galgo and the programs of a bench in it, and what its kernel says of the namespaces of the sensor `bpf`.
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { PassThrough } from "node:stream";
import type { Command } from "../../../test/vm/lib/agent.ts";
import { Guest } from "../../../test/vm/lib/guest.ts";
import type { KernelName } from "../../../test/vm/lib/images.ts";
import { GALGO_IN_GUEST, pushGalgo } from "../../../test/vm/lib/payload.ts";
import { Lab } from "../lab.ts";

const PROGRAMS = resolve(import.meta.dirname, "../../programs");
const IN_GUEST = "/opt/bench";
/** A tmpfs: what Galgo writes there costs no disk. */
const STATE = "/tmp/galgo-state";
const MAPS = "/sys/fs/bpf/galgo/*/maps";
/** Loading all programs takes most of it, the first time. */
const START_TIMEOUT_MS = 300_000;
const COMMAND_TIMEOUT_MS = 600_000;

/** Counters of a namespace, as bpf/wire.h names them. */
export type Counters = Readonly<Record<string, number>>;

/** A map as `bpftool map show` tells of it. */
export interface MapFacts {
  readonly id: number;
  readonly type: string;
  readonly name: string;
  readonly bytes_value: number;
  readonly max_entries: number;
  readonly bytes_memlock: number;
}

interface Dumped {
  readonly value: readonly string[];
  readonly formatted?: { readonly key: number; readonly value: Counters };
}

/** One guest of the bench; ends with it. */
export class BpfLab implements AsyncDisposable {
  readonly guest: Guest;
  readonly #lab: Lab;

  private constructor(guest: Guest, lab: Lab) {
    this.guest = guest;
    this.#lab = lab;
  }

  /** @param icount time goes by instructions: see test/vm/lib/icount.ts */
  static async boot(kernel: KernelName, icount: boolean): Promise<BpfLab> {
    const guest = await Guest.boot({ kernel, ...(icount ? { icount: 0 } : {}) });
    await pushGalgo(guest);
    return new BpfLab(guest, new Lab("bpf"));
  }

  /** Puts a program of bench/programs into the guest, compiled statically. @returns its path there */
  async program(name: string): Promise<string> {
    const binary = join(this.#lab.sub("bin"), name);
    const args = ["-static", "-O2", "-o", binary, join(PROGRAMS, `${name}.c`), "-lpthread"];
    const { status, stderr } = spawnSync("cc", args, { encoding: "utf8" });
    if (status !== 0) throw new Error(`cc ${name}.c failed: ${stderr}`);
    return this.push(binary, name);
  }

  /** Puts a script of bench/programs into the guest. @returns its path there */
  script(name: string): Promise<string> {
    return this.push(join(PROGRAMS, name), name);
  }

  private async push(from: string, name: string): Promise<string> {
    const to = `${IN_GUEST}/${name}`;
    await this.guest.push(from, to);
    return to;
  }

  /** Runs a command that has to succeed. @returns what it printed */
  async succeed(argv: readonly string[]): Promise<string> {
    const ran = await this.guest.run(argv, { timeoutMs: COMMAND_TIMEOUT_MS, env: ENV });
    if (ran.status === 0 && ran.signal === 0) return ran.stdout;
    throw new Error(
      `${argv.join(" ")}: status ${ran.status}, signal ${ran.signal}\n${ran.stderr.slice(-2_000)}`,
    );
  }

  sh(script: string): Promise<string> {
    return this.succeed(["sh", "-c", script]);
  }

  /** Waits in the guest's time. */
  async sleep(seconds: number): Promise<void> {
    await this.succeed(["sleep", String(seconds)]);
  }

  /** Starts a command whose output is awaited line by line. */
  start(argv: readonly string[]): Running {
    return new Running(this.guest, argv);
  }

  /** Starts a modeled command that does nothing: programs are attached, and stay so. */
  async attachPrograms(): Promise<Running> {
    const script = "echo attached; read line";
    const running = this.start(galgoCommand("attached", ["sh", "-c", script]));
    await running.line(/^attached$/);
    return running;
  }

  /** Galgo's processes, by the slots of their namespaces. */
  async owners(): Promise<ReadonlyMap<number, number>> {
    const names = await this.sh("ls /sys/fs/bpf/galgo/*/slots");
    return new Map(
      [...names.matchAll(/^(\d+)_(\d+)_/gm)].map(([, slot, pid]) => [Number(slot), Number(pid)]),
    );
  }

  async counters(slot: number): Promise<Counters> {
    const dump = await this.#dump(`pinned ${MAPS}/galgo_namespaces`);
    const found = dump.find(({ formatted }) => formatted?.key === slot)?.formatted?.value;
    if (found === undefined) throw new Error(`no namespace has the slot ${slot}`);
    return found;
  }

  async maps(): Promise<readonly MapFacts[]> {
    return JSON.parse(await this.sh("bpftool -j map show")) as MapFacts[];
  }

  /** Values of all elements of a map. */
  async elements(id: number): Promise<readonly Buffer[]> {
    const dump = await this.#dump(`id ${id}`);
    return dump.map(({ value }) => Buffer.from(value.map(Number)));
  }

  async #dump(which: string): Promise<readonly Dumped[]> {
    return JSON.parse(await this.sh(`bpftool -j map dump ${which}`)) as Dumped[];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lab.close();
    await this.guest[Symbol.asyncDispose]();
  }
}

const ENV = { GALGO_STATE_DIR: STATE, NO_COLOR: "1" } as const;

/** `galgo run`, free unless options say more. */
export function galgoCommand(
  name: string,
  command: readonly string[],
  options: readonly string[] = [],
  sensor = "bpf",
): string[] {
  const run = [`${GALGO_IN_GUEST}/galgo`, "run", "--sensor", sensor, "--name", name];
  return [...run, ...options, "--", ...command];
}

/** `galgo learn` of a command into a model file. */
export function learnCommand(
  name: string,
  model: string,
  command: readonly string[],
  sensor: string,
): string[] {
  const learn = [`${GALGO_IN_GUEST}/galgo`, "learn", "--sensor", sensor, "--name", name];
  return [...learn, "-o", model, "--", ...command];
}

/** A command in the guest that says lines and waits for some. */
export class Running {
  readonly #command: Command;
  readonly #stdin = new PassThrough();
  readonly #argv: readonly string[];
  #said = "";
  #complaints = "";
  #wake: () => void = () => {};

  constructor(guest: Guest, argv: readonly string[]) {
    this.#argv = argv;
    this.#command = guest.start(argv, {
      env: ENV,
      stdin: this.#stdin,
      onStdout: (data) => {
        this.#said += data.toString("utf8");
        this.#wake();
      },
      onStderr: (data) => {
        this.#complaints += data.toString("utf8");
      },
    });
  }

  /** Waits for a line that it says. @throws Error when it ends before, or says nothing of the kind for long */
  async line(pattern: RegExp): Promise<string> {
    const search = new RegExp(pattern.source, "m");
    const deadline = AbortSignal.timeout(START_TIMEOUT_MS);
    const stop = new Promise<"late">((late) => {
      deadline.addEventListener("abort", () => late("late"));
    });
    for (;;) {
      const complete = this.#said.slice(0, this.#said.lastIndexOf("\n") + 1);
      const [found] = search.exec(complete) ?? [];
      if (found !== undefined) return found;
      const more = new Promise<"more">((wake) => {
        this.#wake = () => wake("more");
      });
      const ended = this.#command.ended.then(() => "ended" as const);
      const next = await Promise.race([more, ended, stop]);
      if (next !== "more") throw this.#failure(`${next} before it said ${pattern.source}`);
    }
  }

  say(line: string): void {
    this.#stdin.write(`${line}\n`);
  }

  /** Gives it a last line, and waits for its end. */
  async finish(): Promise<void> {
    this.#stdin.end("\n");
    const { status, signal } = await this.#command.ended;
    if (status !== 0 || signal !== 0) throw this.#failure(`status ${status}, signal ${signal}`);
  }

  #failure(why: string): Error {
    return new Error(`${this.#argv.join(" ")}: ${why}\n${this.#said}${this.#complaints}`);
  }
}
