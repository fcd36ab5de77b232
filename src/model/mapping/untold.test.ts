// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SHA256 } from "../../../test/helpers/test-hasher.ts";
import { aLine } from "../../../test/helpers/tsem-lines.ts";
import { HOOK_NAMES, isUntold, readTsemRecord, type SecurityEvent } from "../../event/index.ts";
import { createMapper } from "../mapper.ts";

function untold(hook: string): SecurityEvent | undefined {
  try {
    const record = readTsemRecord(aLine(hook, "{}"), { dialect: "quixote" });
    return "event" in record ? record.event : undefined;
  } catch {
    return undefined;
  }
}

describe("an event whose CELL is not told", () => {
  it("is mapped as Quixote does, by the name of its hook, and not as the kernel does", () => {
    const events = HOOK_NAMES.map(untold).filter((e) => e !== undefined && isUntold(e));
    const coefficients = new Set<string>();
    for (const event of events) {
      if (event === undefined) continue;
      coefficients.add(createMapper(SHA256, "quixote-2025").coefficient(event));
      const code = event.hook === "bprm_committed_creds" ? "NOT_A_BEHAVIOUR" : "NOT_MAPPABLE";
      assert.throws(() => createMapper(SHA256).coefficient(event), { code }, event.hook);
    }
    assert.ok(events.length > 60, String(events.length));
    assert.equal(coefficients.size, events.length);
  });
});
