// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { idMap } from "./id-map.ts";

const WHOLE = "         0          0 4294967295\n";
const SHIFTED = "         0     100000      65536\n";

test("numbers of a user namespace are told as they are inside", () => {
  const groups = "         0     200000        100\n       100       1000          1\n";
  const ids = idMap(SHIFTED, groups);
  assert.ok(ids);
  assert.equal(ids.uid(100_000), 0);
  assert.equal(ids.uid(101_000), 1_000);
  assert.equal(ids.gid(200_099), 99);
  assert.equal(ids.gid(1_000), 100);
  const same = { uid: 100_000, euid: 100_000, suid: 100_000, fsuid: 100_001 };
  const coe = { ...same, gid: 1_000, egid: 200_000, sgid: 200_000, fsgid: 200_000, capeff: 5n };
  assert.deepEqual(ids.coe(coe), {
    ...{ uid: 0, euid: 0, suid: 0, fsuid: 1 },
    ...{ gid: 100, egid: 0, sgid: 0, fsgid: 0, capeff: 5n },
  });
});

test("what has no number inside is nobody's", () => {
  const ids = idMap(SHIFTED, SHIFTED);
  assert.equal(ids?.uid(0), 65_534);
  assert.equal(ids?.uid(165_536), 65_534);
  assert.equal(ids?.gid(99_999), 65_534);
});

test("a namespace with our numbers, or with none yet, needs no map", () => {
  assert.equal(idMap(WHOLE, WHOLE), undefined);
  assert.equal(idMap("", SHIFTED), undefined);
  assert.notEqual(idMap(WHOLE, SHIFTED), undefined);
});
