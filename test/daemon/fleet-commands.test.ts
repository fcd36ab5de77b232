// SPDX-License-Identifier: Apache-2.0
// Signed commands on a host: carried out on workloads that run, once, and only when they are the fleet's.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { openCommands } from "../../src/daemon/fleet/commands/index.ts";
import type { FleetReceiver } from "../../src/daemon/fleet/side.ts";
import type { Daemon } from "../../src/daemon/index.ts";
import type { ManagedRun } from "../../src/daemon/registry/managed-run.ts";
import { modelDigest, stringifyWorkloadModel } from "../../src/model/index.ts";
import { nodeHasher } from "../../src/tma/index.ts";
import type { EvidenceItem, ResultItem } from "../../src/wire/link/index.ts";
import { DaemonPlace } from "../helpers/daemon-place.ts";
import { type Ordered, TestSide } from "../helpers/fleet-side.ts";
import { aModel } from "../helpers/models.ts";
import { aSigner } from "../helpers/signing.ts";

const place = new DaemonPlace();
let daemon: Daemon;
let side: TestSide;
let commands: FleetReceiver;

before(async () => {
  daemon = await place.start();
});

afterEach(async () => {
  const runs = daemon.registry.list();
  for (const run of runs) run.kill("the test is over");
  await Promise.allSettled(runs.map(({ ended }) => ended));
  await commands.close();
});

after(async () => {
  await daemon.stop("the test is over");
  place.remove();
});

function open(): void {
  side = new TestSide(daemon);
  commands = openCommands(side);
}

async function order(ordered: Ordered): Promise<ResultItem> {
  const body = side.body(ordered);
  commands.command?.(side.signed(body));
  return side.result(body.id);
}

async function started(script: string, name: string): Promise<ManagedRun> {
  const run = place.launch(daemon, ["sh", "-c", script, place.folder], { name });
  await run.started;
  return run;
}

/** What it writes tells how far it is. */
async function told(run: ManagedRun, word: string): Promise<void> {
  for await (const line of place.client.lines(run.id, "trajectory", { follow: true }))
    if (line.includes(word)) return;
}

const alive = (pid: number): boolean => existsSync(`/proc/${pid}/stat`);

