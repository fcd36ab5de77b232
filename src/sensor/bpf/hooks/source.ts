// SPDX-License-Identifier: Apache-2.0
// How the members of a CELL come out of a record: each from arguments, objects or texts, as it is said above the hook's program
// in bpf/hooks-*.h. Read both ways: a record becomes an event, and an event that has not happened yet becomes a key.
import type { CellByHook, HookName } from "../../../event/event.ts";

/** Hooks that the programs tell: all but system calls that have none. */
export type KernelHook = Exclude<HookName, "syscall">;

/** Part of an argument. */
export interface Bits {
  readonly from: "bits";
  readonly arg: number;
  readonly shift: number;
  readonly width: number;
}

export type Source =
  | Bits
  /** Only there when a bit of an argument says so (enum galgo_present). */
  | { readonly from: "present"; readonly arg: number; readonly bit: number; readonly value: Source }
  /** TASK_ID of the task that an argument tells; whether it is outside the namespace; TASK_ID of who acts. */
  | { readonly from: "task"; readonly arg: number }
  | { readonly from: "outside"; readonly arg: number }
  | { readonly from: "actor" }
  /** Credentials: five arguments; or those of who acts. */
  | { readonly from: "creds"; readonly arg: number; readonly securebits: Bits }
  | { readonly from: "own creds"; readonly securebits: Bits }
  /** Rights of a System V object: the first three arguments. */
  | { readonly from: "perm" }
  /** A socket: two arguments. `untold`: the kernel does not say which. */
  | { readonly from: "sock"; readonly arg: number }
  | { readonly from: "untold sock" }
  /** An open file, with its flags in the first argument; absent where the object is. */
  | { readonly from: "file"; readonly object: 0 | 1 }
  | { readonly from: "dentry"; readonly object: 0 | 1 }
  /** A name that is being made: `counted` with creator and number. */
  | { readonly from: "new name"; readonly counted: boolean }
  | { readonly from: "directory"; readonly object: 0 | 1 }
  | { readonly from: "path"; readonly object: 0 | 1 }
  | { readonly from: "text" }
  | { readonly from: "more" }
  | { readonly from: "base64" }
  | { readonly from: "address" }
  | { readonly from: "device"; readonly arg: number }
  | { readonly from: "attributes" }
  /** Ids after a change: of the arguments, or four bytes each in the text. */
  | { readonly from: "changed ids" }
  | { readonly from: "listed ids" }
  /** Always the same: no coefficient depends on it. */
  | { readonly from: "constant"; readonly value: number | bigint }
  /** Never there, although the programs tell something. */
  | { readonly from: "untold" };

/** Where each member of a CELL comes from. */
export type Sources<C> = { readonly [M in keyof C]-?: Source };
export type HookSources<Hooks extends KernelHook> = {
  readonly [H in Hooks]: Sources<CellByHook[H]>;
};

export const low = (arg: number): Bits => ({ from: "bits", arg, shift: 0, width: 32 });
export const high = (arg: number): Bits => ({ from: "bits", arg, shift: 32, width: 32 });
export const word = (arg: number): Bits => ({ from: "bits", arg, shift: 0, width: 64 });
export const bits = (arg: number, shift: number, width: number): Bits => ({
  from: "bits",
  arg,
  shift,
  width,
});
export const present = (arg: number, bit: number, value: Source): Source => ({
  from: "present",
  arg,
  bit,
  value,
});
export const task = (arg: number): Source => ({ from: "task", arg });
export const sock = (arg: number): Source => ({ from: "sock", arg });
export const constant = (value: number | bigint): Source => ({ from: "constant", value });
export const file: Source = { from: "file", object: 0 };
export const dentry = (object: 0 | 1): Source => ({ from: "dentry", object });
export const directory = (object: 0 | 1): Source => ({ from: "directory", object });
export const path = (object: 0 | 1): Source => ({ from: "path", object });
export const text: Source = { from: "text" };
