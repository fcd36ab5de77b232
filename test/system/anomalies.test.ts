// SPDX-License-Identifier: Apache-2.0
// A job that does nothing but what its model allows, in an order that was never learned: seen, explained, and each response to it.
import assert from "node:assert/strict";
import { readFileSync, realpathSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { FEATURE_NAMES } from "../../src/model/features/index.ts";
import type { ResponseRecord } from "../../src/orchestrator/anomalies/report.ts";
import { createCgroup } from "../../src/orchestrator/cgroup.ts";
import { Place } from "../cli/galgo.ts";
import { weightedSum } from "../helpers/onnx-model.ts";

/** A backup: so many rounds through all files, then so many reads of one of them in a loop. */
const JOB = `#!/bin/bash
get() { while read -r line; do :; done < "$1"; }
round() { get conf; get a; get b; get c; get d; get e; echo done >> out; }
for ((i = 0; i < $1; i++)); do round; done
for ((i = 0; i < $2; i++)); do get d; get d; echo done >> out; done
`;
const FILES = ["conf", "a", "b", "c", "d", "e"];
const LOOP = FEATURE_NAMES.indexOf("loop_length");
/** Rounds of the loop; more than pass until anybody answers. */
const MANY = 200_000;

const probe = createCgroup("probe");
const hasGroups = !("unavailable" in probe);
if (!("unavailable" in probe)) await probe.remove();
const freezes = hasGroups ? false : "no cgroup of version 2 can be made here";

describe("allowed behaviours in a strange order", () => {
  const place = new Place();
  after(() => place.remove());

  before(async () => {
    place.write("job.sh", JOB, 0o755);
    for (const name of FILES) place.write(name, `${name}\n`);
    place.write("out", "");
    const words = ["--runs", "5", "--alarm-budget", "1/day", "--name", "job", "-o", "job.json"];
    const learned = await place.galgo("learn", ...words, "--", "./job.sh", "40", "0");
    assert.equal(learned.status, 0, learned.stderr);
    writeFileSync(place.path("loops.onnx"), weightedSum({ [LOOP]: -1 }, FEATURE_NAMES.length));
  });

  /** Lines of a file of the last run. */
  function lines<T>(file: string): readonly T[] {
    const folder = realpathSync(`${place.state}/job/latest`);
    const text = readFileSync(`${folder}/${file}`, "utf8");
    return text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as T);
  }

  const words = (rounds: number, strange: number, ...options: readonly string[]): string[] => {
    const job = ["--", "./job.sh", String(rounds), String(strange)];
    return ["run", "-m", "job.json", "--enforce", "--name", "job", ...options, ...job];
  };

  it("is nothing to the model, and told of and explained by its sequences", async () => {
    const normal = await place.galgo(...words(40, 0));
    assert.deepEqual([normal.status, normal.stderr], [0, ""]);
    const strange = await place.galgo(...words(10, 300));
    assert.equal(strange.status, 0);
    assert.match(strange.stderr, /does what it may in a strange order; galgo why job --sequences/);
    const shown = await place.galgo("show", "job", "run", "--json");
    const { counts } = JSON.parse(shown.stdout).outcome;
    assert.deepEqual([counts.violations, counts.refused], [0, 0]);
    const why = await place.galgo("why", "job", "--sequences");
    assert.match(why.stdout, /opens \S*\/d for reading\n\s+came there never in \d+ times/);
    assert.match(why.stdout, /expected \S+: opens \S*\/conf for reading \(100 %\)/);
  });

  it("untrusted: what the process does from then on is refused, and only that", async () => {
    place.write("out", "");
    const { status, stderr } = await place.galgo(...words(10, 300, "--on-anomaly", "untrusted"));
    assert.equal(status, 121, stderr);
    assert.match(stderr, /d: Operation not permitted/);
    const [first] = lines<ResponseRecord>("responses.jsonl");
    assert.deepEqual([first?.action, first?.by], ["untrusted", "policy"]);
    assert.ok((first?.tookMs ?? -1) >= 0);
    const done = readFileSync(place.path("out"), "utf8").split("\n").length - 1;
    assert.ok(done >= 10 && done < 310, `${done} rounds`);
  });

  it("kill: the workload ends, and how long that took is on record", async () => {
    const { status, stderr } = await place.galgo(...words(10, MANY, "--on-anomaly", "kill"));
    assert.equal(status, 137, stderr);
    assert.match(stderr, /the workload was killed: .*in a strange order/);
    const [first] = lines<ResponseRecord>("responses.jsonl");
    assert.deepEqual([first?.action, first?.by], ["kill", "policy"]);
    assert.ok(Date.parse(first?.effective ?? "") >= Date.parse(first?.event ?? ""));
  });

  it("freeze: nothing moves until a person thaws it; frozen again, a person kills it", {
    skip: freezes,
  }, async () => {
    place.write("out", "");
    const run = place.start(words(10, MANY, "--on-anomaly", "freeze"));
    await run.says(/is frozen: .*; galgo thaw job or galgo kill job decides/);
    const done = (): number => readFileSync(place.path("out"), "utf8").length;
    const before = done();
    const thawed = await place.galgo("thaw", "job", "--json");
    assert.equal(thawed.status, 0, thawed.stderr);
    assert.match(JSON.parse(thawed.stdout).words, /goes on/);
    // it moves again; what is strange in the next events may stop it once more
    for (let tries = 0; tries < 10 && done() < before + 100; tries++)
      await place.galgo("thaw", "job");
    assert.ok(done() >= before + 100, "it does not move");
    const killed = await place.galgo("kill", "job");
    assert.equal(killed.status, 0, killed.stderr);
    assert.match(killed.stdout, /job is dead, after \d+ ms/);
    assert.equal((await run.ended).status, 137);
    const told = lines<ResponseRecord>("responses.jsonl").map(({ action, by }) => [action, by]);
    assert.deepEqual(told[0], ["freeze", "policy"]);
    assert.ok(told.some(([action, by]) => action === "thaw" && by === "person"));
    assert.ok(told.some(([action, by]) => action === "kill" && by === "person"));
    const late = await place.galgo("thaw", "job");
    assert.equal(late.status, 125);
    assert.match(late.stderr, /waits for no decision/);
  });

  it("freeze=1s: without a decision it is killed, and did not move before", {
    skip: freezes,
  }, async () => {
    const run = place.start(words(10, MANY, "--on-anomaly", "freeze=1s"));
    await run.says(/is frozen: .* else it is killed after 1 s/);
    const before = readFileSync(place.path("out"), "utf8").length;
    assert.equal((await run.ended).status, 137);
    assert.equal(readFileSync(place.path("out"), "utf8").length, before);
    const told = lines<ResponseRecord>("responses.jsonl").map(({ action, by }) => [action, by]);
    assert.deepEqual(told[0], ["freeze", "policy"]);
    assert.ok(told.some(([action, by]) => action === "kill" && by === "limit"));
  });

  it("--agent: an ONNX model finds the loop, nothing in the normal run, and its windows are exported", async () => {
    const agent = ["--agent", "onnx:loops.onnx,threshold=-0.3"];
    const normal = await place.galgo(...words(40, 0, ...agent));
    assert.deepEqual([normal.status, normal.stderr], [0, ""]);
    const strange = await place.galgo(...words(10, MANY, ...agent, "--on-anomaly", "kill"));
    assert.equal(strange.status, 137, strange.stderr);
    const looped = await place.galgo(...words(10, 300, ...agent));
    assert.match(looped.stderr, /the agent gives the workload a score of -0\.188, at least -0\.3/);
    const findings = lines<{ stream: string; window: number; score: number }>("agent.jsonl");
    const finding = findings.find(({ stream }) => stream === "workload");
    const exported = await place.galgo("export", "--features", "job", "--format", "jsonl");
    assert.equal(exported.status, 0, exported.stderr);
    const windows = exported.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { stream: string; window: number; features: number[] });
    const same = windows.filter(({ stream }) => stream === "workload")[finding?.window ?? -1];
    assert.ok(Math.abs((same?.features[LOOP] ?? 0) + (finding?.score ?? 0)) < 1e-4);
  });

  it("refuses what it could not do, before anything is started", async () => {
    writeFileSync(place.path("narrow.onnx"), weightedSum({ 0: 1 }, 3));
    for (const [options, message] of [
      [["--agent", "onnx:job.sh"], /is no ONNX model that can be used/],
      [["--agent", "onnx:missing.onnx"], /can not read .*missing\.onnx.* \(ENOENT\)/],
      [["--agent", "onnx:narrow.onnx"], /wanted: one input float32 \[windows, 101\]/],
      [["--on-anomaly", "freeze=0s"], /Expected observe, untrusted, kill/],
    ] as const) {
      const { status, stderr } = await place.galgo(...words(1, 0, ...options));
      assert.equal(status, 125, stderr);
      assert.match(stderr, message);
    }
    const plain = await place.galgo("learn", "--name", "plain", "-o", "p.json", "--", "/bin/true");
    assert.equal(plain.status, 0, plain.stderr);
    const without = ["run", "-m", "p.json", "--enforce", "--on-anomaly", "kill", "--", "/bin/true"];
    const { status, stderr } = await place.galgo(...without);
    assert.equal(status, 125);
    assert.match(stderr, /needs a model that was learned with --alarm-budget, or --agent/);
  });
});