describe("a command", () => {
  it("kills a workload with all that it has started, and says when it was dead", async () => {
    open();
    const run = await started(
      'for i in 1 2 3; do (setsid sleep 100 & echo $! >>"$0/pids"); done; touch "$0/all-are-up"; sleep 100',
      "deep",
    );
    const other = await started("sleep 100", "other");
    await told(run, "all-are-up");
    const pids = readFileSync(join(place.folder, "pids"), "utf8").trim().split("\n").map(Number);
    const select = { names: ["de*"] };
    const result = await order({ kind: "kill", args: {}, target: { hosts: "all", select } });
    assert.deepEqual([result.status, result.workloads?.[0]?.status], ["done", "done"]);
    assert.equal(result.workloads?.length, 1);
    assert.match(result.workloads?.[0]?.words ?? "", /^is dead, after \d+ ms$/);
    assert.ok(result.tookMs !== undefined);
    assert.deepEqual([...pids, ...run.pids].filter(alive), []);
    assert.ok(other.pids.every(alive));
  });

  it("seals and enforces, lets go again, and holds again", async () => {
    open();
    mkdirSync(join(place.folder, "steps"));
    // what it knows when it is sealed is the loop; what it reads behind the gates is outside
    const wait = (n: number): string => `while [ ! -e go${n} ]; do sleep 0.05; done`;
    const read = (n: number): string => `cat /etc/passwd >/dev/null 2>err${n}; echo $? >>err${n}`;
    const script = `exec 2>/dev/null; cd "$0/steps"; echo >err0; ${wait(1)}; ${read(1)}; ${wait(2)}; ${read(2)}; sleep 100`;
    const run = await started(script, "stepped");
    await told(run, "sleep");
    const sealed = await order({ kind: "enforce", args: {} });
    assert.match(sealed.workloads?.[0]?.words ?? "", /^is sealed with what it did until now/);
    assert.deepEqual([run.status().mode, run.status().sealed], ["enforce", true]);
    const again = await order({ kind: "enforce", args: {} });
    assert.equal(again.workloads?.[0]?.words, "was enforced already");
    const watched = await order({ kind: "detect", args: {} });
    assert.equal(watched.workloads?.[0]?.words, "is only watched from now on");
    assert.deepEqual([run.status().mode, run.status().onViolation], ["detect", "observe"]);
    const held = await order({ kind: "enforce", args: {} });
    assert.equal(held.workloads?.[0]?.words, "is enforced");
    assert.deepEqual([run.status().mode, run.status().onViolation], ["enforce", "deny"]);
    writeFileSync(join(place.folder, "steps", "go1"), "");
    for await (const line of place.client.lines(run.id, "forensics", { follow: true }))
      if (line.includes("denied")) break;
    assert.ok(run.status().counts.violations > 0);
  });

  it("is carried out once, also by the next daemon, and not at all when its result is not known", async () => {
    open();
    const envelope = side.signed({ kind: "table", args: {} });
    commands.command?.(envelope);
    commands.command?.(envelope);
    await side.item((item): item is ResultItem => item.kind === "result");
    await commands.close();
    const before = side;
    open();
    commands.command?.(envelope);
    assert.deepEqual([before.tables, side.tables], [1, 0]);
    await commands.close();
    // a clock that was ahead for a while makes nobody forget it
    const journal = join(side.folder, "commands.jsonl");
    const lines = readFileSync(join(before.folder, "commands.jsonl"), "utf8");
    writeFileSync(journal, lines.replaceAll(/"expires":\d+/g, '"expires":1'));
    open();
    commands.command?.(envelope);
    await commands.close();
    assert.equal(side.tables, 0);
    writeFileSync(
      join(side.folder, "commands.jsonl"),
      `${JSON.stringify({ id: "CUT", expires: Date.now() + 60_000 })}\n{"id":"half`,
    );
    open();
    const { status, words } = await side.result("CUT");
    assert.equal(status, "failed");
    assert.match(words, /how far it came is not known/);
  });

  it("is refused, aloud, when it is not the fleet's, not for this host, or not of now", async () => {
    open();
    const kill: Ordered = { kind: "kill", args: {} };
    const run = await started("sleep 100", "spared");
    const now = Date.now();
    const select = { all: true } as const;
    for (const envelope of [
      side.signed(kill, aSigner()),
      side.signed({ ...kill, target: { hosts: ["zbcdefghijklmnopqrst"], select } }),
      side.signed({ ...kill, issued: now - 9_000, expires: now - 1_000 }),
      side.signed({ ...kill, issued: now + 600_000, expires: now + 700_000 }),
      '{"payload":',
    ])
      commands.command?.(envelope);
    const words = side.items.map((item) => (item.kind === "notice" ? item.words : ""));
    assert.deepEqual(side.told, words);
    const reasons = [/by no key of the fleet/, /not for this host/, /has expired/, /the clock of/];
    for (const [i, reason] of reasons.entries()) assert.match(words[i] ?? "", reason);
    assert.equal(words.length, 5);
    commands.command?.(side.signed(kill, aSigner()));
    assert.equal(side.items.length, 5, "a reason is told once in a while");
    assert.notEqual(run.status().status, "ending");
  });

  it("means whom its selector means, and says so when that is nobody here", async () => {
    open();
    const run = await started("sleep 100", "spared");
    for (const select of [
      { group: "db" },
      { names: ["x*"] },
      { labels: { rack: "8" } },
      { workloads: ["1"] },
      { models: ["a".repeat(64)] },
    ]) {
      const { status, words } = await order({
        kind: "kill",
        args: {},
        target: { hosts: "all", select },
      });
      assert.deepEqual([status, words], ["done", "none of this host's workloads is meant"]);
    }
    assert.notEqual(run.status().status, "ending");
    const meant = { group: "web", labels: { rack: "7" }, workloads: [run.id] };
    const result = await order({ kind: "kill", args: {}, target: { hosts: "all", select: meant } });
    assert.equal(result.workloads?.[0]?.run, run.id);
  });

  it("is not carried out where it can not be remembered, unless it kills", async () => {
    open();
    await commands.close();
    rmSync(join(side.folder, "commands.jsonl"), { force: true });
    mkdirSync(join(side.folder, "commands.jsonl"));
    open();
    const run = await started("sleep 100", "condemned");
    commands.command?.(side.signed({ kind: "table", args: {} }));
    assert.match(side.told[0] ?? "", /can not be written .*: without it no command/);
    assert.equal(side.tables, 0);
    const result = await order({ kind: "kill", args: {} });
    assert.equal(result.workloads?.[0]?.run, run.id);
    assert.match(side.told[1] ?? "", /is carried out all the same/);
    rmSync(join(side.folder, "commands.jsonl"), { recursive: true });
  });

  it("has evidence given, with the key that signs it", async () => {
    open();
    const run = await started("sleep 100", "proved");
    await told(run, "sleep");
    const nonce = "ab".repeat(16);
    const result = await order({ kind: "attest", args: { nonce } });
    assert.equal(result.status, "done", result.workloads?.[0]?.words);
    const item = await side.item((one): one is EvidenceItem => one.kind === "evidence");
    assert.deepEqual([item.run, item.nonce, item.command], [run.id, nonce, result.command]);
    assert.match(item.key, /^-----BEGIN PUBLIC KEY-----/);
    assert.equal(item.token.split(".").length, 3);
  });

  it("changes the key of commands, and the old one does not count any more", async () => {
    open();
    const next = aSigner();
    const change: Ordered = {
      kind: "key",
      args: { publicKey: next.publicPem },
      role: "admin",
    };
    commands.command?.(side.signed({ ...change, role: "operator" }));
    assert.match(side.told[0] ?? "", /is no admin/);
    await order(change);
    commands.command?.(side.signed({ kind: "table", args: {} }));
    assert.match(side.told[1] ?? "", /by no key of the fleet/);
    commands.command?.(side.signed({ kind: "table", args: {} }, next));
    assert.equal(side.tables, 1);
  });

  it("that was missed is asked for when the connection stands", async () => {
    open();
    const missed = side.body({ kind: "table", args: {} });
    side.answer = async (kind, { since }) => {
      assert.equal(kind, "commands");
      return since === 0
        ? { v: 1, commands: [], more: 5 }
        : { v: 1, commands: [side.signed(missed)] };
    };
    commands.connected?.();
    await side.result(missed.id);
    assert.equal(side.tables, 1);
  });
});

