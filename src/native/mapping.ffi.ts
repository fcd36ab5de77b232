// SPDX-License-Identifier: Apache-2.0
// Memory shared with the kernel or with other processes (mmap), as typed arrays.
import koffi from "koffi";
import { errno, libc } from "./libc.ffi.ts";
import { NativeError } from "./native-error.ts";

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;
const SC_PAGESIZE = 30;

interface Calls {
  readonly mmap: (
    at: null,
    size: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ) => bigint;
  readonly munmap: (at: bigint, size: number) => number;
}

let bound: Calls | undefined;

function calls(): Calls {
  bound ??= {
    mmap: libc().func("uintptr_t mmap(void *, size_t, int, int, int, int64)") as Calls["mmap"],
    munmap: libc().func("int munmap(uintptr_t, size_t)") as Calls["munmap"],
  };
  return bound;
}

let page: number | undefined;

/** Bytes of a memory page (4096 on x86-64; 4096, 16384 or 65536 on aarch64). */
export function pageBytes(): number {
  page ??= Number((libc().func("long sysconf(int)") as (name: number) => number)(SC_PAGESIZE));
  return page;
}

/** A mapping. Its memory is gone after `close`: nobody may touch a view of it from then on. */
export class Mapping {
  readonly memory: ArrayBuffer;
  #address: bigint;

  private constructor(address: bigint, size: number) {
    this.#address = address;
    this.memory = koffi.view(address, size);
  }

  /**
   * Maps `size` bytes of `fd` from `offset` (whole pages) on, shared.
   * @throws NativeError CALL_FAILED
   */
  static of(fd: number, size: number, access: "read" | "write", offset = 0): Mapping {
    const protection = access === "write" ? PROT_READ | PROT_WRITE : PROT_READ;
    const address = BigInt(calls().mmap(null, size, protection, MAP_SHARED, fd, offset));
    if (address === MAP_FAILED) throw NativeError.ofCall("mmap", errno());
    return new Mapping(address, size);
  }

  close(): void {
    if (this.#address === 0n) return;
    calls().munmap(this.#address, this.memory.byteLength);
    this.#address = 0n;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
