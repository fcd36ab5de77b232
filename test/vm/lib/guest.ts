// SPDX-License-Identifier: Apache-2.0
// A guest that runs: commands in it, files into it, its end.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { Command, type Ending, type Request } from "./agent.ts";
import { cacheDir } from "./cache.ts";
import { VmError } from "./errors.ts";
import { images, type KernelName } from "./images.ts";
import {
  type Address,
  killMachine,
  type Machine,
  type MachineOptions,
  startMachine,
} from "./qemu.ts";

/** What a command printed, and its end. */
export interface Result extends Ending {
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions extends Omit<Request, "argv"> {
  /** After this the command is killed. Default 2 minutes. */
  readonly timeoutMs?: number;
}

export interface BootOptions extends MachineOptions {
  readonly kernel: KernelName;
}

const RUN_TIMEOUT_MS = 120_000;

/** Commands and files for a guest; knows its address only. */
export class GuestLink {
  readonly address: Address;

  constructor(address: Address) {
    this.address = address;
  }

  /** Starts a command without waiting for it. */
  start(argv: readonly string[], request: Omit<Request, "argv"> = {}): Command {
    return new Command(this.address, { ...request, argv });
  }

  /**
   * Runs a command to its end; whatever its status.
   * @throws VmError vm-timeout, vm-gone
   */
  async run(argv: readonly string[], options: RunOptions = {}): Promise<Result> {
    const { timeoutMs = RUN_TIMEOUT_MS, ...request } = options;
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    const command = this.start(argv, {
      onStdout: (data) => stdout.push(Buffer.from(data)),
      onStderr: (data) => stderr.push(Buffer.from(data)),
      ...request,
    });
    const text = (parts: readonly Buffer[]): string => Buffer.concat(parts).toString("utf8");
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      command.drop();
    }, timeoutMs);
    try {
      const ending = await command.ended;
      return { ...ending, stdout: text(stdout), stderr: text(stderr) };
    } catch (error) {
      if (!late) throw error;
      const said = `${text(stdout)}${text(stderr)}`;
      throw new VmError("vm-timeout", `${argv.join(" ")}: not done after ${timeoutMs} ms\n${said}`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Runs a shell script that has to succeed, and returns what it printed. */
  async sh(script: string, options: RunOptions = {}): Promise<string> {
    const { status, signal, stdout, stderr } = await this.run(["sh", "-c", script], options);
    if (status === 0 && signal === 0) return stdout;
    const end = signal === 0 ? `status ${status}` : `signal ${signal}`;
    throw new VmError("vm-command", `in the guest: ${script}: ${end}\n${stdout}${stderr}`);
  }

  /** Copies a file, or what a folder holds, to the path `to` in the guest. Everything belongs to root there. */
  async push(from: string, to: string): Promise<void> {
    if (statSync(from).isDirectory()) return this.unpack(["-C", from, "."], to);
    const mode = (statSync(from).mode & 0o777).toString(8);
    const script = 'mkdir -p "$(dirname "$0")" && rm -f "$0" && cat >"$0" && chmod "$1" "$0"';
    const result = await this.run(["sh", "-c", script, to, mode], {
      stdin: createReadStream(from),
    });
    if (result.status !== 0) {
      throw new VmError("vm-command", `${from} could not be copied to ${to}: ${result.stderr}`);
    }
  }

  /** Unpacks into the folder `to` what `tar -c` with these arguments packs here. */
  async unpack(args: readonly string[], to: string): Promise<void> {
    const owner = ["--owner=0", "--group=0", "--numeric-owner"];
    const tar = spawn("tar", ["-c", "-f", "-", ...owner, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const packed = once(tar, "exit") as Promise<[number | null]>;
    const script = 'mkdir -p "$0" && tar -x -f - -C "$0"';
    const unpacked = await this.run(["sh", "-c", script, to], { stdin: tar.stdout });
    const [status] = await packed;
    if (status !== 0 || unpacked.status !== 0) {
      throw new VmError("vm-command", `could not unpack into ${to}: ${unpacked.stderr}`);
    }
  }
}

/** A guest of this process; ends with it. */
export class Guest extends GuestLink implements AsyncDisposable {
  readonly release: string;
  readonly #machine: Machine;
  readonly #dir: string;

  private constructor(machine: Machine, dir: string, release: string) {
    super(machine);
    this.#machine = machine;
    this.#dir = dir;
    this.release = release;
  }

  /** @throws VmError vm-image, vm-boot */
  static async boot({ kernel, ...options }: BootOptions): Promise<Guest> {
    const found = await images(kernel);
    const dir = guestDir();
    try {
      return new Guest(await startMachine(found, dir, options), dir, found.kernel.release);
    } catch (error) {
      rmSync(dir, { recursive: true, force: true });
      throw error;
    }
  }

  /** Of the process that emulates it. */
  get pid(): number | undefined {
    return this.#machine.process.pid;
  }

  /** What the kernel and the init wrote to the console. */
  console(): string {
    return readFileSync(this.#machine.console, "utf8");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#machine.process;
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      killMachine(this.#machine);
      await ended;
    }
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** A new folder for one guest. */
export function guestDir(): string {
  mkdirSync(guestsDir(), { recursive: true, mode: 0o700 });
  return mkdtempSync(join(guestsDir(), `guest-${process.pid}-`));
}

/** Where the folders of guests are, and the files that name the kept ones. */
export function guestsDir(): string {
  return join(cacheDir(), "guests");
}
