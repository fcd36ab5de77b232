// SPDX-License-Identifier: Apache-2.0
// galgo run --base: a state that nobody could have computed before the verifier had chosen its base, and the same verdicts.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadModel } from "../../src/orchestrator/index.ts";
import { readRunRecord } from "../../src/orchestrator/run-record.ts";
import { Place } from "./galgo.ts";

const BASE = "5c".repeat(32);
const OTHER = "5d".repeat(32);

async function lastRun(place: Place, name: string) {
  return readRunRecord(`${place.state}/${name}/latest/run.json`);
}

describe("galgo run --base", () => {
  it("gives the run of a model the state of the model under that base, and the verdicts of ever", async (t) => {
    const place = new Place(t);
    const script = place.write("w.sh", "test -z $MORE || cat /etc/hostname\ncat /etc/os-release\n");
    const learned = await place.galgo("learn", "-o", "m.json", "--name", "w", "--", "sh", script);
    assert.equal(learned.status, 0, learned.stderr);
    const run = ["run", "-m", "m.json", "--enforce", "--base", BASE, "--", "sh", script];
    const clean = await place.galgo(...run);
    assert.equal(clean.status, 0, clean.stderr);
    const record = await lastRun(place, "w");
    const { base, modelState, ownState, outcome } = record;
    const model = loadModel(place.path("m.json"));
    assert.equal(base, BASE);
    assert.equal(modelState, model.spec.state);
    assert.equal(outcome?.state, ownState);
    const measured = await place.galgo("model", "measure", "--base", BASE, "--json", "m.json");
    assert.equal((JSON.parse(measured.stdout) as { state: string }).state, ownState);
    assert.notEqual(ownState, modelState);
    const violated = await place.start(run, { MORE: "1" }).ended;
    assert.equal(violated.status, 121, violated.stderr);
    const { ownState: same, outcome: dirty } = await lastRun(place, "w");
    assert.equal(same, ownState);
    assert.notEqual(dirty?.state, ownState);
    // still a run of that model
    const amended = await place.galgo("model", "amend", "m.json", "w", "--all", "-o", "n.json");
    assert.equal(amended.status, 0, amended.stderr);
  });

  it("is in the model of a run without one, and in its replay", async (t) => {
    const place = new Place(t);
    const ran = await place.galgo("run", "--name", "f", "--base", BASE, "--", "true");
    assert.equal(ran.status, 0, ran.stderr);
    const { base, ownState, outcome } = await lastRun(place, "f");
    const model = loadModel(`${place.state}/f/latest/model.json`);
    assert.deepEqual([base, model.spec.base, ownState], [BASE, BASE, undefined]);
    assert.equal(model.spec.state, outcome?.state);
    const again = ["run", "-m", `${place.state}/f/latest/model.json`, "--detect"];
    const same = await place.galgo(...again, "--name", "g", "--base", BASE, "--", "true");
    assert.equal(same.status, 0, same.stderr);
    const other = await place.galgo(...again, "--base", OTHER, "--", "true");
    assert.equal(other.status, 125);
    assert.match(other.stderr, /--base contradicts the model .*made with the base 5c5c/);
    const bad = await place.galgo("run", "--base", "5C", "--", "true");
    assert.equal(bad.status, 125);
    assert.match(bad.stderr, /--base 5C is not 64 lower-case hex digits/);
  });

  it("replays a stream under a model with the base that its run had", async (t) => {
    const place = new Place(t);
    const learned = await place.galgo("learn", "-o", "m.json", "--name", "w", "--", "true");
    assert.equal(learned.status, 0, learned.stderr);
    const stream = `${place.state}/w/latest/trajectory.jsonl`;
    const replay = ["replay", "-m", "m.json", "--name", "r", "--base", BASE, stream];
    const replayed = await place.galgo(...replay);
    assert.equal(replayed.status, 0, replayed.stderr);
    const { base, ownState, outcome } = await lastRun(place, "r");
    assert.equal(base, BASE);
    assert.equal(outcome?.state, ownState);
  });
});
