// SPDX-License-Identifier: Apache-2.0
// What an open asks for, copied once, and whether the kernel would look at it at all.
import { errno } from "../../../native/libc.ffi.ts";
import { sys } from "../../../native/syscalls.ffi.ts";
import type { Call } from "../call.ts";
import { AT, E, O } from "../../file/open-flags.ts";

const OPENAT2 = 437;
/** struct open_how as far as it is known here, and as far as the kernel takes any. */
const OPEN_HOW_SIZE = 24n;
const MAX_HOW_SIZE = 4096n;
const CREAT_FLAGS = O.CREAT | O.WRONLY | O.TRUNC;
const EMPTY = Buffer.from("\0");
const SLASH = 47;

/** An open, creat, openat or openat2. */
export interface OpenRequest {
  readonly path: Buffer;
  readonly dirfd: number | undefined;
  readonly flags: number;
  readonly mode: number;
  /** RESOLVE_* of openat2. */
  readonly resolveFlags: bigint;
  /** The flags are in memory that others may rewrite, not in a register. */
  readonly inMemory: boolean;
}

/** @returns the request, or the errno that the kernel gives before it looks for any file */
export function readRequest(call: Call): OpenRequest | number {
  const { at, variant } = call.rule;
  const path = call.string(at.path ?? 0);
  if (typeof path === "number") return path;
  if (variant === "how") return readHow(call, path);
  const flags = variant === "creat" ? CREAT_FLAGS : call.u32(at.flags ?? 0);
  const mode = call.u32(at.mode ?? 0) & 0o7777;
  const request = { path, dirfd: at.dirfd, flags, mode, resolveFlags: 0n, inMemory: false };
  return isOdd(flags) && refuses(sys().openat(AT.FDCWD, EMPTY, flags, mode)) ? E.INVAL : request;
}

/** Combinations that some kernels refuse, and not all the same ones. */
function isOdd(flags: number): boolean {
  const both = O.CREAT | O.DIRECTORY;
  return (flags & O.TMPFILE) !== 0 || (flags & both) === both;
}

/** An empty name is looked at after the flags: ENOENT means that they are in order. */
function refuses(status: number): boolean {
  return status < 0 && errno() === E.INVAL;
}

function readHow(call: Call, path: Buffer): OpenRequest | number {
  const { at } = call.rule;
  const size = call.u64(at.size ?? 0);
  if (size < OPEN_HOW_SIZE) return E.INVAL;
  if (size > MAX_HOW_SIZE) return E.TOOBIG;
  const how = call.bytes(at.flags ?? 0, Number(size));
  if (typeof how === "number") return how;
  const status = Number(sys().syscallPath4(OPENAT2, AT.FDCWD, EMPTY, how, how.length));
  const error = status < 0 ? errno() : 0;
  if (error !== E.NOENT) return error;
  return {
    path,
    dirfd: at.dirfd,
    flags: Number(how.readBigUInt64LE(0) & 0xffffffffn),
    mode: Number(how.readBigUInt64LE(8) & 0o7777n),
    resolveFlags: how.readBigUInt64LE(16),
    inMemory: true,
  };
}

/** "name/": with O_CREAT that is always a mistake. */
export function endsWithSlash(path: Buffer): boolean {
  return path[path.length - 2] === SLASH;
}
