// SPDX-License-Identifier: Apache-2.0
// Workloads that ask a fleet about what is outside of their model: allowed, refused, killed, later, never, by somebody else.
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { FleetError } from "../../src/daemon/fleet/errors.ts";
import type { FleetReceiver } from "../../src/daemon/fleet/side.ts";
import { openVerdicts } from "../../src/daemon/fleet/verdicts/index.ts";
import type { Daemon } from "../../src/daemon/index.ts";
import type { ManagedRun } from "../../src/daemon/registry/managed-run.ts";
import type { RunResult } from "../../src/orchestrator/run-request.ts";
import {
  type Ruling,
  type Rulings,
  type RulingWord,
  signRulings,
  type VerdictQuestion,
} from "../../src/wire/link/index.ts";
import { type Asking, AskingWorkload } from "../helpers/asking-workload.ts";
import { DaemonPlace } from "../helpers/daemon-place.ts";
import { TestSide } from "../helpers/fleet-side.ts";
import { aSigner } from "../helpers/signing.ts";

const place = new DaemonPlace();
const workload = new AskingWorkload(place);
let daemon: Daemon;
let side: TestSide;
let verdicts: FleetReceiver;
let revs = 0;

before(async () => {
  daemon = await place.start();
  await workload.learn(daemon);
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

const start = (asking: Asking): Promise<ManagedRun> => workload.start(daemon, asking);
const ended = (run: ManagedRun): Promise<RunResult> => workload.ended(run);
const violated = (run: ManagedRun): Promise<void> => workload.violated(run);

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

describe("a workload that asks a fleet about what is outside of its model", () => {
  it("goes on with what the fleet allows, which is no violation and does not change its model", async () => {
    const questions = open("allow");
    const run = await start({});
    const { outcome, directory } = await ended(run);
    assert.deepEqual(outcome.exit, { code: 0 });
    assert.equal(workload.got, readFileSync("/etc/shells", "utf8"));
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
    assert.equal(workload.got, "");
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

  it("can not ask by itself: no process of a workload comes through the door", async () => {
    const questions = open("allow");
    const order = ["curl", "-s", "--unix-socket", daemon.sockets.verdict, "http://x/"];
    await place.launch(daemon, order, { name: "inside" }).ended;
    assert.match(side.told.join(), /a connection was closed: a workload may not give orders/);
    assert.deepEqual(questions, []);
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
