// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import fc from "fast-check";
import { ASK, RawConsole, texts } from "../../../test/helpers/raw-console.ts";
import { createTma } from "../../tma/index.ts";
import { BUILTIN_PROFILES } from "../../model/runtime/index.ts";
import { MAX_FRAME_BYTES, MAX_TOLD, MAX_WAITING } from "./limits.ts";
import type { ManagedNamespace, RecordTexts } from "../live/managed-namespace.ts";
import { startManagementServer } from "./server.ts";
import type { ManagementOptions, ManagementServer } from "./server.ts";

const POINTS = ["0a".repeat(32), "0b".repeat(32)];

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "galgo-mgmt-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function records(...lines: readonly string[]): RecordTexts {
  return { count: lines.length, lines: () => lines };
}

/** A namespace in this thread, as an orchestrator without a thread of its own has it. */
function namespaceOf(lines: readonly string[]): ManagedNamespace {
  const agent = createTma({
    mapping: "tsem-v4",
    digest: "sha256",
    profile: BUILTIN_PROFILES.exact,
    points: POINTS,
    pseudonyms: [],
    sealed: false,
  });
  return {
    aggregate: () => "00".repeat(32),
    measurement: () => agent.measurement(),
    state: () => agent.state(),
    points: () => agent.points(),
    trajectory: async () => records(...lines),
    forensics: async () => records(),
    events: () => {
      throw new Error("the records can not be read");
    },
    seal: async () => agent.seal(),
  };
}

interface Served {
  readonly server: ManagementServer;
  readonly told: string[];
  open(): RawConsole;
}

async function serve(
  t: TestContext,
  directory: string,
  lines: readonly string[] = [],
  more: Partial<ManagementOptions> = {},
): Promise<Served> {
  const told: string[] = [];
  const server = await startManagementServer({
    directory,
    name: "wl",
    namespace: namespaceOf(lines),
    onNotice: (text) => told.push(text),
    ...more,
  });
  t.after(() => server.close());
  return {
    server,
    told,
    open: () => {
      const raw = new RawConsole(server.path);
      t.after(() => raw.socket.destroy());
      return raw;
    },
  };
}

describe("the management server", () => {
  it("answers several requests that were sent in one piece, in order", async (t) => {
    const { open } = await serve(t, folderOf(t));
    const raw = open();
    const one = (command: number): number[] => [0, 0, 0, 4, command, 0, 0, 0];
    raw.socket.write(Buffer.from([...one(ASK.coefficients), ...one(ASK.seal), 0, 0, 0, 0]));
    assert.deepEqual(texts(await raw.rest()), POINTS);
    assert.deepEqual(await raw.frame(), Buffer.from("OK\0"));
    assert.equal(await raw.take(1), undefined);
  });

  it("answers a console that has closed its sending side", async (t) => {
    const { open } = await serve(t, folderOf(t));
    const raw = open();
    raw.socket.end(Buffer.from([0, 0, 0, 4, ASK.state, 0, 0, 0]));
    assert.equal((await raw.frame()).length, 32);
    assert.equal(await raw.take(1), undefined);
  });

  it("keeps the number of records when one of them does not fit in a frame", async (t) => {
    const fits = `"${"x".repeat(MAX_FRAME_BYTES - 3)}"`;
    const { open } = await serve(t, folderOf(t), ["{}", `${fits}x`, fits]);
    const raw = open();
    const [first, second = "", third] = texts(await raw.list(ASK.trajectory));
    assert.deepEqual([first, third], ["{}", fits]);
    assert.match(JSON.parse(second).galgo.omitted, /a record of 262145 bytes/);
  });

  it("costs a console its session when an answer fails, and says why", async (t) => {
    const { open, told } = await serve(t, folderOf(t));
    const raw = open();
    raw.request(ASK.events);
    assert.equal(await raw.take(1), undefined);
    assert.match(told.join(), /session was closed: the records can not be read/);
    await open().value(ASK.state);
  });

  it("turns away who comes when too many wait, and says only so much", async (t) => {
    const { open, told } = await serve(t, folderOf(t));
    const first = open();
    await first.value(ASK.state);
    const waiting = Array.from({ length: MAX_WAITING }, () => open());
    const answers = waiting.map((raw) => raw.value(ASK.state));
    for (let turn = 0; turn < MAX_TOLD + 5; turn += 1)
      assert.equal(await open().take(1), undefined);
    assert.equal(told.length, MAX_TOLD);
    assert.match(told.at(-1) ?? "", /later ones are not told of/);
    await first.end();
    for (const [at, raw] of waiting.entries()) {
      await answers[at];
      await raw.end();
    }
  });

  it("serves the next console whatever bytes the last one sent", async (t) => {
    const { open } = await serve(t, folderOf(t), ["{}"]);
    const request = fc
      .constantFrom(...Object.values(ASK), 5)
      .map((one) => [0, 0, 0, 4, one, 0, 0, 0]);
    const noise = fc.array(fc.nat(255), { maxLength: 12 });
    const bytes = fc.array(fc.oneof(request, noise), { maxLength: 6 }).map((parts) => parts.flat());
    await fc.assert(
      fc.asyncProperty(bytes, async (sent) => {
        const wild = open();
        wild.socket.end(Uint8Array.from(sent));
        wild.socket.resume();
        const next = open();
        await next.value(ASK.state);
        await next.end();
      }),
    );
  });

  it("waits only so long for a console that does not read its answer", async (t) => {
    const line = `"${"x".repeat(100_000)}"`;
    const lines = Array.from({ length: 40 }, () => line);
    const { open, told } = await serve(t, folderOf(t), lines, { stallMs: 50 });
    const lazy = open();
    lazy.socket.pause();
    lazy.request(ASK.trajectory);
    const next = open();
    await next.value(ASK.state);
    assert.match(told.join(), /nothing of an answer was read for 0.05 s/);
    assert.equal((await next.list(ASK.trajectory)).length, lines.length);
    await next.end();
  });

  it("ends sessions, also waiting ones, when it is closed", async (t) => {
    const folder = folderOf(t);
    const { server, open, told } = await serve(t, folder);
    const first = open();
    await first.value(ASK.state);
    const second = open();
    second.request(ASK.state);
    server.close();
    assert.equal(await first.take(1), undefined);
    assert.equal(await second.take(1), undefined);
    assert.deepEqual([readdirSync(folder), told], [[], []]);
  });
});

