// SPDX-License-Identifier: Apache-2.0
// The CELL of every hook, from a record as its program writes it (bpf/hooks-*.h).
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CASES, SHELL_NUMBER, startShell } from "../../../test/helpers/bpf-cases.ts";
import { testDecoder } from "../../../test/helpers/bpf-decoder.ts";
import type { WrittenRecord } from "../../../test/helpers/bpf-record.ts";
import { HOOKS, type HookName, parseRecord, writeRecord } from "../../event/index.ts";
import { SOURCES } from "./hooks/index.ts";
import { KERNEL_HOOKS } from "./layout.gen.ts";

function cellOf(record: WrittenRecord): object {
  const bench = testDecoder();
  assert.equal(startShell(bench), SHELL_NUMBER);
  const { event } = bench.tell(record);
  assert.equal(event.hook, record.hook);
  // what is told can be written down, and read again as the same
  assert.deepEqual(parseRecord(writeRecord(event)), event);
  return event.cell;
}

describe("the CELL of a record", () => {
  for (const [record, cell] of CASES) {
    it(record.hook, () => {
      assert.deepEqual(cellOf(record), cell);
    });
  }

  it("is tried for every hook", () => {
    const tried = new Set(CASES.map(([{ hook }]) => hook));
    assert.deepEqual(
      KERNEL_HOOKS.filter((hook) => !tried.has(hook)),
      [],
    );
  });

  it("has a source for every member and no others", () => {
    for (const [hook, sources] of Object.entries(SOURCES)) {
      const members = HOOKS[hook as HookName].cell.map(({ member }) => member);
      assert.deepEqual(Object.keys(sources).sort(), members.sort(), hook);
    }
  });
});
