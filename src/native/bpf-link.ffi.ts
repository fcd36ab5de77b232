// SPDX-License-Identifier: Apache-2.0
// Links (what keeps a BPF program attached), iterators, and runs of SYSCALL programs.
import koffi from "koffi";
import { bpfCall, BpfError, checked, errnoOf, type Pointer } from "./libbpf.ffi.ts";
import { closeFd, readInto } from "./tsem.ffi.ts";

const TEST_RUN_OPTS_BYTES = 80;
const LINK_CREATE_OPTS_BYTES = 32;
const BPF_TRACE_ITER = 28;
const READ_BYTES = 64 * 1024;
const GET = "int bpf_obj_get(const char *)";
const PIN = "int bpf_obj_pin(int, const char *)";
const LINK_FD = "int bpf_link__fd(void *)";
const DESTROY = "int bpf_link__destroy(void *)";

/** What keeps a program attached: as long as its descriptor is open or it is pinned. */
export class BpfLink {
  readonly fd: number;
  readonly #pointer: Pointer | undefined;
  #closed = false;

  private constructor(fd: number, pointer: Pointer | undefined) {
    this.fd = fd;
    this.#pointer = pointer;
  }

  /** Takes over a link that libbpf made. */
  static taking(pointer: Pointer): BpfLink {
    return new BpfLink(checked("bpf_link__fd", bpfCall(LINK_FD)(pointer)), pointer);
  }

  /** Takes over a descriptor. */
  static ofFd(fd: number): BpfLink {
    return new BpfLink(fd, undefined);
  }

  /** The link that is pinned at `path`. @throws BpfError CALL_FAILED (ENOENT: nothing is pinned there) */
  static open(path: string): BpfLink {
    return BpfLink.ofFd(checked(`bpf_obj_get(${path})`, bpfCall(GET)(path)));
  }

  /** From now on the program stays attached when this process ends. @throws BpfError CALL_FAILED */
  pin(path: string): void {
    checked(`bpf_obj_pin(${path})`, bpfCall(PIN)(this.fd, path));
  }

  /** Detaches the program at once, pinned or not. @throws BpfError CALL_FAILED (EOPNOTSUPP: links of trampolines can only be unpinned and closed) */
  detach(): void {
    checked("bpf_link_detach", bpfCall("int bpf_link_detach(int)")(this.fd));
  }

  /** Runs the iterator of the link once, to its end. @returns what the program wrote */
  iterate(): Buffer {
    const fd = checked("bpf_iter_create", bpfCall("int bpf_iter_create(int)")(this.fd));
    try {
      return readAll(fd);
    } finally {
      closeFd(fd);
    }
  }

  /** Lets go of the descriptor: an unpinned program is detached. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#pointer === undefined) closeFd(this.fd);
    else bpfCall(DESTROY)(this.#pointer);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function readAll(fd: number): Buffer {
  const parts: Buffer[] = [];
  for (;;) {
    const part = Buffer.alloc(READ_BYTES);
    const got = readInto(fd, part, 0);
    if (got === "EINTR" || got === "EAGAIN") continue; // the program asks to be called again
    if (typeof got === "string") {
      throw new BpfError("CALL_FAILED", `reading a BPF iterator failed with ${got}`, {
        facts: { call: "read", errno: got },
      });
    }
    if (got === 0) return Buffer.concat(parts);
    parts.push(part.subarray(0, got));
  }
}

/**
 * Makes an iterator of a loaded program.
 * @param parameters union bpf_iter_link_info: see `taskParameters`, `cgroupParameters`
 * @throws BpfError CALL_FAILED
 */
export function makeIterator(programFd: number, parameters: Buffer): BpfLink {
  const opts = Buffer.alloc(LINK_CREATE_OPTS_BYTES);
  opts.writeBigUInt64LE(BigInt(LINK_CREATE_OPTS_BYTES), 0);
  opts.writeBigUInt64LE(koffi.address(parameters), 16);
  opts.writeUInt32LE(parameters.length, 24);
  const create = bpfCall("int bpf_link_create(int, int, int, void *)");
  return BpfLink.ofFd(checked("bpf_link_create", create(programFd, 0, BPF_TRACE_ITER, opts)));
}

/** Parameters of an iterator over tasks: all tasks, those of a process, or one thread. */
export function taskParameters(
  which: { readonly pid?: number; readonly tid?: number } = {},
): Buffer {
  const parameters = Buffer.alloc(16);
  parameters.writeUInt32LE(which.tid ?? 0, 0);
  parameters.writeUInt32LE(which.pid ?? 0, 4);
  return parameters;
}

/** Orders of an iterator over cgroups (enum bpf_cgroup_iter_order). */
export const CGROUP_ORDER = { SELF: 1, PARENTS_FIRST: 2, CHILDREN_FIRST: 3 } as const;

/** Parameters of an iterator over cgroups: `fd` is the open folder of one. */
export function cgroupParameters(fd: number, order: number): Buffer {
  const parameters = Buffer.alloc(16);
  parameters.writeUInt32LE(order, 0);
  parameters.writeUInt32LE(fd, 4);
  return parameters;
}

/** Descriptor of a pinned program, owned by the caller. @throws BpfError CALL_FAILED */
export function openPinned(path: string): number {
  return checked(`bpf_obj_get(${path})`, bpfCall(GET)(path));
}

/**
 * Runs a SYSCALL program once.
 * @param context read by the program, and written back by it
 * @returns its return value
 * @throws BpfError CALL_FAILED
 */
export function runProgram(fd: number, context: Buffer): number {
  const opts = Buffer.alloc(TEST_RUN_OPTS_BYTES);
  opts.writeBigUInt64LE(BigInt(TEST_RUN_OPTS_BYTES), 0);
  opts.writeBigUInt64LE(koffi.address(context), 32);
  opts.writeUInt32LE(context.length, 48);
  const result = bpfCall("int bpf_prog_test_run_opts(int, void *)")(fd, opts);
  if (result < 0) throw BpfError.ofCall("BPF_PROG_TEST_RUN", errnoOf(result));
  return opts.readInt32LE(56);
}
