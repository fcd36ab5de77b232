// SPDX-License-Identifier: Apache-2.0
// Platforms that are not there. That of a TPM: test/system; of configfs-tsm: src/quote and test/vm.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import { TSM_REPORTS } from "../../quote/configfs-tsm.ts";
import { openPlatform } from "./platforms.ts";

const skip = existsSync(TSM_REPORTS) ? "this may be a confidential machine" : false;
const NOWHERE = "unix:/nowhere/tpm.sock";

describe("the platform of a process", { skip }, () => {
  it("is there, when one is named, or nothing is started", async () => {
    await assert.rejects(openPlatform({ platform: "configfs-tsm" }), { code: "NO_TSM" });
    await assert.rejects(openPlatform({ platform: "tpm", tpm: NOWHERE }), /nowhere/);
  });

  it("is not one that cannot vouch for what is asked for", async () => {
    const choice = { platform: "configfs-tsm", ima: true } as const;
    await assert.rejects(openPlatform(choice), { code: "NO_IMA", message: /takes a TPM/ });
  });

  it("is nobody when there is none of all, and the evidence says why", async () => {
    const evidence = async (ima: boolean) => {
      const platform = await openPlatform({ platform: "auto", tpm: NOWHERE, ima });
      const prover = await platform.prover({ root: true });
      const made = await prover.prove(Uint8Array.of(1));
      await platform.close();
      assert.ok(made.kind === "none");
      return made.why;
    };
    assert.match(await evidence(false), /no configfs-tsm.*; .*nowhere/);
    assert.doesNotMatch(await evidence(true), /configfs-tsm/);
  });
});
