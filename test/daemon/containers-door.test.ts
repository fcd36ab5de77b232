// SPDX-License-Identifier: Apache-2.0
// What is no container's, at the sockets for containers: each is refused with one line, nobody is killed, nothing stays open.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { MAX_STATE_BYTES } from "../../src/daemon/containers/limits.ts";
import { CONTAINERS } from "../../src/daemon/containers/part.ts";
import type { Daemon } from "../../src/daemon/index.ts";
import { DaemonPlace } from "../helpers/daemon-place.ts";
import { until } from "../helpers/workloads.ts";

const place = new DaemonPlace();
let daemon: Daemon;
let told: string[] = [];

before(async () => {
  const tell = (word: string, line: string): void => void told.push(`${word}: ${line}`);
  daemon = await place.start({ parts: [CONTAINERS], tell });
});

after(async () => {
  await daemon?.stop("the test is over");
  place.remove();
});

/** Sends it, and reads until the daemon has closed the connection. */
async function say(socket: string, words: string): Promise<string> {
  const connection = connect(socket);
  // the daemon need not have read it all
  connection.on("error", () => undefined);
  const answer = text(connection).catch(() => "");
  connection.end(words);
  return answer;
}

/** @returns the one line that the daemon tells */
async function refused(words: string): Promise<string> {
  told = [];
  await say(daemon.sockets.seccomp, words);
  await until("it is told", () => told.length > 0);
  assert.equal(told.length, 1, told.join("\n"));
  assert.match(told[0] ?? "", /^error: a container was refused: [^\n]+$/);
  return told[0] ?? "";
}

const openFiles = (): number => readdirSync("/proc/self/fd").length;

describe("the sockets for containers", () => {
  it("refuse what is not understood, and go on", async () => {
    assert.match(await refused(""), /is no JSON/);
    const open = openFiles();
    assert.match(await refused('{"ociVersion"'), /is no JSON/);
    assert.match(await refused("{}"), /is not understood: fds/);
    assert.match(await refused('"'.padEnd(MAX_STATE_BYTES + 2)), /more than \d+ bytes/);
    await until("all is closed", () => openFiles() <= open);
  });

  it("touch no process for what comes without a listener", async () => {
    const state = { ociVersion: "1.0.2", id: "box", bundle: "/", status: "creating" };
    const { pid } = process;
    const handed = { fds: ["seccompFd"], pid, state: { ...state, pid } };
    assert.match(await refused(JSON.stringify(handed)), /has sent no listener/);
  });

  it("tell the hook why", async () => {
    const state = JSON.stringify({ id: "box", bundle: "/nowhere", pid: 1 });
    const { hook } = daemon.sockets;
    assert.equal(await say(hook, state), "1can not read the bundle's /nowhere/config.json");
    assert.match(await say(hook, "?"), /^1what the runtime says of the container is no JSON$/);
  });
});
