// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { anEvent } from "../../test/helpers/events.ts";
import { aLine } from "../../test/helpers/tsem-lines.ts";
import type { SecurityEvent } from "./event.ts";
import { HOOK_NAMES, HOOKS } from "./hooks.ts";
import { parseRecord } from "./read-record.ts";
import { writeRecord } from "./record.ts";
import { readTsemRecord } from "./tsem/read.ts";
import { isUntold, mayBeUntold } from "./untold.ts";
import { describeEvent } from "./words.ts";

const MODELLED = [
  "file_open",
  "mmap_file",
  "socket_create",
  "socket_connect",
  "socket_bind",
  "socket_accept",
  "task_kill",
];

function untold(hook: string): SecurityEvent {
  const record = readTsemRecord(aLine(hook, "{}"), { dialect: "quixote" });
  assert.ok("event" in record && record.event !== undefined);
  return record.event;
}

describe("an event whose CELL is not told", () => {
  const hooks = HOOK_NAMES.filter(mayBeUntold);

  it("is of a hook of TSEM that Quixote does not model", () => {
    for (const hook of HOOK_NAMES) {
      const { origin, cell } = HOOKS[hook];
      const needs = cell.some((field) => !field.optional);
      const other = origin === "tsem" && needs && !MODELLED.includes(hook);
      assert.equal(hooks.includes(hook), other, hook);
    }
    assert.equal(isUntold(anEvent("tun_dev_create", {})), false);
    assert.equal(isUntold(anEvent("capable", { cap: 1, opts: 0 })), false);
  });

  it("has words, and is recorded", () => {
    for (const hook of hooks) {
      const event = untold(hook);
      assert.equal(isUntold(event), true, hook);
      assert.match(describeEvent(event), /^[a-z].* \(the record does not say more\)$/);
      assert.deepEqual(parseRecord(writeRecord(event)), event);
    }
  });

  it("is none that a kernel tells", () => {
    for (const hook of hooks) {
      assert.throws(() => readTsemRecord(aLine(hook, "{}")), { code: "BAD_MEMBER" }, hook);
    }
  });
});
