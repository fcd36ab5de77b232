// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { askRun, serveAttest } from "./socket.ts";

const FLOOD_BYTES = 64 * 1024 * 1024;
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
    const served = await serveAttest(folder, async () => ({ form: "jwt", evidence: "a.b.c" }));
    t.after(() => served.close());
    assert.deepEqual(await askRun(folder, ORDER), { form: "jwt", evidence: "a.b.c" });
  });

  it("takes nothing from a process that lives, and no file of another kind", async (t) => {
    const folder = place(t);
    const served = await serveAttest(folder, async () => ({ form: "jwt", evidence: "a.b.first" }));
    const second = serveAttest(folder, async () => ({ form: "jwt", evidence: "a.b.second" }));
    await assert.rejects(second, { code: "NO_SOCKET", message: /EADDRINUSE/ });
    assert.deepEqual(await askRun(folder, ORDER), { form: "jwt", evidence: "a.b.first" });
    served.close();
    writeFileSync(join(folder, "attest.sock"), "kept");
    const third = serveAttest(folder, async () => ({ form: "jwt", evidence: "a.b.third" }));
    await assert.rejects(third, { code: "NO_SOCKET" });
  });

  it("is done with whoever has his answer, also when he stays and goes on talking", async (t) => {
    const folder = place(t);
    const served = await serveAttest(folder, async () => ({ form: "jwt", evidence: "a.b.c" }));
    t.after(() => served.close());
    const socket = connect({ path: served.path, allowHalfOpen: true });
    t.after(() => socket.destroy());
    socket.write(`${JSON.stringify(ORDER)}\nand more`);
    const [answer] = await once(socket, "data");
    assert.match(String(answer), /a\.b\.c/);
    const failed = once(socket, "error");
    // an end alone would be half of a connection, at which he could go on
    await once(socket.resume(), "end");
    socket.write("more");
    assert.match(String((await failed)[0]), /EPIPE|ECONNRESET/);
  });

  it("does not keep what is longer than an order", async (t) => {
    const folder = place(t);
    const served = await serveAttest(folder, async () => ({ form: "jwt", evidence: "a.b.c" }));
    t.after(() => served.close());
    const socket = connect({ path: served.path, allowHalfOpen: true });
    t.after(() => socket.destroy());
    const closed = new Promise<boolean>((resolve) => {
      socket.on("error", () => resolve(true));
      socket.on("close", () => resolve(true));
    });
    const piece = Buffer.alloc(64 * 1024, "x");
    let isClosed = false;
    for (let sent = 0; !isClosed && sent < FLOOD_BYTES; sent += piece.length) {
      const taken = new Promise<boolean>((resolve) => {
        socket.write(piece, (error) => resolve(error instanceof Error));
      });
      isClosed = await Promise.race([taken, closed]);
    }
    assert.ok(isClosed, "all of it was taken");
  });
});
