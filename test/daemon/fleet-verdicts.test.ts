// SPDX-License-Identifier: Apache-2.0
// Workloads that ask a fleet about what is outside of their model: allowed, refused, killed, later, never, by somebody else.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { FleetError } from "../../src/daemon/fleet/errors.ts";
import type { FleetReceiver } from "../../src/daemon/fleet/side.ts";
import { openVerdicts } from "../../src/daemon/fleet/verdicts/index.ts";
import type { Daemon } from "../../src/daemon/index.ts";
import type { ManagedRun } from "../../src/daemon/registry/managed-run.ts";
import { sealModelFile } from "../../src/orchestrator/inspect/index.ts";
import type { RunResult } from "../../src/orchestrator/run-request.ts";
import type { Locality } from "../../src/tma/index.ts";
import {
  type Ruling,
  type Rulings,
  type RulingWord,
  signRulings,
  type VerdictQuestion,
} from "../../src/wire/link/index.ts";
import { DaemonPlace } from "../helpers/daemon-place.ts";
import { TestSide } from "../helpers/fleet-side.ts";
import { aSigner } from "../helpers/signing.ts";

const place = new DaemonPlace();
const gate = join(place.folder, "gates");
let daemon: Daemon;
let side: TestSide;
let verdicts: FleetReceiver;
let model: string;
let revs = 0;

/** What the workload does: what it has learned; behind a gate what it has not, when it is told to; then it waits for its end. */
const script = `exec 2>/dev/null; cd "$0"; while [ ! -e go ]; do sleep 0.02; done; [ -e more ] && cat /etc/shells >shells; while [ ! -e stop ]; do sleep 0.02; done`;

before(async () => {
  daemon = await place.start();
  mkdirSync(gate);
  const learned = place.launch(daemon, ["sh", "-c", script, gate], { name: "asking" });
  await learned.started;
  for await (const line of place.client.lines(learned.id, "trajectory", { follow: true }))
    if (line.includes("sleep")) break;
  writeFileSync(join(gate, "go"), "");
  writeFileSync(join(gate, "stop"), "");
  const { directory } = await learned.ended;
  model = join(place.folder, "asking.galgo.json");
  sealModelFile({ file: directory.model, output: model, allowLoss: false });
  writeFileSync(join(gate, "more"), "");
});

afterEach(async () => {
  const runs = daemon.registry.list();
  for (const run of runs) run.kill("the test is over");
  await Promise.allSettled(runs.map(({ ended }) => ended));
  await verdicts.close();
});

after(async () => {
  await daemon.stop("the test is over");
  place.remove();
});

interface Asking {
  readonly mode?: "detect" | "enforce";
  readonly withinMs?: number;
}

/** A run that goes straight to what it has not learned, and ends when `stop` is there. */
async function start({ mode = "enforce", withinMs = 3_000 }: Asking): Promise<ManagedRun> {
  rmSync(join(gate, "shells"), { force: true });
  rmSync(join(gate, "stop"), { force: true });
  const onViolation = mode === "enforce" ? "deny" : "observe";
  const locality: Locality = { kind: "remote", withinMs, socket: daemon.sockets.verdict };
  const run = place.launch(daemon, ["sh", "-c", script, gate], {
    ...{ mode, onViolation, modelFile: model, locality, name: "asking" },
  });
  await run.started;
  return run;
}

async function ended(run: ManagedRun): Promise<RunResult> {
  writeFileSync(join(gate, "stop"), "");
  return run.ended;
}

async function violated(run: ManagedRun): Promise<void> {
  for await (const _ of place.client.lines(run.id, "forensics", { follow: true })) return;
}

function ruling(question: VerdictQuestion, verdict: Ruling["verdict"]): Ruling {
  const { model: of, coefficient } = question;
  revs += 1;
  return { model: of, coefficient, verdict, rev: revs, at: Date.now(), by: "ann" };
}

function signed(rulings: readonly Ruling[], more: Partial<Rulings> = {}, by = side.signer): string {
  return signRulings({ v: 1, at: Date.now(), rulings, ...more }, by);
}

/** A fleet that rules so about everything; undefined: somebody has to decide first. */
function open(verdict: RulingWord | undefined): VerdictQuestion[] {
  const questions: VerdictQuestion[] = [];
  side = new TestSide(daemon);
  side.answer = async (kind, body) => {
    assert.equal(kind, "verdict");
    const question = body as unknown as VerdictQuestion;
    questions.push(question);
    const { nonce } = question;
    if (verdict === undefined) return { v: 1, envelope: signed([], { nonce, pending: true }) };
    return { v: 1, envelope: signed([ruling(question, verdict)], { nonce }) };
  };
  rmSync(join(side.folder, "rulings.jsonl"), { force: true });
  verdicts = openVerdicts(side);
  return questions;
}

