// SPDX-License-Identifier: Apache-2.0
// Reading a file that a user has named, which may be a pipe or a device without an end.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const READ_BYTES = 65_536;

/** All of a file, a pipe or a device; undefined: that is more than `max` bytes. Throws what the system says. */
export function readAtMost(file: string, max: number): Buffer | undefined {
  const descriptor = openSync(file, "r");
  try {
    const told = fstatSync(descriptor).size;
    const parts: Buffer[] = [];
    for (let size = 0; Math.max(size, told) <= max; ) {
      // what a file says of its size is read at once; pipes, devices and files of the kernel say nothing
      const part = Buffer.allocUnsafe(Math.max(READ_BYTES, told + 1 - size));
      const count = readSync(descriptor, part, 0, part.length, null);
      if (count === 0) return Buffer.concat(parts);
      size += count;
      parts.push(part.subarray(0, count));
    }
    return undefined;
  } finally {
    closeSync(descriptor);
  }
}
