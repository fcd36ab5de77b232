// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { askRun, serveAttest } from "./socket.ts";

const ORDER = { nonce: "ab".repeat(8), form: "jwt" } as const;

function place(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "galgo-ask-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe("the socket of a run for evidence", () => {
  it("takes the place of one that was left by a process that was killed", async (t) => {
    const folder = place(t);
    const path = join(folder, "attest.sock");
    const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
    assert.equal(spawnSync(process.execPath, ["-e", script]).signal, "SIGKILL");
    await assert.rejects(askRun(folder, ORDER), { code: "NO_ANSWER" });
    const served = await serveAttest(folder, async () => ({ form: "jwt", evidence: "e" }));
    t.after(() => served.close());
    assert.deepEqual(await askRun(folder, ORDER), { form: "jwt", evidence: "e" });
  });

  it("takes nothing from a process that lives, and no file of another kind", async (t) => {
    const folder = place(t);
    const served = await serveAttest(folder, async () => ({ form: "jwt", evidence: "first" }));
    const second = serveAttest(folder, async () => ({ form: "jwt", evidence: "second" }));
    await assert.rejects(second, { code: "NO_SOCKET", message: /EADDRINUSE/ });
    assert.deepEqual(await askRun(folder, ORDER), { form: "jwt", evidence: "first" });
    served.close();
    writeFileSync(join(folder, "attest.sock"), "kept");
    const third = serveAttest(folder, async () => ({ form: "jwt", evidence: "third" }));
    await assert.rejects(third, { code: "NO_SOCKET" });
  });
});
