// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TpmRefusal } from "./errors.ts";
import { describeResponse } from "./response-codes.ts";

describe("a response code", () => {
  const cases: readonly (readonly [number, string, string | undefined])[] = [
    [0x100, "TPM_RC_INITIALIZE", undefined],
    [0x101, "TPM_RC_FAILURE", undefined],
    [0x143, "TPM_RC_COMMAND_CODE", undefined],
    [0x922, "TPM_RC_RETRY", undefined],
    [0x902, "TPM_RC_OBJECT_MEMORY", undefined],
    [0x2c4, "TPM_RC_VALUE", "parameter 2"],
    [0x1df, "TPM_RC_INTEGRITY", "parameter 1"],
    [0x18b, "TPM_RC_HANDLE", "handle 1"],
    [0x98e, "TPM_RC_AUTH_FAIL", "session 1"],
    [0x084, "TPM_RC_VALUE", undefined],
    [0x1ff, "error 0x3f", "parameter 1"],
    [0x17f, "error 0x7f", undefined],
    [0x97f, "warning 0x7f", undefined],
    [0x501, "vendor code 0x501", undefined],
    [0x026, "TPM 1.2 code 0x26", undefined],
    [0x000b_0143, "TPM_RC_COMMAND_CODE of layer 11", undefined],
  ];
  for (const [code, name, where] of cases)
    it(`0x${code.toString(16)} is ${name}`, () => {
      const words = describeResponse(code);
      assert.deepEqual([words.name, words.where], [name, where]);
    });

  it("is told with its command, and with what to do", () => {
    assert.equal(
      new TpmRefusal("TPM2_Quote", 0x9a2).message,
      "the TPM refused TPM2_Quote with TPM_RC_BAD_AUTH for session 1 (0x9a2): the hierarchy or the key has a password; Galgo has none to give",
    );
    assert.equal(
      new TpmRefusal("TPM2_ReadPublic", 0x184).message,
      "the TPM refused TPM2_ReadPublic with TPM_RC_VALUE for handle 1 (0x184)",
    );
  });
});
