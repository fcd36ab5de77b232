// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { REFUSED_CALLS, TABLE } from "../../sensor/seccomp/index.ts";
import { BASE_CALLS, DEAD_CALLS, RECENT_CALLS } from "./base-calls.ts";

const LOOKED_AT = new Set<string>([...TABLE.map(({ syscall }) => syscall), ...REFUSED_CALLS]);
const HEADERS = [
  "/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
  "/usr/include/asm-generic/unistd.h",
];
/** Names of the generic header that no 64-bit machine has: 32-bit forms, and marks that are no calls. */
const NOT_HERE =
  /_time64$|^clock_\w+64$|^(?:timer|timerfd)_\w+64$|^(?:syscalls|arch_specific_syscall|sync_file_range2|fstatat)$/;

describe("the system calls that an export allows whatever a model says", () => {
  it("are none that Galgo looks at", () => {
    assert.deepEqual(
      BASE_CALLS.filter((name) => LOOKED_AT.has(name)),
      [],
    );
    assert.equal(new Set(BASE_CALLS).size, BASE_CALLS.length);
  });

  it("are all the others that kernels have, but those that are dead", (t) => {
    const known = new Set([...BASE_CALLS, ...DEAD_CALLS, ...LOOKED_AT]);
    const present = HEADERS.filter((file) => existsSync(file));
    if (present.length === 0) t.skip("no kernel headers here (libc6-dev)");
    for (const file of present) {
      const names = [...readFileSync(file, "utf8").matchAll(/__NR(?:3264)?_(\w+)\s+\d+/g)].map(
        ([, name = ""]) => name,
      );
      assert.ok(names.length > 200);
      assert.deepEqual(
        names.filter((name) => !known.has(name) && !NOT_HERE.test(name)),
        [],
        file,
      );
    }
  });

  it("name the recent ones among them", () => {
    for (const name of RECENT_CALLS)
      assert.ok(BASE_CALLS.includes(name) || LOOKED_AT.has(name), name);
  });
});
