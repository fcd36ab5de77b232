// SPDX-License-Identifier: Apache-2.0
// The kernel programs that are built with Galgo, and the hooks for which this kernel takes them.
import type { HookName } from "../../event/event.ts";
import { HOOKS } from "../../event/index.ts";
import { builtFile } from "../../native/built-file.ts";
import { BpfObject } from "../../native/bpf-object.ffi.ts";
import { KernelTypes } from "../../native/kernel-types.ffi.ts";
import { builtPrograms, canAttach } from "./programs.ts";

/** Programs are named after the hook whose events they make: galgo_file_open, galgo_socket_connect__six. */
const NAME = /^galgo_([a-z0-9_]+?)(?:__[a-z0-9_]+)?$/;

/** A hook that a program of ours is attached to. */
export interface ProgramHook {
  readonly hook: HookName;
  /** The program may sleep: an unknown event waits for the decision. */
  readonly waits: boolean;
}

/** The object file. */
export function builtObject(): string {
  return builtFile("bpf", "galgo.bpf.o");
}

/** Which build of the kernel programs this Galgo has; undefined: none. */
export function builtHere(): string | undefined {
  try {
    return builtPrograms(builtObject()).build;
  } catch {
    return undefined;
  }
}

let found: readonly ProgramHook[] | undefined;

/**
 * Hooks that are seen here: those for which there is a program, and a place for it in this kernel.
 * @throws BpfError NO_LIBBPF, CALL_FAILED; BpfSensorError NO_PROGRAMS
 */
export function programHooks(): readonly ProgramHook[] {
  if (found !== undefined) return found;
  const { path } = builtPrograms(builtObject());
  using object = BpfObject.open(path);
  using kernel = new KernelTypes();
  const sections = object.programs
    .filter(({ section }) => canAttach(section, kernel))
    .map(({ name, section }) => ({ name, section }));
  found = hooksOf(sections);
  return found;
}

/** The hooks of a list of programs; one hook may have several, and then waits only if all of them do. */
export function hooksOf(
  programs: ReadonlyArray<{ readonly name: string; readonly section: string }>,
): ProgramHook[] {
  const hooks = new Map<HookName, boolean>();
  for (const { name, section } of programs) {
    const hook = NAME.exec(name)?.[1] ?? "";
    if (!isHook(hook)) continue;
    hooks.set(hook, section.startsWith("lsm.s/") && (hooks.get(hook) ?? true));
  }
  return [...hooks].map(([hook, waits]) => ({ hook, waits }));
}

function isHook(name: string): name is HookName {
  return Object.hasOwn(HOOKS, name);
}
