// SPDX-License-Identifier: Apache-2.0
// Copies out of a held task's memory. Every value is copied once, and the copy is what is decided and used:
// another thread of the task may rewrite the original at any time.
import { errno } from "../../native/libc.ffi.ts";
import { addressOf, sys } from "../../native/syscalls.ffi.ts";

const PAGE = 4096n;
const END_OF_MEMORY = 1n << 64n;
/** PATH_MAX of the kernel: longer names are refused with ENAMETOOLONG. */
export const PATH_MAX = 4096;
const FIRST_READ = 256;
const EFAULT = 14;
const ENAMETOOLONG = 36;

/** Result of a read: the bytes, or the errno of the failure (EFAULT, ENAMETOOLONG, EPERM, ESRCH). */
export type MemoryRead = Buffer | number;

/** Reader with scratch buffers of its own; a result of `string` is valid until the next call with the same slot. */
export class TaskMemory {
  readonly #slots: Buffer[] = [Buffer.alloc(PATH_MAX + 1), Buffer.alloc(PATH_MAX + 1)];
  readonly #iov: Buffer = Buffer.alloc(48);

  /**
   * A NUL-terminated string, its NUL included in the result, so that it can be handed to a system call as it is.
   * @param slot 0 or 1: which scratch buffer holds it.
   */
  string(tid: number, address: bigint, slot = 0): MemoryRead {
    if (address === 0n) return EFAULT;
    const into = this.#slots[slot] ?? Buffer.alloc(PATH_MAX + 1);
    let got = this.#read(tid, address, into, FIRST_READ);
    if (got < 0) return -got;
    let end = into.subarray(0, got).indexOf(0);
    if (end < 0 && got === FIRST_READ) {
      got = this.#read(tid, address, into, PATH_MAX);
      if (got < 0) return -got;
      end = into.subarray(0, got).indexOf(0);
    }
    if (end < 0) return got === PATH_MAX ? ENAMETOOLONG : EFAULT;
    return into.subarray(0, end + 1);
  }

  /** Exactly `size` bytes in a fresh buffer, or an errno. */
  bytes(tid: number, address: bigint, size: number): MemoryRead {
    if (size === 0) return Buffer.alloc(0);
    if (address === 0n) return EFAULT;
    const into = Buffer.alloc(size);
    const got = this.#read(tid, address, into, size);
    if (got < 0) return -got;
    return got === size ? into : EFAULT;
  }

  /** @returns whether it was written */
  writeU32(tid: number, address: bigint, value: number): boolean {
    const from = Buffer.alloc(4);
    from.writeUInt32LE(value >>> 0);
    const iov = this.#iov;
    iov.writeBigUInt64LE(addressOf(from), 0);
    iov.writeBigUInt64LE(4n, 8);
    iov.writeBigUInt64LE(address, 16);
    iov.writeBigUInt64LE(4n, 24);
    return sys().processVmWritev(tid, iov, 1, iov.subarray(16), 1, 0) === 4;
  }

  /** Reads up to `size` bytes; a fault behind the first page only shortens the read. */
  #read(tid: number, address: bigint, into: Buffer, size: number): number {
    if (address + BigInt(size) > END_OF_MEMORY) return -EFAULT;
    const iov = this.#iov;
    const inPage = Number(PAGE - (address & (PAGE - 1n)));
    iov.writeBigUInt64LE(addressOf(into), 0);
    iov.writeBigUInt64LE(BigInt(size), 8);
    iov.writeBigUInt64LE(address, 16);
    let remotes = 1;
    if (inPage < size) {
      // two pieces, because a read stops as a whole at the first piece that can not be read
      iov.writeBigUInt64LE(BigInt(inPage), 24);
      iov.writeBigUInt64LE(address + BigInt(inPage), 32);
      iov.writeBigUInt64LE(BigInt(size - inPage), 40);
      remotes = 2;
    } else {
      iov.writeBigUInt64LE(BigInt(size), 24);
    }
    const got = sys().processVmReadv(tid, iov, 1, iov.subarray(16), remotes, 0);
    if (got > 0) return got;
    return got === 0 ? -EFAULT : -errno();
  }
}
