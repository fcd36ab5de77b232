// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { ownNumbered } from "./own-number.ts";

test("a process of a container is told under its number here, and nobody else is", () => {
  const numbers = { tgid: 4711, innerPid: 7 };
  assert.equal(ownNumbered(numbers, "/proc/7"), "/proc/4711");
  assert.equal(ownNumbered(numbers, "/proc/7/fd/3\n4"), "/proc/4711/fd/3\n4");
  // another process of the container, whose number inside is the one that this process has here
  assert.equal(ownNumbered(numbers, "/proc/4711/mem"), "/proc/7/mem");
  for (const path of ["/proc/70/mem", "/proc/7x", "/proc", "/proc/self/mem", "/sys/proc/7/mem"])
    assert.equal(ownNumbered(numbers, path), path);
});

test("outside of containers paths stay as they are", () => {
  for (const innerPid of [undefined, 7])
    assert.equal(ownNumbered({ tgid: 7, innerPid }, "/proc/7/mem"), "/proc/7/mem");
});
