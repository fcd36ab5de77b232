// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { receiveMessage, sendMessage, socketPair, watchReadable } from "./fd-passing.ffi.ts";

/** Two ends; what is open at the end of the test is closed. */
function pair(t: TestContext): { ends: [number, number]; close: (fd: number) => void } {
  const ends = socketPair();
  const open = new Set<number>(ends);
  const close = (fd: number): void => {
    if (open.delete(fd)) closeSync(fd);
  };
  t.after(() => ends.forEach(close));
  return { ends, close };
}

describe("messages between processes", () => {
  it("arrive one by one, as they were sent", (t) => {
    const { ends } = pair(t);
    const [here, there] = ends;
    assert.equal(sendMessage(here, Uint8Array.of(1, 2, 3)), true);
    assert.equal(sendMessage(here, Uint8Array.of(4)), true);
    assert.deepEqual([...(receiveMessage(there, 100, true)?.bytes ?? [])], [1, 2, 3]);
    assert.deepEqual([...(receiveMessage(there, 100, false)?.bytes ?? [])], [4]);
    assert.equal(receiveMessage(there, 100, false), undefined);
  });

  it("carry open descriptors", (t) => {
    const { ends } = pair(t);
    const zero = openSync("/dev/zero", "r");
    const nothing = openSync("/dev/null", "r");
    sendMessage(ends[0], Uint8Array.of(0), [zero, nothing]);
    closeSync(zero);
    closeSync(nothing);
    const fds = receiveMessage(ends[1], 1, true)?.fds ?? [];
    t.after(() => fds.forEach(closeSync));
    assert.equal(fds.length, 2);
    const lengths = fds.map((fd) => readSync(fd, new Uint8Array(8)));
    assert.deepEqual(lengths, [8, 0]);
  });

  it("end when the other end is closed", (t) => {
    const { ends, close } = pair(t);
    close(ends[0]);
    assert.deepEqual(receiveMessage(ends[1], 100, true), { bytes: new Uint8Array(0), fds: [] });
    assert.equal(sendMessage(ends[1], Uint8Array.of(1)), false);
  });

  it("that the other end left arrive also when it has not read everything", (t) => {
    const { ends, close } = pair(t);
    sendMessage(ends[0], Uint8Array.of(1));
    sendMessage(ends[1], Uint8Array.of(2)); // ECONNRESET for this end when the other one closes
    close(ends[0]);
    assert.deepEqual([...(receiveMessage(ends[1], 100, false)?.bytes ?? [])], [1]);
    assert.deepEqual(receiveMessage(ends[1], 100, false)?.bytes, new Uint8Array(0));
  });

  it("that are too long are an error, not cut", (t) => {
    const { ends } = pair(t);
    sendMessage(ends[0], new Uint8Array(11));
    assert.throws(() => receiveMessage(ends[1], 10, true), { code: "TOO_LONG" });
  });

  it("name the call and the errno when they fail", () => {
    assert.throws(() => sendMessage(-1, Uint8Array.of(1)), {
      code: "CALL_FAILED",
      message: "sendmsg failed with EBADF",
      facts: { call: "sendmsg", errno: "EBADF" },
    });
    assert.throws(() => receiveMessage(-1, 1, false), { message: "recvmsg failed with EBADF" });
  });

  it("are told about on the event loop", async (t) => {
    const { ends, close } = pair(t);
    const seen: number[] = [];
    await new Promise<void>((resolve) => {
      const watch = watchReadable(ends[1], () => {
        const { bytes } = receiveMessage(ends[1], 100, false) ?? { bytes: Uint8Array.of(99) };
        seen.push(bytes.length);
        if (bytes.length > 0) return;
        watch.close();
        resolve();
      });
      sendMessage(ends[0], new Uint8Array(5));
      writeSync(ends[0], new Uint8Array(6));
      close(ends[0]);
    });
    assert.deepEqual(seen, [5, 6, 0]);
  });
});
