// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { askTsm, TSM_NONCE_BYTES, TsmError, type TsmErrorCode, tsmReport } from "./configfs-tsm.ts";

const NONCE = new Uint8Array(TSM_NONCE_BYTES).fill(7);

/** The kernel's side of one request: tells a generation, takes the bytes, tells the next one. */
const KERNEL = (first: number, second: number): string =>
  `echo ${first} > generation; cat inblob > taken; echo ${second} > generation`;

describe("reports of configfs-tsm", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "galgo-tsm-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const refused = (run: Promise<unknown>, code: TsmErrorCode, message: RegExp): Promise<void> =>
    assert.rejects(run, (error) => {
      assert.ok(error instanceof TsmError, String(error));
      assert.equal(error.code, code);
      assert.match(error.message, message);
      return true;
    });
  /** A request's folder with named pipes, and a shell that plays the kernel. */
  const request = (script: string, provider: string): Promise<unknown> => {
    execFileSync("mkfifo", [join(folder, "generation"), join(folder, "inblob")]);
    writeFileSync(join(folder, "provider"), `${provider}\n`);
    writeFileSync(join(folder, "outblob"), "report");
    const shell = spawn("sh", ["-c", script], { cwd: folder, stdio: "ignore" });
    return once(shell, "exit");
  };

  it("are read with their provider and what the host gave along", async () => {
    const ended = request(KERNEL(0, 1), "sev_guest");
    writeFileSync(join(folder, "auxblob"), "certificates");
    const report = await askTsm(folder, NONCE);
    await ended;
    assert.equal(report.kind, "snp");
    assert.equal(report.provider, "sev_guest");
    assert.equal(Buffer.from(report.report).toString(), "report");
    assert.equal(Buffer.from(report.auxiliary ?? []).toString(), "certificates");
    assert.deepEqual(new Uint8Array(readFileSync(join(folder, "taken"))), NONCE);
  });

  it("have nothing along where there is nothing, and no kind of an unknown provider", async () => {
    const ended = request(KERNEL(4, 5), "arm_cca_guest");
    const report = await askTsm(folder, NONCE);
    await ended;
    assert.equal(report.kind, undefined);
    assert.equal("auxiliary" in report, false);
  });

  it("are refused when somebody else wrote between", async () => {
    const ended = request(KERNEL(0, 2), "tdx_guest");
    await refused(askTsm(folder, NONCE), "RACED", /somebody else writes/);
    await ended;
  });

  it("say why there are none, and leave nothing behind", async () => {
    await refused(tsmReport(new Uint8Array(3)), "BAD_NONCE", /over 64 bytes, not 3/);
    await refused(tsmReport(NONCE, join(folder, "none")), "NO_TSM", /no configfs-tsm/);
    // A folder that is no configfs makes requests without files.
    mkdirSync(join(folder, "plain"));
    await refused(tsmReport(NONCE, join(folder, "plain")), "NO_TSM", /no configfs-tsm/);
    assert.deepEqual(readdirSync(join(folder, "plain")), []);
    await refused(tsmReport(NONCE, "/proc/self/status"), "FAILED", /ENOTDIR/);
  });
});