const shells = (): string => readFileSync(join(gate, "shells"), "utf8");

describe("a workload that asks a fleet about what is outside of its model", () => {
  it("goes on with what the fleet allows, which is no violation and does not change its model", async () => {
    const questions = open("allow");
    const run = await start({});
    const { outcome, directory } = await ended(run);
    assert.deepEqual(outcome.exit, { code: 0 });
    assert.equal(shells(), readFileSync("/etc/shells", "utf8"));
    assert.equal(outcome.counts.violations, 0);
    const [first] = questions;
    assert.deepEqual([first?.run, first?.name], [run.id, "asking"]);
    const asked = questions.find(({ words }) => words.includes("/etc/shells"));
    assert.match(asked?.record ?? "", /"pathname": "\/etc\/shells"/);
    assert.equal(new Set(questions.map(({ coefficient }) => coefficient)).size, questions.length);
    assert.match(readFileSync(directory.trajectory, "utf8"), /shells/);
  });

  it("is refused what the fleet refuses, also where it is only watched", async () => {
    open("deny");
    const run = await start({ mode: "detect" });
    await violated(run);
    const { outcome } = await ended(run);
    assert.ok(outcome.counts.violations > 0);
    assert.equal(existsSync(join(gate, "shells")) ? shells() : "", "");
  });

  it("is killed when the fleet says so", async () => {
    open("kill");
    const { outcome } = await (await start({ mode: "detect" })).ended;
    assert.match(outcome.killed ?? "", /the fleet has refused it/);
  });

  it("is decided on by its own model when no answer comes in time, and that is said", async () => {
    open("allow");
    side.answer = () => new Promise(() => undefined);
    const run = await start({ withinMs: 30 });
    await violated(run);
    await ended(run);
    assert.ok(run.status().counts.violations > 0);
    assert.match(side.told.join(), /the fleet gives no verdicts, local models decide: no answer/);
  });

  it("gets no verdict from a forged answer, nor from the answer to another question", async () => {
    open("allow");
    const forgeries = [
      (of: VerdictQuestion) => signed([ruling(of, "allow")], { nonce: of.nonce }, aSigner()),
      (of: VerdictQuestion) => signed([ruling(of, "allow")], { nonce: "0".repeat(32) }),
      (of: VerdictQuestion) => signed([ruling(of, "allow")]),
      (of: VerdictQuestion) =>
        signed([ruling({ ...of, coefficient: "a".repeat(64) }, "allow")], { nonce: of.nonce }),
      () => "{}",
    ];
    let asked = 0;
    side.answer = async (_, body) => {
      const forge = forgeries[asked % forgeries.length];
      asked += 1;
      return { v: 1, envelope: forge?.(body as unknown as VerdictQuestion) };
    };
    const run = await start({ mode: "detect" });
    await violated(run);
    const { outcome } = await ended(run);
    assert.ok(asked >= forgeries.length);
    assert.equal(outcome.counts.violations, asked);
    assert.match(side.told.join(), /a verdict was refused: /);
  });

  it("is not held while somebody decides, and is killed when he says so", async () => {
    const questions = open(undefined);
    const run = await start({ mode: "detect", withinMs: 0 });
    await violated(run);
    while (questions.length === 0) await once(side);
    const [question] = questions;
    assert.ok(question !== undefined);
    verdicts.verdict?.(signed([ruling(question, "kill")], {}, aSigner()));
    assert.match(side.told.join(), /a verdict was refused: .*not signed by a key of this fleet/);
    assert.ok(run.pids.length > 0);
    verdicts.verdict?.(signed([ruling(question, "kill")]));
    const { outcome } = await run.ended;
    assert.match(outcome.killed ?? "", /the fleet has ruled that it is killed/);
  });

  it("is answered from what all hosts were told, without the fleet, until that is taken back", async () => {
    const questions = open("allow");
    await ended(await start({}));
    const rulings = questions.map((question) => ruling(question, "allow"));
    verdicts.verdict?.(signed(rulings));
    await verdicts.close();
    const before = side;
    side = new TestSide(daemon, before.signer);
    side.answer = () => Promise.reject(new FleetError("NOT_ONLINE", "no connection"));
    verdicts = openVerdicts(side);
    const kept = await ended(await start({}));
    assert.equal(kept.outcome.counts.violations, 0);
    verdicts.verdict?.(signed(questions.map((question) => ruling(question, "taken back"))));
    // old ones change nothing any more
    verdicts.verdict?.(signed(rulings));
    const run = await start({});
    await violated(run);
    assert.ok((await ended(run)).outcome.counts.violations > 0);
    assert.match(side.told.join(), /local models decide: no connection/);
  });
});

/** Something was asked or reported. */
function once({ items }: TestSide): Promise<unknown> {
  return new Promise((resolve) => setImmediate(resolve, items));
}
