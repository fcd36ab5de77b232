// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { hexToBytes } from "../../base/hex.ts";
import { socketTransport } from "./socket-transport.ts";
import { openTransport } from "./transport.ts";

const COMMAND = hexToBytes("80010000000c0000017b0002");
const RESPONSE = hexToBytes("80010000000a00000922");

/** The path of a socket at which `serve` has each connection. */
async function listening(t: TestContext, serve: (socket: Socket) => void): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "galgo-tpm-"));
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    serve(socket);
  });
  const path = join(folder, "tpm.sock");
  server.listen(path);
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(folder, { recursive: true });
  });
  return path;
}

describe("a TPM behind a socket", () => {
  it("may answer in pieces, and is asked one thing at a time", async (t) => {
    let commands = 0;
    const path = await listening(t, (socket) =>
      socket.on("data", (bytes) => {
        commands++;
        assert.equal(bytes.length, COMMAND.length);
        socket.write(RESPONSE.subarray(0, 3), () => socket.write(RESPONSE.subarray(3)));
      }),
    );
    const transport = await openTransport(`unix:${path}`);
    const answers = await Promise.all([1, 2, 3].map(() => transport.transact(COMMAND)));
    assert.deepEqual(answers, [RESPONSE, RESPONSE, RESPONSE]);
    assert.equal(commands, 3);
    await transport.close();
    await assert.rejects(transport.transact(COMMAND), { code: "GONE" });
    await transport.close();
  });

  const bad: readonly (readonly [string, string, (socket: Socket) => void])[] = [
    ["that closes the connection is gone", "GONE", (socket) => socket.destroy()],
    [
      "that says to send more than a response",
      "BAD_ANSWER",
      (socket) => socket.write(hexToBytes("8001000fffff00000000")),
    ],
    [
      "that says to send less than a head",
      "BAD_ANSWER",
      (socket) => socket.write(hexToBytes("80010000000900000000")),
    ],
    [
      "that sends two responses at once",
      "BAD_ANSWER",
      (socket) => socket.write(new Uint8Array([...RESPONSE, ...RESPONSE])),
    ],
  ];
  for (const [what, code, answer] of bad)
    it(what, async (t) => {
      const path = await listening(t, (socket) => socket.on("data", () => answer(socket)));
      const transport = await openTransport(`unix:${path}`);
      await assert.rejects(transport.transact(COMMAND), { code });
      await assert.rejects(transport.transact(COMMAND), { code });
      await transport.close();
    });

  it("that does not answer is not asked again", async (t) => {
    const path = await listening(t, (socket) => socket.resume());
    const transport = await socketTransport({ path }, "test", 1);
    await assert.rejects(transport.transact(COMMAND), { code: "NO_ANSWER" });
    await assert.rejects(transport.transact(COMMAND), { code: "NO_ANSWER" });
  });
});

describe("a device of a TPM", () => {
  it("is not a file or a disk: nothing is written to what a slip has named", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "galgo-tpm-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "precious");
    writeFileSync(file, "as it was");
    await assert.rejects(openTransport(file), { code: "NO_TPM", message: /no device of a TPM/ });
    assert.equal(readFileSync(file, "utf8"), "as it was");
    await assert.rejects(openTransport(folder), { code: "NO_TPM", message: /no device of a TPM/ });
  });

  it("is not a socket, whose address is written otherwise", async (t) => {
    const path = await listening(t, (socket) => socket.destroy());
    await assert.rejects(openTransport(path), { code: "NO_TPM", message: /unix:\/PATH/ });
  });
});

describe("the address of a TPM", () => {
  for (const address of [
    "",
    "tpm0",
    "unix:tpm.sock",
    "tcp:localhost",
    "tcp:localhost:0",
    "tcp:localhost:70000",
    "tcp:a b:1",
  ])
    it(`is not ${address === "" ? "an empty text" : address}`, async () => {
      await assert.rejects(openTransport(address), { code: "BAD_ADDRESS" });
    });

  for (const address of ["/dev/galgo-no-tpm", "unix:/nowhere/tpm.sock", "tcp:127.0.0.1:1"])
    it(`${address} has no TPM`, async () => {
      await assert.rejects(openTransport(address), { code: "NO_TPM" });
    });
});