describe("the place of a socket", () => {
  it("is a directory that is made when it is not there, for us alone", async (t) => {
    const directory = join(folderOf(t), "mgmt");
    const { server } = await serve(t, directory);
    assert.equal(lstatSync(directory).mode & 0o7777, 0o700);
    assert.equal(lstatSync(server.path).mode & 0o7777, 0o600);
    assert.deepEqual(readdirSync(directory), ["wl"]);
  });

  it("is refused where others could replace the socket", async (t) => {
    const folder = folderOf(t);
    chmodSync(folder, 0o777);
    await assert.rejects(serve(t, folder), /no one else can write to/);
    chmodSync(folder, 0o1777);
    await serve(t, folder);
    await assert.rejects(serve(t, join(folder, "a", "b")), /no management socket can be made/);
    writeFileSync(join(folder, "file"), "");
    await assert.rejects(serve(t, join(folder, "file")), /has to be a directory/);
    assert.deepEqual(readdirSync(folder).sort(), ["file", "wl"]);
  });

  it("is refused when its path is too long for a socket", async (t) => {
    const folder = join(folderOf(t), "x".repeat(100));
    mkdirSync(folder);
    await assert.rejects(serve(t, folder), /is too long: \d+ bytes are needed, 107 are possible/);
    assert.deepEqual(readdirSync(folder), []);
  });

  it("is left alone when something else stands there", async (t) => {
    const folder = folderOf(t);
    writeFileSync(join(folder, "wl"), "mine");
    await assert.rejects(serve(t, folder), /is there and is no socket/);
    rmSync(join(folder, "wl"));
    symlinkSync("elsewhere", join(folder, "wl"));
    await assert.rejects(serve(t, folder), /is there and is no socket/);
    assert.deepEqual(readdirSync(folder), ["wl"]);
  });

  it("is taken over from the dead and never from the living, who is not disturbed", async (t) => {
    const folder = folderOf(t);
    const dead = createServer();
    await new Promise<void>((resolve) => dead.listen(join(folder, "other"), () => resolve()));
    // closing removes the name that was listened on, not this one
    renameSync(join(folder, "other"), join(folder, "wl"));
    await new Promise((resolve) => dead.close(resolve));
    assert.ok(lstatSync(join(folder, "wl")).isSocket());
    const { open, told } = await serve(t, folder);
    const raw = open();
    await raw.value(ASK.state);
    await assert.rejects(serve(t, folder), /is in use by a run that goes on/);
    await raw.value(ASK.state);
    await raw.end();
    await open().value(ASK.state);
    assert.deepEqual([readdirSync(folder), told], [["wl"], []]);
  });

  it("is not cleared by who has lost it to another one", async (t) => {
    const folder = folderOf(t);
    const first = await serve(t, folder);
    rmSync(join(folder, "wl"));
    const second = await serve(t, folder);
    first.server.close();
    await second.open().value(ASK.state);
  });
});
