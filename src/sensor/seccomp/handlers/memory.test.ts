// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { parseMaps } from "./memory.ts";

const TEXT = `00400000-00401000 r-xp 00000000 08:02 173521                             /usr/bin/a name
00401000-00403000 rw-p 00000000 00:00 0                                  [heap]
7f0000000000-7f0000001000 r--s 00002000 fe:00 99                         /tmp/new\\012line
7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0                          [stack]
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
`;

const namesOf = (from: bigint, end: bigint): string[] =>
  parseMaps(TEXT, from, end).map(({ pathname }) => pathname);

test("mappings that overlap a range", () => {
  assert.deepEqual(namesOf(0x400000n, 0x401000n), ["/usr/bin/a name"]);
  assert.deepEqual(namesOf(0x400fffn, 0x401001n), ["/usr/bin/a name", "[heap]"]);
  assert.deepEqual(namesOf(0x401000n, 0x401000n), []);
  assert.deepEqual(namesOf(0x403000n, 0x404000n), []);
  assert.deepEqual(namesOf(0n, 1n << 64n), [
    "/usr/bin/a name",
    "[heap]",
    "/tmp/new\\012line",
    "[stack]",
    "[vsyscall]",
  ]);
});

test("members of a mapping", () => {
  assert.deepEqual(parseMaps(TEXT, 0x7f0000000000n, 0x7f0000000001n), [
    { range: "7f0000000000-7f0000001000", object: "fe:00 99", pathname: "/tmp/new\\012line" },
  ]);
});

test("all lines of this process are understood", () => {
  const text = readFileSync("/proc/self/maps", "latin1");
  assert.equal(parseMaps(text, 0n, 1n << 64n).length, text.trimEnd().split("\n").length);
});

test("no text makes it fail", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      parseMaps(text, 0n, 1n << 64n);
    }),
  );
});
