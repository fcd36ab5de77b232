// SPDX-License-Identifier: Apache-2.0
// The disk of a simulated host's spool: in memory, so that 6,000 of them measure the fleet and not this machine's disk.
import type { SpoolDisk } from "../../src/daemon/fleet/spool/disk.ts";

export function memoryDisk(): SpoolDisk {
  const files = new Map<string, Uint8Array>();
  return {
    list: () => [...files].map(([name, content]) => ({ name, bytes: content.length })),
    read: (name) => files.get(name),
    write: (name, content) => {
      files.set(name, content);
      return Promise.resolve();
    },
    cut: (name, bytes, newName) => {
      const content = files.get(name);
      if (content !== undefined) files.set(newName, content.subarray(0, bytes));
      files.delete(name);
    },
    remove: (name) => {
      files.delete(name);
    },
  };
}
