// SPDX-License-Identifier: Apache-2.0
// Clients of the API that send nonsense, read nothing, or vanish: it costs them their connection, and nobody else anything.
import assert from "node:assert/strict";
import { once } from "node:events";
import { appendFileSync, existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import type { Daemon } from "../../src/daemon/index.ts";
import type { ManagedRun } from "../../src/daemon/registry/managed-run.ts";
import { DaemonPlace } from "../helpers/daemon-place.ts";

const place = new DaemonPlace();
const told: string[] = [];
let daemon: Daemon;
let run: ManagedRun;

before(async () => {
  daemon = await place.start({ tell: (_, text) => told.push(text) });
  run = place.launch(daemon, ["sleep", "1000"], { name: "sleeper" });
  await run.started;
});

after(async () => {
  run.kill("the test is over");
  await daemon.stop("the test is over");
  place.remove();
});

async function client(words: string | Uint8Array): Promise<Socket> {
  const socket = connect(daemon.sockets.api);
  socket.on("error", () => undefined);
  await once(socket, "connect");
  socket.write(words);
  return socket;
}

/** How far the descriptors of this process that have the file open have come. */
function readPositions(path: string): number[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    const link = `/proc/self/fd/${fd}`;
    if (!existsSync(link) || readlinkSync(link) !== path) return [];
    const info = readFileSync(`/proc/self/fdinfo/${fd}`, "utf8");
    // not the one that the records are written with
    if (!/^flags:\s*\d*0$/m.test(info)) return [];
    const position = /^pos:\s*(\d+)/m.exec(info)?.[1];
    return [Number(position)];
  });
}

describe("clients that do not behave", () => {
  it("get an answer to nonsense and lose their connection", async () => {
    const nonsense = ["\0\x01\x02\r\n\r\n", "GET\r\n\r\n", "GET /v1/health HTTP/9.9\r\n\r\n"];
    for (const words of nonsense) {
      const socket = await client(words);
      socket.resume();
      await once(socket, "close");
    }
    assert.equal((await place.client.health()).status, "ready");
  });

  it("may give no body, and a body only with its length", async () => {
    const answer = async (head: string): Promise<string> => {
      const socket = await client(
        `POST /v1/reload HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${head}`,
      );
      return text(socket);
    };
    assert.match(await answer("\r\n"), /^HTTP\/1\.1 200 [\s\S]*"reloaded":true/);
    const chunked = await answer("Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n");
    assert.match(chunked, /^HTTP\/1\.1 400 [\s\S]*how long its body is/);
    assert.match(
      await answer("Content-Length: 65537\r\n\r\n"),
      /^HTTP\/1\.1 400 [\s\S]*at most 65536 bytes/,
    );
  });

  it("may ask with usual methods only, and nothing is opened for others", async () => {
    const path = `/v1/workloads/${run.id}/trajectory?follow=1`;
    for (const method of ["HEAD", "PUT"]) {
      const socket = await client(
        `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      );
      assert.match(await text(socket), /^HTTP\/1\.1 404 /);
    }
    assert.deepEqual(readPositions(run.directory.trajectory), []);
  });

  it("may ask for what is not there, in any spelling", async () => {
    const ids = ["..", "%00", "../../etc/passwd", "a/b", "sleeper/../x", "\u001b[2J", "é"];
    for (const id of ids) {
      await assert.rejects(place.client.workload(id), (error: Error) => {
        // fit for a terminal
        assert.match(error.message, /^[\x20-\x7eé]+$/);
        assert.match(error.message, /no workload|there is no GET/);
        return true;
      });
    }
  });

  it("that vanish or do not read while they follow are let go", async () => {
    const request = `GET /v1/workloads/${run.id}/trajectory?follow=1 HTTP/1.1\r\nHost: x\r\n\r\n`;
    const vanishing = await client(request);
    const idle = await client(request);
    idle.pause();
    assert.equal((await place.client.health()).workloads, 1);
    await once(vanishing, "data");
    vanishing.destroy();
    // more than the kernel's buffers hold: the one that does not read must not make the daemon keep it all
    const line = `${"x".repeat(1_000)}\n`;
    for (let n = 0; n < 40; n += 1) appendFileSync(run.directory.trajectory, line.repeat(250));
    let lines = 0;
    const stopped = new AbortController();
    const all = place.client.lines(run.id, "trajectory", { follow: true, signal: stopped.signal });
    for await (const text of all) {
      if (text.startsWith("xxx")) lines += 1;
      if (lines === 10_000) stopped.abort();
    }
    assert.equal(lines, 10_000);
    assert.ok(Math.min(...readPositions(run.directory.trajectory)) < 5_000_000);
    idle.destroy();
    assert.equal((await place.client.health()).workloads, 1);
    assert.deepEqual(told, []);
  });
});