describe("a model of the fleet", () => {
  const model = aModel();
  const text = stringifyWorkloadModel(model);
  const digest = modelDigest(model, nodeHasher("sha256"));
  const file = (): string => join(daemon.context.models, "web.galgo.json");

  function serve(bytes: Buffer): void {
    side.answer = async (_, { offset }) => {
      const at = Number(offset);
      const data = bytes.subarray(at, at + 1_000).toString("base64");
      return { v: 1, size: bytes.length, offset: at, data };
    };
  }

  it("is fetched by its digest and put where its name is; what stood there comes back", async () => {
    open();
    mkdirSync(daemon.context.models, { recursive: true });
    writeFileSync(file(), "the host's own");
    serve(Buffer.from(text));
    const pinned = await order({ kind: "model", args: { name: "web", digest } });
    assert.equal(pinned.status, "done", pinned.words);
    assert.equal(readFileSync(file(), "utf8"), text);
    const released = await order({ kind: "model", args: { name: "web", digest: null } });
    assert.equal(released.status, "done", released.words);
    assert.equal(readFileSync(file(), "utf8"), "the host's own");
  });

  it("does not take what the host had, when putting it there ends halfway", async () => {
    open();
    serve(Buffer.from(text));
    rmSync(join(side.folder, "models.json"), { force: true });
    mkdirSync(join(side.folder, "models.json"));
    const failed = await order({ kind: "model", args: { name: "web", digest } });
    assert.equal(failed.status, "failed");
    assert.equal(readFileSync(file(), "utf8"), "the host's own");
    rmSync(join(side.folder, "models.json"), { recursive: true });
    const pinned = await order({ kind: "model", args: { name: "web", digest } });
    assert.equal(pinned.status, "done", pinned.words);
    const released = await order({ kind: "model", args: { name: "web", digest: null } });
    assert.equal(released.status, "done", released.words);
    assert.equal(readFileSync(file(), "utf8"), "the host's own");
  });

  it("that is another one, damaged, endless, or named like a path is not used", async () => {
    open();
    serve(Buffer.from(text));
    const other = await order({ kind: "model", args: { name: "web", digest: "a".repeat(64) } });
    assert.match(other.words, /was ordered: it is not used/);
    serve(Buffer.from(text.slice(0, -9)));
    const cut = await order({ kind: "model", args: { name: "web", digest } });
    side.answer = async (_, { offset }) => ({ v: 1, size: 9e9, offset, data: "AAAA" });
    const endless = await order({ kind: "model", args: { name: "web", digest } });
    assert.match(endless.words, /does not come as it should/);
    assert.deepEqual([other.status, cut.status, endless.status], ["failed", "failed", "failed"]);
    assert.equal(readFileSync(file(), "utf8"), "the host's own");
  });
});
