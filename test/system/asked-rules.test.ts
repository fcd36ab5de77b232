// SPDX-License-Identifier: Apache-2.0
// Rules that are asked for when a model is learned: what they let vary, and what they do not.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, realpathSync } from "node:fs";
import { before, describe, it } from "node:test";
import type { WorkloadModel } from "../../src/model/index.ts";
import { Place } from "../cli/galgo.ts";
import { buildLaunchers } from "../helpers/built.ts";

before(() => {
  buildLaunchers();
});

async function learned(
  place: Place,
  rules: readonly string[],
  command: readonly string[],
): Promise<WorkloadModel["spec"]> {
  const asked = rules.flatMap((rule) => ["--rule", rule]);
  const { status, stderr } = await place.galgo("learn", "-o", "m.json", ...asked, "--", ...command);
  assert.equal(status, 0, stderr);
  return (JSON.parse(readFileSync(place.path("m.json"), "utf8")) as WorkloadModel).spec;
}

const enforced = (place: Place, command: readonly string[]) =>
  place.galgo("run", "-m", "m.json", "--enforce", "--", ...command);

describe("a rule that is asked for", { concurrency: 2 }, () => {
  it("lets names and contents of a folder vary, and nothing beside it", async (t) => {
    const place = new Place(t);
    mkdirSync(place.path("data"));
    place.write("data/one", "1\n");
    place.write("secret", "x\n");
    const folder = realpathSync(place.path("data"));
    const cat = ["cat", "data/one"];
    const spec = await learned(place, [`no-digest:${folder}/{name}`], cat);
    const own = spec.profile.rules.filter((rule) => "asked" in rule);
    assert.deepEqual(own, [
      { rule: "path-template", template: `${folder}/{name}`, asked: true },
      { rule: "no-digest", path: `${folder}//{name}`, asked: true },
    ]);
    place.write("data/two words", "2\n");
    const fine = await enforced(place, ["cat", "data/two words"]);
    assert.deepEqual([fine.status, fine.stdout], [0, "2\n"], fine.stderr);
    const refused = await enforced(place, ["cat", "secret"]);
    assert.equal(refused.stdout, "");
    assert.match(refused.stderr, /cat opens .*\/secret for reading; denied/);
    const led = await enforced(place, ["cat", "data/../secret"]);
    assert.equal(led.stdout, "");
  });

  it("lets ports of one program vary in a range, and no others", async (t) => {
    const place = new Place(t);
    const bash = realpathSync("/bin/bash");
    const connect = (port: number): readonly string[] => {
      const script = "(exec 3<>/dev/tcp/127.0.0.1/$1) 2>/dev/null; echo over";
      return ["bash", "-c", script, "bash", String(port)];
    };
    await learned(place, [`ports:${bash}:connect:20000-20999`], connect(20_001));
    const fine = await enforced(place, connect(20_777));
    assert.deepEqual([fine.status, fine.stdout], [0, "over\n"], fine.stderr);
    assert.doesNotMatch(fine.stderr, /violation/);
    const refused = await enforced(place, connect(21_000));
    assert.match(refused.stderr, /bash connects to 127\.0\.0\.1:21000/);
  });
});
