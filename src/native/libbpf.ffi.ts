// SPDX-License-Identifier: Apache-2.0
// The one place that loads libbpf, and what it says while it works: its messages go into errors, never to stderr.
import koffi from "koffi";
import type { LibraryHandle } from "koffi";
import { CodedError } from "../base/errors.ts";
import { errno, errnoName, libc } from "./libc.ffi.ts";

/** Name under which the library is installed; its interface is stable since 1.0. */
const LIBRARY = "libbpf.so.1";
/** Longest message of libbpf that is kept (bytes); a verifier's log comes on another way. */
const MAX_MESSAGE_BYTES = 4096;
/** Messages kept of one call: the last ones say what failed. */
const MAX_MESSAGES = 16;

/** A call of bpf(2) or libbpf that failed. `errno` (number) and `facts.errno` (name) say how, `facts.log` what libbpf said. */
export class BpfError extends CodedError<
  /** libbpf is not installed. */
  | "NO_LIBBPF"
  /** The kernel or libbpf refused a call. */
  | "CALL_FAILED"
  /** An object could not be loaded; the message holds the verifier's reason. */
  | "LOAD_REFUSED"
  /** An object has no program or map of that name. */
  | "NOT_THERE"
> {
  readonly errno: number = 0;

  static ofCall(call: string, errno: number, log = ""): BpfError {
    const name = errnoName(errno);
    const error = new BpfError(
      "CALL_FAILED",
      `${call} failed with ${name}${log === "" ? "" : `: ${log}`}`,
      { facts: { call, errno: name, log } },
    );
    return Object.assign(error, { errno });
  }
}

let handle: LibraryHandle | undefined;

/**
 * libbpf, loaded at the first call. Functions made from it are for files of this folder only.
 * @throws BpfError NO_LIBBPF
 */
export function libbpf(): LibraryHandle {
  if (handle !== undefined) return handle;
  const file = process.env["GALGO_LIBBPF"] ?? LIBRARY;
  try {
    handle = koffi.load(file);
  } catch (cause) {
    throw new BpfError(
      "NO_LIBBPF",
      `can not load ${file}: install libbpf (Debian, Ubuntu: apt install libbpf1; Fedora: dnf install libbpf)`,
      { cause },
    );
  }
  setPrint(null); // else it writes to stderr
  return handle;
}

type Argument = number | bigint | boolean | string | Buffer | null;
type Call = (...args: readonly Argument[]) => number;
/** A pointer that libbpf gave; only handed back to it. */
export type Pointer = bigint;
type PointerCall = (...args: readonly Argument[]) => Pointer | null;

const bound = new Map<string, unknown>();

/** A function of libbpf that returns a number, by its C declaration. */
export function bpfCall(declaration: string): Call {
  let call = bound.get(declaration);
  if (call === undefined) {
    call = libbpf().func(declaration);
    bound.set(declaration, call);
  }
  return call as Call;
}

/** A function of libbpf that returns a pointer; null on failure. */
export function bpfPointerCall(declaration: string): PointerCall {
  return bpfCall(declaration) as unknown as PointerCall;
}

/** Number of the errno behind a failed call: libbpf returns it negated, and sets it. */
export function errnoOf(result: number): number {
  return result < 0 ? -result : errno();
}

/** @throws BpfError CALL_FAILED when the result is negative */
export function checked(call: string, result: number): number {
  if (result < 0) throw BpfError.ofCall(call, errnoOf(result));
  return result;
}

// --- messages -------------------------------------------------------------------------------------------------------

/** Said at each EPERM; memory locks have had nothing to do with it since Linux 5.11. */
const MISLEADING = /ulimit -l/;
/** enum libbpf_print_level: what is above is for people who work on libbpf. */
const PRINT_INFO = 1;
let printType: ReturnType<typeof koffi.proto> | undefined;

function setPrint(callback: bigint | null): void {
  bpfPointerCall("void *libbpf_set_print(void *)")(callback);
}

/**
 * Runs `work` and keeps what libbpf says meanwhile in `into`: the reasons that no errno holds (a kernel function that is not
 * there, a structure that does not fit). Only one thread of the process may do that at a time.
 */
export function withMessages<T>(into: string[], work: () => T): T {
  libbpf();
  printType ??= koffi.proto("int GalgoBpfPrint(int, void *, void *)");
  const format = libc().func("int vsnprintf(void *, size_t, void *, void *)") as unknown as (
    into: Buffer,
    size: number,
    format: bigint,
    args: bigint,
  ) => number;
  // a va_list that is passed on is a pointer on x86-64 and on aarch64: vsnprintf takes it as it came
  const print = (level: number, text: bigint, args: bigint): number => {
    if (level > PRINT_INFO) return 0;
    const bytes = Buffer.alloc(MAX_MESSAGE_BYTES);
    const length = Math.min(Math.max(format(bytes, bytes.length, text, args), 0), bytes.length - 1);
    const message = bytes.toString("utf8", 0, length).trim();
    if (!MISLEADING.test(message)) into.push(message);
    if (into.length > MAX_MESSAGES) into.shift();
    return 0;
  };
  const callback = koffi.register(print, koffi.pointer(printType));
  setPrint(callback);
  try {
    return work();
  } finally {
    setPrint(null);
    koffi.unregister(callback);
  }
}
