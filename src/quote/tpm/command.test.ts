// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { TpmFormatError } from "../../attest/tpm/index.ts";
import { bytesToHex, hexToBytes } from "../../base/hex.ts";
import type { Command } from "./command.ts";
import { decodeResponse, EMPTY_PASSWORD, encodeCommand, give } from "./command.ts";
import { TpmError } from "./errors.ts";
import type { Transport } from "./transport-type.ts";

const RANDOM: Command = { name: "GetRandom", parameters: Uint8Array.of(0, 2) };
const EXTEND: Command = {
  name: "PCR_Extend",
  handles: [11],
  authorizations: [EMPTY_PASSWORD],
  parameters: Uint8Array.of(0xaa),
};

/** A TPM that gives these answers, one after the other. */
function answering(...answers: readonly string[]): Transport & { given: number } {
  return {
    address: "test",
    given: 0,
    async transact() {
      return hexToBytes(answers[this.given++] ?? "");
    },
    async close() {},
  };
}

describe("a command", () => {
  it("has its head, handles, authorizations and parameters in this order", () => {
    assert.equal(bytesToHex(encodeCommand(RANDOM)), "80010000000c0000017b0002");
    assert.equal(
      bytesToHex(encodeCommand(EXTEND)),
      "80020000001c00000182" + "0000000b" + "00000009" + "400000090000000000" + "aa",
    );
  });

  it("is given again while the TPM asks for that, and not for ever", async () => {
    const retry = "80010000000a00000922";
    const patient = answering(retry, "80010000000a00000908", "80010000000e0000000000020102");
    const { parameters } = await give(patient, RANDOM);
    assert.deepEqual(parameters.sized("bytes"), Uint8Array.of(1, 2));
    assert.equal(patient.given, 3);
    const stuck: Transport = { ...answering(), transact: async () => hexToBytes(retry) };
    await assert.rejects(give(stuck, RANDOM), { response: "TPM_RC_RETRY" });
    const broken = answering("80010000000a00000101", retry);
    await assert.rejects(give(broken, RANDOM), { response: "TPM_RC_FAILURE" });
    assert.equal(broken.given, 1);
  });
});

describe("a response", () => {
  const wrong: readonly (readonly [string, Command, string, RegExp])[] = [
    ["that is empty", RANDOM, "", /ends within tag/],
    ["shorter than it says", RANDOM, "80010000000c00000000", /says to have 12 bytes and has 10/],
    ["with sessions that were not asked for", RANDOM, "80020000000a00000000", /tag 0x8002/],
    ["without sessions that were asked for", EXTEND, "80010000000a00000000", /tag 0x8001/],
    [
      "with more parameters than bytes",
      EXTEND,
      "80020000000e0000000000000009",
      /ends within parameters/,
    ],
  ];
  for (const [what, command, hex, message] of wrong)
    it(`${what} is refused`, () => {
      assert.throws(() => decodeResponse(command, hexToBytes(hex)), message);
    });

  it("of any bytes is read or refused, never anything else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (bytes, sessions) => {
        try {
          decodeResponse(sessions ? EXTEND : RANDOM, bytes);
        } catch (error) {
          assert.ok(error instanceof TpmError || error instanceof TpmFormatError);
        }
      }),
    );
  });
});
