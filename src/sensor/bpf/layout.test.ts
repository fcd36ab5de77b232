// SPDX-License-Identifier: Apache-2.0
// The hooks of the kernel side are those of the vocabulary. That offsets are right is checked where they are made (npm run check).
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HOOK_NAMES } from "../../event/index.ts";
import {
  ATOMIC_HOOKS,
  EXTRA,
  KERNEL_HOOKS,
  Limit,
  OBJECT,
  PATH,
  RECORD,
  WHO,
} from "./layout.gen.ts";

/** Of the vocabulary, what no LSM hook tells: system calls that have none. */
const WITHOUT_A_HOOK: readonly string[] = ["syscall"];

describe("the layout of the kernel side", () => {
  it("has a number for every hook of the vocabulary", () => {
    const expected = HOOK_NAMES.filter((name) => !WITHOUT_A_HOOK.includes(name));
    assert.deepEqual([...KERNEL_HOOKS].sort(), [...expected].sort());
    assert.equal(new Set(KERNEL_HOOKS).size, KERNEL_HOOKS.length);
  });

  it("knows atomic hooks by their number", () => {
    for (const name of ATOMIC_HOOKS) assert.ok(KERNEL_HOOKS.includes(name), name);
    assert.ok(ATOMIC_HOOKS.includes("file_fcntl"));
    assert.ok(!ATOMIC_HOOKS.includes("file_open"));
  });

  it("is made of whole words where descriptions are", () => {
    for (const { bytes } of [WHO, OBJECT, EXTRA, RECORD, PATH]) assert.equal(bytes % 8, 0);
    assert.equal(RECORD.size.description, Limit.words * 8);
    assert.equal(RECORD.size.extra, 2 * EXTRA.bytes);
  });
});
