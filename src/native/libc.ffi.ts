// SPDX-License-Identifier: Apache-2.0
// The one place that loads the C library (glibc or musl), and errno as a number and as a name.
import { constants } from "node:os";
import koffi from "koffi";
import type { LibraryHandle } from "koffi";
import { CodedError } from "../base/errors.ts";

/** The C library could not be loaded: nothing that calls it can work on this machine. */
export class LibcError extends CodedError<"NO_LIBC"> {}

const MUSL_ARCH: Readonly<Record<string, string>> = {
  x64: "x86_64",
  arm64: "aarch64",
};

let handle: LibraryHandle | undefined;

/**
 * The C library, loaded at the first call. Functions made from it are for files of this folder only.
 * @throws LibcError NO_LIBC when neither glibc nor musl is found.
 */
export function libc(): LibraryHandle {
  handle ??= load();
  return handle;
}

function load(): LibraryHandle {
  const names = ["libc.so.6", `libc.musl-${MUSL_ARCH[process.arch] ?? process.arch}.so.1`];
  const reasons: string[] = [];
  for (const name of names) {
    try {
      return koffi.load(name);
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new LibcError("NO_LIBC", `can not load the C library (${reasons.join("; ")})`);
}

/** Any function of the C library, called with what its signature says; what it returns is a number. */
export type LibcCall = (
  ...args: readonly (number | bigint | string | Buffer | null | (string | null)[])[]
) => number;

const bound = new Map<string, LibcCall>();

/** A function by its C prototype, bound at its first use. For files of this folder only. @throws LibcError NO_LIBC */
export function c(signature: string): LibcCall {
  let call = bound.get(signature);
  if (call === undefined) {
    call = libc().func(signature) as LibcCall;
    bound.set(signature, call);
  }
  return call;
}

/** errno of the last C call of this thread; read it before anything else is called. */
export function errno(): number {
  return koffi.errno();
}

let names: Map<number, string> | undefined;

/** Name of an errno value, as in errno.h ("EPERM"), or "errno N" when it has none here. */
export function errnoName(value: number): string {
  names ??= nameTable();
  return names.get(value) ?? `errno ${value}`;
}

function nameTable(): Map<number, string> {
  const table = new Map<number, string>();
  for (const [name, value] of Object.entries(constants.errno)) {
    // two names share a number (EAGAIN and EWOULDBLOCK): keep the first, it is the usual one
    if (!table.has(value)) table.set(value, name);
  }
  return table;
}
