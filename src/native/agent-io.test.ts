// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { openSerial } from "./agent-io.ffi.ts";
import { closeFd } from "./tsem.ffi.ts";

/** A port that somebody has left with a handshake, two stop bits and a modem; says which of them are on, and off, when its input ends. */
const PORT = `
import os, pty, sys, termios as t
main, port = pty.openpty()
bad, good = t.CRTSCTS | t.CSTOPB, t.CLOCAL
now = t.tcgetattr(port)
now[2] = now[2] & ~good | bad
t.tcsetattr(port, t.TCSANOW, now)
print(os.ttyname(port), t.tcgetattr(port)[2] & (bad | good) == bad, flush=True)
sys.stdin.read()
after = t.tcgetattr(port)
print(after[2] & bad, after[2] & good == good, after[4] == after[5] == t.B115200, flush=True)
`;

describe("a serial port", () => {
  it("is used over three wires, whatever whoever used it before has asked it for", async () => {
    const child = spawn("python3", ["-c", PORT], { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const ended = once(child, "exit");
    const [path = "", asked] = ((await lines.next()).value ?? "").split(" ");
    assert.equal(asked, "True", "the test can see something");
    const fd = openSerial(path);
    child.stdin.end();
    assert.equal((await lines.next()).value, "0 True True");
    closeFd(fd);
    await ended;
  });
});
