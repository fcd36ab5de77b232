// SPDX-License-Identifier: Apache-2.0
// The daemon's directory: whose it may be, and who can take it.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { closeSocket, listenUnix } from "../../native/unix-socket.ffi.ts";
import { socketsIn } from "../sockets.ts";
import { openDoor } from "./door.ts";
import { holdDirectory } from "./place.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-place-"));
const modeOf = (path: string): number => statSync(path).mode & 0o7777;

describe("the directory of a daemon", () => {
  after(() => rmSync(folder, { recursive: true }));

  it("can be entered by others whatever the umask is, and be locked by nobody else", () => {
    const sockets = socketsIn(join(folder, "made"));
    const before = process.umask(0o077);
    try {
      holdDirectory(sockets).release();
    } finally {
      process.umask(before);
    }
    assert.equal(modeOf(sockets.directory), 0o755);
    // flock(2) needs no right to write
    assert.equal(modeOf(sockets.lock), 0o600);
  });

  it("is none in which others can make files, sticky or not", () => {
    for (const mode of [0o777, 0o1777, 0o775]) {
      const open = join(folder, mode.toString(8));
      mkdirSync(open);
      chmodSync(open, mode);
      assert.throws(() => holdDirectory(socketsIn(open)), { code: "NOT_PRIVATE" });
    }
  });

  it("has doors that leave nothing open when they can not be opened", () => {
    const path = join(folder, "door");
    mkdirSync(path);
    const options = { type: "stream", gid: undefined } as const;
    const nothing = { onConnection: () => undefined, onNotice: () => undefined };
    const opened = (): number => readdirSync("/proc/self/fd").length;
    const before = opened();
    assert.throws(() => openDoor(path, { ...options, ...nothing }), { code: "NO_SOCKET" });
    const long = join(folder, "x".repeat(120));
    assert.throws(
      () => openDoor(long, { ...options, ...nothing }),
      /\(TOO_LONG\); set GALGO_RUN_DIR/,
    );
    assert.equal(opened(), before);
    assert.ok(!readdirSync(folder).includes("door.new"));
  });

  it("has sockets that are their owner's before they have their name", () => {
    const path = join(folder, "socket");
    const before = process.umask(0);
    try {
      closeSocket(listenUnix(path, "stream", 1));
    } finally {
      process.umask(before);
    }
    assert.equal(modeOf(path), 0o600);
  });
});
