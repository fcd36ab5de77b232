// SPDX-License-Identifier: Apache-2.0
// A TPM for a guest: swtpm behind a socket that QEMU connects to. All banks that it knows are active.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { VmError } from "./errors.ts";
import { inPath } from "./images.ts";

const POLL_MS = 20;
const START_TIMEOUT_MS = 10_000;

/** Why guests cannot have a TPM here, for people; undefined when they can. */
export function whyNoTpm(): string | undefined {
  return inPath("swtpm") === undefined ? "there is no program swtpm (package swtpm)" : undefined;
}

/**
 * Starts a new TPM, whose state is below `dir`. It ends when QEMU goes (it serves one connection).
 * @returns what QEMU is told
 */
export async function startTpm(dir: string): Promise<readonly string[]> {
  const why = whyNoTpm();
  if (why !== undefined) throw new VmError("vm-unable", why);
  const folder = join(dir, "tpm");
  const socket = join(folder, "control.sock");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const child = spawn(
    "swtpm",
    [
      ...["socket", "--tpm2", "--terminate"],
      ...["--tpmstate", `dir=${folder}`],
      ...["--ctrl", `type=unixio,path=${socket}`],
      ...["--log", `file=${join(folder, "log")}`],
    ],
    { stdio: "ignore", detached: true },
  );
  child.unref();
  const failed = once(child, "error").then(([error]) => String(error));
  const late = setTimeout(START_TIMEOUT_MS, "it took too long");
  const outcome = await Promise.race([appeared(socket), failed, late]);
  if (outcome !== undefined) throw new VmError("vm-boot", `swtpm did not start: ${outcome}`);
  return [
    ...["-chardev", `socket,id=tpm,path=${socket}`],
    ...["-tpmdev", "emulator,id=tpm0,chardev=tpm"],
    ...["-device", "tpm-tis,tpmdev=tpm0"],
  ];
}

async function appeared(path: string): Promise<undefined> {
  while (!existsSync(path)) await setTimeout(POLL_MS);
  return undefined;
}
