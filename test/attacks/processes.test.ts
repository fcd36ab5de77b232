// SPDX-License-Identifier: Apache-2.0
// Attacks on other processes of the workload, and on the rule that data is no code.
import { describe, it } from "node:test";
import { Arena, build, cannot } from "./harness.ts";

describe("another process", () => {
  for (const [what, way, hook] of [
    ["is not traced", "trace", "ptrace_access_check"],
    ["has no memory written (process_vm_writev)", "write-memory", "ptrace_access_check"],
    ["has no memory written (/proc/PID/mem)", "write-proc", "file_open"],
    ["has no descriptor stolen (pidfd_getfd)", "steal", "ptrace_access_check"],
  ] as const) {
    it(what, async (t) => {
      if (cannot(t)) return;
      const arena = new Arena(t);
      await arena.attack((mode) => [build("process-ways"), mode, way, arena.secret], [{ hook }]);
    });
  }
});

describe("data", () => {
  for (const [what, way, hook] of [
    ["in memory for both writing and running", "mmap", "mmap_file"],
    ["in memory that is made executable", "mprotect", "file_mprotect"],
    ["in a file that the workload wrote", "file", "mmap_file"],
    ["in System V memory", "shm", "shmget"],
    ["in memory under READ_IMPLIES_EXEC", "personality", "personality"],
    ["in memory under READ_IMPLIES_EXEC with other bits", "personality-bits", "personality"],
  ] as const) {
    it(`does not run ${what}`, async (t) => {
      if (cannot(t)) return;
      const arena = new Arena(t);
      arena.write("written", "");
      await arena.attack((mode) => [build("memory-ways"), mode, way], [{ hook }]);
    });
  }
});
