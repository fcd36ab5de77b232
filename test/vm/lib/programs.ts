// SPDX-License-Identifier: Apache-2.0
// Test programs in C for guests: compiled here, statically, so that they run in any guest.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { VmError } from "./errors.ts";
import type { GuestLink } from "./guest.ts";

const PROGRAMS = resolve(import.meta.dirname, "..", "programs");
const IN_GUEST = "/opt/test";

/** What each guest has already, by its path there. */
const pushed = new WeakMap<GuestLink, Map<string, Promise<string>>>();

/** Puts the program test/vm/programs/NAME.c into the guest, once. @returns its path there */
export function pushProgram(guest: GuestLink, name: string): Promise<string> {
  const programs = pushed.get(guest) ?? new Map<string, Promise<string>>();
  pushed.set(guest, programs);
  const known = programs.get(name) ?? compileAndPush(guest, name);
  programs.set(name, known);
  return known;
}

async function compileAndPush(guest: GuestLink, name: string): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), "galgo-vm-program-"));
  try {
    const program = await compileProgram(name, dir);
    await guest.push(program, `${IN_GUEST}/${name}`);
    return `${IN_GUEST}/${name}`;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/**
 * Compiles test/vm/programs/NAME.c into a folder here.
 * @throws VmError vm-image with what the compiler says
 */
export async function compileProgram(name: string, dir: string): Promise<string> {
  const source = join(PROGRAMS, `${name}.c`);
  const program = join(dir, name);
  const flags = ["-static", "-O2", "-Wall", "-Wextra", "-pthread"];
  try {
    await promisify(execFile)("cc", [...flags, "-o", program, source]);
    return program;
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new VmError("vm-image", `${source} does not compile: ${words}`);
  }
}

/** Puts the script test/vm/programs/NAME into the guest. @returns its path there */
export async function pushScript(guest: GuestLink, name: string): Promise<string> {
  await guest.push(join(PROGRAMS, name), `${IN_GUEST}/${name}`);
  return `${IN_GUEST}/${name}`;
}
