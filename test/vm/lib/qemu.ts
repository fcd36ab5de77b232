// SPDX-License-Identifier: Apache-2.0
// One QEMU process: full emulation (TCG), disks that forget, a serial console into a file, one loopback port to the agent.
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, openSync, readFileSync, watch, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { once } from "node:events";
import { VmError } from "./errors.ts";
import type { Images } from "./images.ts";
import { startTpm } from "./tpm.ts";

export interface MachineOptions {
  /** Processors of the guest. Default 2. */
  readonly smp?: number;
  /** MiB. Default 2560. */
  readonly memory?: number;
  /**
   * Deterministic time: the guest's clock advances by 2**icount ns for each instruction, on one processor. So a duration measured
   * in the guest is a count of instructions.
   */
  readonly icount?: number;
  /** Added to the kernel command line. */
  readonly append?: string;
  /** A TPM 2.0 in software (swtpm), new for this guest; it ends with the guest. */
  readonly tpm?: boolean;
  /** The guest lives on without this process, for so many hours at most. */
  readonly keepHours?: number;
}

/** How to reach a guest. */
export interface Address {
  readonly port: number;
  readonly token: string;
}

export interface Machine extends Address {
  readonly process: ChildProcess;
  /** It outlives this process. */
  readonly isKept: boolean;
  /** What the guest wrote to its serial console, so far. */
  readonly console: string;
}

const READY = "galgo-guest: ready";
const BOOT_TIMEOUT_MS = 180_000;
const AGENT_PORT = 2323;
const PORT_TRIES = 3;
const DEFAULT_MEMORY_MIB = 2560;
const CONSOLE_TAIL = 3000;
const COMMAND_LINE =
  "console=ttyS0 quiet loglevel=3 panic=1 nopti mitigations=off lsm=lockdown,capability,landlock,yama,bpf";

/**
 * Boots; resolves when the agent in the guest serves.
 * @param dir an own folder, for the console's log
 * @throws VmError vm-boot with the end of the console
 */
export async function startMachine(
  images: Images,
  dir: string,
  options: MachineOptions = {},
): Promise<Machine> {
  for (let left = PORT_TRIES; ; left -= 1) {
    try {
      return await tryMachine(images, dir, options);
    } catch (error) {
      // somebody took the port between our look and QEMU's
      const taken = error instanceof VmError && error.message.includes("host forwarding rule");
      if (!taken || left <= 1) throw error;
    }
  }
}

async function tryMachine(images: Images, dir: string, options: MachineOptions): Promise<Machine> {
  const address = { port: await freePort(), token: randomBytes(16).toString("hex") };
  const log = join(dir, "console.log");
  const errors = join(dir, "qemu.log");
  writeFileSync(log, "");
  const command = [...keeper(options), "qemu-system-x86_64", ...arguments_(images, options)];
  if (options.tpm === true) command.push(...(await startTpm(dir)));
  command.push("-append", `${COMMAND_LINE} galgo.token=${address.token} ${options.append ?? ""}`);
  command.push("-serial", `file:${log}`, "-netdev");
  command.push(`user,id=n,restrict=on,hostfwd=tcp:127.0.0.1:${address.port}-:${AGENT_PORT}`);
  const [program = "", ...args] = command;
  const stderr = openSync(errors, "w");
  const keeps = options.keepHours !== undefined;
  const child = spawn(program, args, { stdio: ["ignore", stderr, stderr], detached: keeps });
  closeSync(stderr);
  if (keeps) child.unref();
  const machine = { ...address, process: child, console: log, isKept: keeps };
  const kill = (): void => killMachine(machine);
  process.once("exit", kill);
  try {
    await ready(child, log);
  } catch (error) {
    kill();
    const words = `${readFileSync(errors, "utf8")}\n${readFileSync(log, "utf8").slice(-CONSOLE_TAIL)}`;
    const why = error instanceof Error ? error.message : String(error);
    throw new VmError("vm-boot", `the guest did not boot: ${why}\n${words.trim()}`);
  }
  if (keeps) process.off("exit", kill);
  return machine;
}

/** Ends it at once; its disks forget anyway. */
export function killMachine({ process: child, isKept }: Machine): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  // a kept one is a process group: QEMU and what limits its time
  process.kill(isKept ? -child.pid : child.pid, "SIGKILL");
}

/** QEMU dies with the thread that started it, or, kept, when its time is over. */
function keeper({ keepHours }: MachineOptions): readonly string[] {
  if (keepHours === undefined) return ["setpriv", "--pdeathsig", "KILL", "--"];
  return ["timeout", "--foreground", "-s", "KILL", `${keepHours}h`];
}

function arguments_({ root, kernel }: Images, options: MachineOptions): string[] {
  const { icount, smp = 2, memory = DEFAULT_MEMORY_MIB } = options;
  const disk = "if=virtio,format=raw";
  const single = icount !== undefined || needsCx16(kernel);
  return [
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
    ...["-cpu", needsCx16(kernel) ? "max" : "max,-cx16", "-m", String(memory)],
    ...["-accel", `tcg,thread=${single ? "single" : "multi"},tb-size=512`],
    ...(icount === undefined ? ["-smp", String(smp)] : ["-smp", "1"]),
    ...(icount === undefined ? [] : ["-icount", `shift=${icount},sleep=off`]),
    ...["-kernel", kernel.vmlinuz, "-initrd", kernel.initrd],
    ...["-drive", `file=${root},${disk},snapshot=on`],
    ...["-drive", `file=${kernel.modules},${disk},readonly=on`],
    ...["-device", "virtio-net-pci,netdev=n,romfile=", "-device", "virtio-rng-pci"],
  ];
}

/**
 * Kernels from 7.0 on allocate what programs keep for a task only with cmpxchg16b. Older ones do without, and are better off:
 * under emulation with several threads they panic at random when they have it.
 */
function needsCx16({ release }: Images["kernel"]): boolean {
  return Number.parseInt(release, 10) >= 7;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Resolves when the console says so; rejects when QEMU ends or takes too long. */
async function ready(child: ChildProcess, log: string): Promise<void> {
  const { promise, resolve, reject } = withResolvers();
  const look = (): void => {
    if (readFileSync(log, "latin1").includes(READY)) resolve();
  };
  const watcher = watch(log, look);
  const ended = (): void => reject(new Error("QEMU ended"));
  const failed = (error: Error): void => reject(error);
  const timer = setTimeout(() => reject(new Error("it took too long")), BOOT_TIMEOUT_MS);
  child.once("exit", ended).once("error", failed);
  look();
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    watcher.close();
    child.off("exit", ended).off("error", failed);
  }
}

function withResolvers(): {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
} {
  let resolve: () => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
