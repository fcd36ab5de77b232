// SPDX-License-Identifier: Apache-2.0
// A console seals the model of a workload that is running.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { openSync, readFileSync, writeSync } from "node:fs";
import { before, describe, it } from "node:test";
import { Place } from "../cli/galgo.ts";
import { buildLaunchers } from "../helpers/built.ts";
import { play, replay, shown, until } from "../helpers/managed-run.ts";
import { ASK, counts, RawConsole, texts } from "../helpers/raw-console.ts";

before(() => {
  buildLaunchers();
});

describe("a free run", () => {
  it("is sealed by a console: what is new afterwards is forensics and is told of", async (t) => {
    const { place, run, step, open } = play(
      t,
      "echo ready; read x <&3; cat /etc/passwd > copy; echo done; read x <&3",
    );
    await run.says(/ready/);
    const raw = open();
    raw.request(ASK.seal);
    assert.deepEqual(await raw.frame(), Buffer.from("OK\0"));
    const known = texts(await raw.list(ASK.coefficients));
    const before = await raw.value(ASK.state);
    step();
    await run.says(/done/);
    assert.deepEqual(texts(await raw.list(ASK.coefficients)), known);
    const outside = texts(await raw.list(ASK.forensicsCoefficients));
    assert.ok(outside.length > 0);
    assert.equal(counts(await raw.list(ASK.forensicsCounts)).length, outside.length);
    const lines = await until(
      () => raw.list(ASK.forensics),
      (frames) => frames.length === outside.length,
    );
    assert.ok(texts(lines).some((line) => line.includes('"pathname": "/etc/passwd"')));
    for (const line of texts(lines)) assert.equal(Object.keys(JSON.parse(line)).length, 3);
    // points outside of the model are part of both values
    assert.notEqual(await raw.value(ASK.state), before);
    const state = await raw.value(ASK.state);
    raw.request(ASK.seal);
    assert.deepEqual(await raw.frame(), Buffer.from("OK\0"));
    await raw.end();
    step();
    const { status, stderr } = await run.ended;
    assert.equal(status, 0, stderr);
    assert.match(stderr, /violation 1: .*only recorded/);
    assert.match(stderr, /sealed by an order/);
    assert.deepEqual(await shown(place, "state"), { state });
    const { outcome } = (await shown(place, "run")) as unknown as {
      outcome: { sealed: string; counts: { violations: number } };
    };
    assert.equal(outcome.counts.violations, outside.length);
    assert.ok(Date.parse(outcome.sealed) > 0);
    const { spec } = (await shown(place, "model")) as unknown as { spec: Record<string, unknown> };
    assert.equal(spec["sealed"], true);
    assert.deepEqual(new Set(spec["points"] as string[]), new Set(known));
  });
});

describe("sealing a workload that is busy", () => {
  it("holds for every event after the OK", async (t) => {
    const making = "i=0; while [ $i -lt 20000 ]; do echo > many/$i; i=$((i+1)); done";
    const place = new Place(t);
    execFileSync("sh", ["-c", `mkfifo steps; mkdir many; ${making}`], { cwd: place.folder });
    const script = "echo ready; for name in many/*; do true < $name; done; read x <&3";
    const { run, open } = replay(t, place, script, []);
    await run.says(/ready/);
    const raw = open();
    const size = async (command: number): Promise<number> => (await raw.list(command)).length;
    await until(
      () => size(ASK.coefficients),
      (points) => points > 200,
    );
    raw.request(ASK.seal);
    assert.deepEqual(await raw.frame(), Buffer.from("OK\0"));
    const sealed = await size(ASK.coefficients);
    await until(
      () => size(ASK.forensicsCoefficients),
      (points) => points > 200,
    );
    assert.equal(await size(ASK.coefficients), sealed);
    await raw.end();
    run.process.kill("SIGKILL");
    await run.ended;
  });

  it("ends what is learned: later behaviours are not in the model", async (t) => {
    const place = new Place(t);
    execFileSync("mkfifo", [place.path("steps")]);
    const fifo = openSync(place.path("steps"), "r+");
    const options = ["--name", "wl", "-o", "m.json", "--quixote-socket", place.path("mgmt")];
    const script = "exec 3<>steps; echo ready; read x <&3; cat /etc/passwd";
    const run = place.start(["learn", ...options, "--", "sh", "-c", script]);
    await run.says(/ready/);
    const raw = new RawConsole(place.path("mgmt/wl"));
    raw.request(ASK.seal);
    assert.deepEqual(await raw.frame(), Buffer.from("OK\0"));
    const known = texts(await raw.list(ASK.coefficients));
    await raw.end();
    writeSync(fifo, "go\n");
    const { status, stderr } = await run.ended;
    assert.equal(status, 0, stderr);
    assert.match(stderr, /a console sealed the model: \d+ later behaviours not in it/);
    const { spec } = JSON.parse(readFileSync(place.path("m.json"), "utf8"));
    assert.deepEqual(new Set(spec.points), new Set(known));
  });
});
