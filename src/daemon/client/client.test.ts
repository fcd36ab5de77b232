// SPDX-License-Identifier: Apache-2.0
// What a client says when the daemon goes away in the middle of an answer.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { DaemonClient } from "./client.ts";

async function serving(t: TestContext, listener: RequestListener): Promise<DaemonClient> {
  const folder = mkdtempSync(join(tmpdir(), "galgo-client-"));
  const server = createServer(listener).listen(join(folder, "s"));
  t.after(() => {
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true });
  });
  await once(server, "listening");
  return new DaemonClient(join(folder, "s"));
}

describe("a client whose daemon goes away", () => {
  it("says so, in a refusal as in an answer", async (t) => {
    for (const status of [200, 500]) {
      const client = await serving(t, (_, response) => {
        response.writeHead(status, { "content-length": 100 });
        response.write("{", () => response.destroy());
      });
      await assert.rejects(client.health(), { code: "GONE" });
    }
  });

  it("ends its lines without a word when it was told to stop", async (t) => {
    const stopped = new AbortController();
    const client = await serving(t, () => stopped.abort());
    const { signal } = stopped;
    for await (const line of client.lines("x", "trajectory", { follow: true, signal }))
      assert.fail(line);
    for await (const line of client.lines("x", "trajectory", { signal })) assert.fail(line);
  });
});
