// SPDX-License-Identifier: Apache-2.0
// Our console against a small orchestrator that is written here from the protocol's description.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { isSocketDirectory, listSockets, openConsole } from "./client.ts";

/** Answers of the orchestrator: frames by command number. */
type Answers = Readonly<Record<number, readonly Uint8Array[]>>;

interface Orchestrator {
  readonly path: string;
  readonly folder: string;
  /** What came in, as hex; settles when the session is over. */
  readonly session: Promise<string>;
}

function frame(payload: Uint8Array): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(payload.length);
  return Buffer.concat([header, payload]);
}

const number = (count: number): Buffer => Buffer.from([count & 255, count >> 8, 0, 0, 0, 0, 0, 0]);
const text = (value: string): Buffer => Buffer.from(`${value}\0`, "latin1");

async function orchestrator(t: TestContext, answers: Answers): Promise<Orchestrator> {
  const folder = mkdtempSync(join(tmpdir(), "galgo-console-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "wl");
  const server = createServer({ allowHalfOpen: true });
  t.after(() => server.close());
  const session = new Promise<string>((resolve) => {
    server.once("connection", (socket) => void follow(socket, answers).then(resolve));
  });
  await new Promise<void>((resolve) => server.listen(path, () => resolve()));
  return { path, folder, session };
}

/** Reads 8 bytes a request, as all requests have them, and 4 at the end. */
async function follow(socket: Socket, answers: Answers): Promise<string> {
  let all = Buffer.alloc(0);
  let seen = 0;
  const isOver = (): boolean => all.length === seen + 4 && all.readUInt32BE(seen) === 0;
  for await (const bytes of socket as AsyncIterable<Buffer>) {
    all = Buffer.concat([all, bytes]);
    for (; seen + 8 <= all.length; seen += 8) {
      const frames = answers[all.readInt32LE(seen + 4)];
      if (frames === undefined) return all.toString("hex");
      for (const payload of frames) socket.write(frame(payload));
    }
    if (isOver()) break;
  }
  return all.toString("hex");
}

const END = "00000000";
const STATE = "0000000407000000";
const COEFFICIENTS = "000000040a000000";

async function collect(texts: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const one of texts) all.push(one);
  return all;
}

describe("the console", () => {
  it("reads values, lists and the map, and ends the session in order", async (t) => {
    const points = ["aa".repeat(32), "bb".repeat(32)];
    const counts = [Buffer.concat([text("12"), Buffer.alloc(18, 0x7f)]), text("7")];
    const { path, session } = await orchestrator(t, {
      6: [Buffer.alloc(32, 1)],
      7: [Buffer.alloc(32, 2)],
      8: [number(1), text('{"a": "\xff"}')],
      9: [number(2), ...counts],
      11: [number(0)],
      15: [Buffer.alloc(32, 3), number(2), ...points.map(text)],
    });
    const asking = await openConsole(path);
    assert.equal(await asking.value("measurement"), "01".repeat(32));
    assert.equal(await asking.value("state"), "02".repeat(32));
    assert.deepEqual(await collect((await asking.list("trajectory")).texts()), ['{"a": "\udcff"}']);
    assert.deepEqual(await collect((await asking.list("counts")).texts()), ["12", "7"]);
    assert.deepEqual(await collect((await asking.list("forensicsCounts")).texts()), []);
    const map = await asking.map();
    assert.equal(map.aggregate, "03".repeat(32));
    assert.deepEqual(await collect(map.coefficients.texts()), points);
    await asking.end();
    const requests = [6, 7, 8, 9, 11, 15].map((one) => `000000040${one.toString(16)}000000`);
    assert.equal(await session, `${requests.join("")}${END}`);
  });

  it("reads an answer to its end although nobody wants it, before it ends the session", async (t) => {
    const many = Array.from({ length: 3_000 }, (_, at) => text(`entry ${at}`));
    const { path, session } = await orchestrator(t, { 10: [number(many.length), ...many] });
    const asking = await openConsole(path);
    const { count, texts } = await asking.list("coefficients");
    assert.equal(count, 3_000);
    for await (const first of texts()) {
      assert.equal(first, "entry 0");
      break;
    }
    await asking.end();
    assert.equal(await session, `${COEFFICIENTS}${END}`);
  });

  it("says so when the session is closed instead of an answer", async (t) => {
    const { path, session } = await orchestrator(t, {});
    const asking = await openConsole(path);
    await assert.rejects(asking.value("state"), /closed the session before it had answered/);
    await asking.end();
    assert.equal(await session, STATE);
  });

  it("believes no answer that can not be one", async (t) => {
    const { path } = await orchestrator(t, { 10: [Buffer.alloc(3)] });
    const asking = await openConsole(path);
    await assert.rejects(asking.list("coefficients"), /3 bytes where a number of entries/);
    await asking.end();
  });

  it("tells what is wrong with a path", async (t) => {
    const { folder, path } = await orchestrator(t, {});
    await assert.rejects(openConsole(join(folder, "nothing")), /no management socket at .*ENOENT/);
    writeFileSync(join(folder, "file"), "");
    await assert.rejects(openConsole(join(folder, "file")), /nobody listens there any more/);
    await assert.rejects(openConsole(join(folder, "x".repeat(108))), /longer than 107 bytes/);
    mkdirSync(join(folder, "folder"));
    assert.deepEqual(listSockets(folder), ["wl"]);
    assert.deepEqual([isSocketDirectory(folder), isSocketDirectory(path)], [true, false]);
    assert.throws(() => isSocketDirectory(join(folder, "nothing")), /ENOENT/);
    assert.throws(() => listSockets(path), /ENOTDIR/);
  });
});
