// SPDX-License-Identifier: Apache-2.0
// Consoles and the sensor of a TSEM kernel, with the simulator in the kernel's place.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { openSync, writeSync } from "node:fs";
import { before, describe, it } from "node:test";
import { buildLaunchers } from "../helpers/built.ts";
import { until } from "../helpers/managed-run.ts";
import { ASK, counts, RawConsole, texts } from "../helpers/raw-console.ts";
import { bench, open } from "../simulator/bench.ts";
import { simulatorSkip } from "../simulator/simulator.ts";

before(() => {
  buildLaunchers();
});

describe("a namespace of a TSEM kernel with a management socket", { skip: simulatorSkip() }, () => {
  it("has the platform's aggregate, is sealed by a console, and answers as at its end", async (t) => {
    const { place, started } = await bench(t);
    execFileSync("mkfifo", [place.path("steps")]);
    const fifo = openSync(place.path("steps"), "r+");
    const again = open("/etc/hosts");
    const script = `exec 3<>steps; ${again}; ${again}; echo ready; read x <&3; ${open("/etc/passwd")}; echo done; read x <&3`;
    const sockets = place.path("mgmt");
    const run = started(["run", "--name", "wl", "--quixote-socket", sockets], script);
    await run.says(/ready/);
    const raw = new RawConsole(place.path("mgmt/wl"));
    const before = texts(await raw.list(ASK.coefficients));
    assert.deepEqual(counts(await raw.list(ASK.counts)), [2]);
    const lines = await until(
      () => raw.list(ASK.trajectory),
      (frames) => frames.length === before.length,
    );
    assert.match(texts(lines)[0] ?? "", /"pathname": "\/etc\/hosts"/);
    raw.request(ASK.map);
    const aggregate = (await raw.frame()).toString("hex");
    assert.doesNotMatch(aggregate, /^0*$/);
    assert.deepEqual(texts(await raw.rest()), before);
    raw.request(ASK.seal);
    assert.deepEqual(await raw.frame(), Buffer.from("OK\0"));
    writeSync(fifo, "go\n");
    await run.says(/done/);
    assert.equal((await raw.list(ASK.forensicsCoefficients)).length, 1);
    const values = [await raw.value(ASK.state), await raw.value(ASK.measurement)];
    await raw.end();
    writeSync(fifo, "go\n");
    const { status, stderr } = await run.ended;
    assert.equal(status, 0, stderr);
    for (const [at, subject] of ["state", "measurement"].entries())
      assert.equal((await place.galgo("show", "wl", subject)).stdout, `${values[at]}\n`, subject);
    const { spec } = JSON.parse((await place.galgo("show", "wl", "model", "--json")).stdout);
    assert.equal(spec.aggregate, aggregate);
  });

  it("is not served where the kernel decides", async (t) => {
    const { place, galgo } = await bench(t);
    const { status, stderr } = await galgo(
      ...["run", "--sensor", "tsem", "--tsem-internal", "--quixote-socket", place.path("mgmt")],
      ...["--", "true"],
    );
    assert.equal(status, 125);
    assert.match(stderr, /--quixote-socket does not go with --tsem-internal/);
  });
});
