// SPDX-License-Identifier: Apache-2.0
// Guests with a name that outlive the process that started them, for work by hand.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { VmError } from "./errors.ts";
import { type BootOptions, GuestLink, guestDir, guestsDir } from "./guest.ts";
import { images } from "./images.ts";
import { startMachine } from "./qemu.ts";

interface Kept {
  readonly name: string;
  readonly kernel: string;
  readonly pid: number;
  readonly port: number;
  readonly token: string;
  readonly dir: string;
}

/** Boots one that stays. The name must be free. */
export async function startKept(name: string, options: BootOptions): Promise<GuestLink> {
  if (!/^[\w.-]+$/.test(name)) throw new VmError("vm-unable", `${name} is no name for a guest`);
  if (keptGuests().some((kept) => kept.name === name)) {
    throw new VmError("vm-unable", `a guest ${name} runs already (stop it, or take another name)`);
  }
  const { kernel, ...machineOptions } = options;
  const found = await images(kernel);
  const dir = guestDir();
  const { port, token, process: child } = await startMachine(found, dir, machineOptions);
  const kept: Kept = { name, kernel: found.kernel.release, pid: child.pid ?? 0, port, token, dir };
  writeFileSync(fileOf(name), JSON.stringify(kept), { mode: 0o600 });
  return new GuestLink(kept);
}

/** Those that run. Forgets those that do not. */
export function keptGuests(): readonly Kept[] {
  const dir = guestsDir();
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .filter((file) => file.endsWith(".json"))
    .map((file) => JSON.parse(readFileSync(join(dir, file), "utf8")) as Kept)
    .filter((kept) => {
      if (isAlive(kept)) return true;
      forget(kept);
      return false;
    });
}

/** Removes the folders of guests that were ended together with the process that started them. */
export function removeLeftFolders(): void {
  const kept = keptGuests().map(({ dir }) => basename(dir));
  for (const name of existsSync(guestsDir()) ? readdirSync(guestsDir()) : []) {
    const [, pid] = /^guest-(\d+)-/.exec(name) ?? [];
    if (pid === undefined || existsSync(`/proc/${pid}`) || kept.includes(name)) continue;
    rmSync(join(guestsDir(), name), { recursive: true, force: true });
  }
}

export function findKept(name: string): GuestLink {
  return new GuestLink(keptOf(name));
}

export function stopKept(name: string): void {
  const kept = keptOf(name);
  // its own process group: QEMU and what limits its time
  process.kill(-kept.pid, "SIGKILL");
  forget(kept);
}

function keptOf(name: string): Kept {
  const kept = keptGuests().find((one) => one.name === name);
  if (kept === undefined) throw new VmError("vm-unable", `no guest ${name} runs`);
  return kept;
}

/** Its process is there and is the one that was started (pids are used again). */
function isAlive({ pid, token }: Kept): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(token);
  } catch {
    return false;
  }
}

function forget(kept: Kept): void {
  rmSync(fileOf(kept.name), { force: true });
  rmSync(kept.dir, { recursive: true, force: true });
}

function fileOf(name: string): string {
  return join(guestsDir(), `${name}.json`);
}
