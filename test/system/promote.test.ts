// SPDX-License-Identifier: Apache-2.0
// Graduation: shadow runs count what they would have refused, and a model is promoted when the last ones were clean.
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { describe, it } from "node:test";
import { Place } from "../cli/galgo.ts";

describe("galgo model promote", () => {
  it("refuses until the last shadow runs under this very model were clean", async (t) => {
    const place = new Place(t);
    place.write("job.sh", "#!/bin/sh\ncat a\n[ ! -e odd ] || cat b b\n", 0o755);
    for (const name of ["a", "b"]) place.write(name, name);
    await place.galgo("learn", "-o", "m.json", "--name", "job", "--", "./job.sh");
    const shadow = () => place.galgo("run", "--detect", "-m", "m.json", "--", "./job.sh");
    const promote = () => place.galgo("model", "promote", "m.json", "--runs", "2", "-o", "p.json");

    const none = await promote();
    assert.equal(none.status, 1);
    assert.match(none.stderr, /2 finished shadow runs under this model are wanted, there are 0/);
    assert.match(none.stdout, /not counted +it had no model/);

    await shadow();
    place.write("odd", "");
    assert.equal((await shadow()).status, 0);
    const show = await place.galgo("show", "job", "run");
    assert.match(show.stdout, /^shadow +1 behaviour would have been refused, 2 times$/m);
    assert.match(show.stdout, /^ {2}by +\S*cat: 1, 2 times$/m);
    const { outcome, modelDigest } = JSON.parse(
      (await place.galgo("show", "job", "run", "--json")).stdout,
    );
    assert.equal(outcome.shadow.distinct, 1);
    assert.equal(outcome.shadow.total, 2);
    assert.match(modelDigest, /^[0-9a-f]{64}$/);

    const dirty = await promote();
    assert.equal(dirty.status, 1);
    assert.match(dirty.stdout, /not clean +1 behaviour would have been refused, 2 times/);
    assert.match(dirty.stderr, /galgo why job --run /);
    assert.equal(existsSync(place.path("p.json")), false);

    rmSync(place.path("odd"));
    await shadow();
    assert.equal((await promote()).status, 1);
    await shadow();
    const granted = await promote();
    assert.equal(granted.status, 0, granted.stderr);
    const { promoted, points } = JSON.parse(readFileSync(place.path("p.json"), "utf8")).spec;
    assert.equal(promoted.model, modelDigest);
    assert.equal(promoted.runs, 2);
    assert.equal(promoted.behaviours, points.length);
    assert.match(
      (await place.galgo("model", "show", "p.json")).stdout,
      /^promoted +2 clean shadow runs/m,
    );
    assert.equal(
      (await place.galgo("run", "--enforce", "-m", "p.json", "--", "./job.sh")).status,
      0,
    );

    // what was promoted is another model now, of which nobody has seen anything; and so is one that was amended
    const again = await place.galgo("model", "promote", "p.json", "-o", "q.json", "--json");
    assert.equal(again.status, 1);
    assert.equal(JSON.parse(again.stdout).promoted, false);
    place.write("odd", "");
    await place.galgo("run", "--detect", "-m", "p.json", "--", "./job.sh");
    await place.galgo("model", "amend", "p.json", "job", "--all", "--yes");
    assert.equal(JSON.parse(readFileSync(place.path("p.json"), "utf8")).spec.promoted, undefined);
  });

  it("says what is wrong with what it is given", async (t) => {
    const place = new Place(t);
    place.write("a", "a");
    await place.galgo("learn", "-o", "m.json", "--name", "cat", "--", "cat", "a");
    for (const [args, complaint] of [
      [["m.json", "-o", "p.json", "--runs", "21"], /at most 20 runs/],
      [["m.json", "-o", "p.json", "--runs", "0"], /whole number from 1/],
      [["m.json"], /required option '-o, --output/],
      [["gone.json", "-o", "p.json"], /can not read the model/],
    ] as const) {
      const { status, stderr } = await place.galgo("model", "promote", ...args);
      assert.equal(status, 2, args.join(" "));
      assert.match(stderr, complaint);
    }
  });
});
