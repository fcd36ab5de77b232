// SPDX-License-Identifier: Apache-2.0
// What a run of Galgo recorded, replayed: the points, the state and the verdict of that run.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Place } from "../cli/galgo.ts";

const SCRIPT = 'cat "$0" > copy; rm copy; echo "$(ls /proc/self/fd | wc -l)" > count';

describe("a run of Galgo, replayed", () => {
  it("has the points and the state of that run under the same profile", async (t) => {
    const place = new Place(t);
    const input = place.write('a "b"\n\u00e9', "text\n");
    const ran = await place.galgo("run", "--name", "job", "--", "sh", "-c", SCRIPT, input);
    assert.equal(ran.status, 0, ran.stderr);
    const trajectory = join(place.state, "job/latest/trajectory.jsonl");
    const replayed = await place.galgo("replay", trajectory, "--profile", "portable", "--json");
    assert.equal(replayed.status, 0, replayed.stderr);
    const result = JSON.parse(replayed.stdout) as Record<string, unknown>;
    const record = JSON.parse(readFileSync(join(place.state, "job/latest/run.json"), "utf8")) as {
      outcome: { state: string; measurement: string; counts: { points: number } };
    };
    assert.equal(result["lost"], 0);
    assert.equal(result["points"], record.outcome.counts.points);
    assert.equal(result["state"], record.outcome.state);
    assert.equal(result["measurement"], record.outcome.measurement);
  });

  it("violates the model that the run violated, in the same way", async (t) => {
    const place = new Place(t);
    const input = place.write("input", "text\n");
    const learned = await place.galgo("learn", "-o", "m.json", "--", "sh", "-c", SCRIPT, input);
    assert.equal(learned.status, 0, learned.stderr);
    const other = `${SCRIPT}; read x < /etc/hostname`;
    await place.galgo("run", "--name", "job", "-m", "m.json", "--", "sh", "-c", other, input);
    const forensics = join(place.state, "job/latest/forensics.jsonl");
    const replayed = await place.galgo("replay", forensics, "-m", "m.json");
    assert.equal(replayed.status, 121, replayed.stderr);
    assert.match(replayed.stderr, /violation \d+: \S+ opens \/etc\/hostname for reading/);
    const state = await place.galgo("show", "job", "state");
    assert.match(replayed.stdout, new RegExp(`^state +${state.stdout.trim()}$`, "m"));
  });
});
