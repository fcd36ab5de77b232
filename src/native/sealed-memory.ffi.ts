// SPDX-License-Identifier: Apache-2.0
// Memory that another process filled and sealed (memfd_create(2)): a file that nobody can change, cut short or make us wait for.
import { fstatSync, readSync } from "node:fs";
import { c, errno } from "./libc.ffi.ts";
import { NativeError } from "./native-error.ts";

const F_GET_SEALS = 1034;
/** F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE */
const FIXED = 2 | 4 | 8;

/**
 * All of a sealed memory file.
 * @throws NativeError CALL_FAILED when it is none; NOT_SEALED; TOO_LONG
 */
export function readSealed(fd: number, maxBytes: number): Buffer {
  const seals = c("int fcntl(int, int, int)")(fd, F_GET_SEALS, 0);
  if (seals < 0) throw NativeError.ofCall("fcntl(F_GET_SEALS)", errno());
  if ((seals & FIXED) !== FIXED)
    throw new NativeError("NOT_SEALED", "memory that was handed over can still be changed");
  const { size } = fstatSync(fd);
  if (size > maxBytes)
    throw new NativeError(
      "TOO_LONG",
      `${size} bytes were handed over, at most ${maxBytes} are taken`,
    );
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; ) {
    const done = readSync(fd, bytes, at, size - at, at);
    if (done === 0) break;
    at += done;
  }
  return bytes;
}
