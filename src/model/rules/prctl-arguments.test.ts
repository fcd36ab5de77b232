// SPDX-License-Identifier: Apache-2.0
// The rule prctl-arguments: what lies in registers that an option does not ask for is no behaviour; what it asks for is.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { withoutUnusedArguments } from "./prctl-arguments.ts";

const SET_DUMPABLE = 4;
const CAP_AMBIENT = 47;

describe("prctl-arguments", () => {
  it("leaves out what the option does not use", () => {
    const cell = { option: SET_DUMPABLE, arg2: 1n, arg3: 2n, arg4: 3n, arg5: 0x55d0n };
    const expected = { option: SET_DUMPABLE, arg2: 1n, arg3: 0n, arg4: 0n, arg5: 0n };
    assert.deepEqual(withoutUnusedArguments(cell), expected);
  });

  it("keeps what the option uses, and everything of options that it does not know", () => {
    for (const option of [CAP_AMBIENT, 4711]) {
      const cell = { option, arg2: 2n, arg3: 21n, arg4: 1n, arg5: 5n };
      assert.equal(withoutUnusedArguments(cell), cell);
    }
    const [off, on] = [0n, 1n].map((arg2) =>
      withoutUnusedArguments({ option: SET_DUMPABLE, arg2, arg3: 7n, arg4: 0n, arg5: 0n }),
    );
    assert.notDeepEqual(off, on);
  });
});
