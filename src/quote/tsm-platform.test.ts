// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { makeAmd, snpReport } from "../../test/helpers/vendor-chains.ts";
import type { PlatformProver } from "../attest/evidence/platform-prover.ts";
import { TsmError, type TsmErrorCode, type TsmReport } from "./configfs-tsm.ts";
import { openTsmPlatform, proverOver, reportData } from "./tsm-platform.ts";

const BINDING = Uint8Array.of(1, 2, 3);
const amd = makeAmd();

/** What firmware of AMD makes over the data. */
function madeFor(data: Uint8Array): TsmReport {
  const report = snpReport(amd, (bytes) => bytes.set(data, 0x50));
  return { provider: "sev_guest", kind: "snp", report };
}
function refused(run: Promise<unknown>, code: TsmErrorCode, message: RegExp): Promise<void> {
  return assert.rejects(run, (error) => {
    assert.ok(error instanceof TsmError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });
}
const over = (make: (data: Uint8Array) => Promise<TsmReport>, timeoutMs = 10_000): PlatformProver =>
  proverOver(make, timeoutMs);

describe("a confidential machine as platform", () => {
  it("has its firmware sign what follows from the binding", async () => {
    const asked: Uint8Array[] = [];
    const prover = over((data) => {
      asked.push(data);
      return Promise.resolve({ ...madeFor(data), auxiliary: Uint8Array.of(9) });
    });
    const evidence = await prover.prove(BINDING);
    assert.equal(evidence.kind, "snp");
    assert.deepEqual(asked, [reportData(BINDING)]);
    assert.equal(asked[0]?.length, 64);
    assert.deepEqual(evidence.auxiliary, Uint8Array.of(9));
    assert.equal("extend" in prover, false);
  });

  it("asks for one report after another, and goes on after one that failed", async () => {
    let running = 0;
    let calls = 0;
    const prover = over(async (data) => {
      running += 1;
      calls += 1;
      assert.equal(running, 1);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      if (calls === 2) throw new TsmError("RACED", "somebody else");
      return madeFor(data);
    });
    const proofs = [1, 2, 3].map((n) => prover.prove(Uint8Array.of(n)));
    const [first, second, third] = await Promise.allSettled(proofs);
    assert.equal(first?.status, "fulfilled");
    assert.equal(second?.status, "rejected");
    assert.equal(third?.status, "fulfilled");
  });

  it("gives up firmware that does not answer, and asks it nothing until it has", async () => {
    let answer: (report: TsmReport) => void = () => {};
    let asked = 0;
    const prover = over((data) => {
      asked += 1;
      if (asked > 1) return Promise.resolve(madeFor(data));
      return new Promise((resolve) => {
        answer = resolve;
      });
    }, 5);
    await refused(prover.prove(BINDING), "TIMEOUT", /within 0.005 s/);
    await refused(prover.prove(BINDING), "BUSY", /not answered an earlier request/);
    assert.equal(asked, 1);
    answer(madeFor(new Uint8Array(64)));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal((await prover.prove(BINDING)).kind, "snp");
  });

  it("refuses a report about other data, and what is no report", async () => {
    const other = over(() => Promise.resolve(madeFor(new Uint8Array(64))));
    await refused(other.prove(BINDING), "WRONG_REPORT", /about other data/);
    const none: TsmReport = { provider: "tdx_guest", kind: "tdx", report: Uint8Array.of(1, 2) };
    await refused(
      over(() => Promise.resolve(none)).prove(BINDING),
      "WRONG_REPORT",
      /something else/,
    );
    const unknown: TsmReport = { provider: "x", report: Uint8Array.of(1) };
    await refused(over(() => Promise.resolve(unknown)).prove(BINDING), "UNKNOWN_PROVIDER", /x/);
  });

  it("says when it is opened that this machine is none", async () => {
    const folder = mkdtempSync(join(tmpdir(), "galgo-tsm-"));
    try {
      await refused(openTsmPlatform(join(folder, "none")), "NO_TSM", /no configfs-tsm/);
      mkdirSync(join(folder, "plain"));
      await refused(openTsmPlatform(join(folder, "plain")), "NO_TSM", /no configfs-tsm/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
