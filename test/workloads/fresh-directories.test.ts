// SPDX-License-Identifier: Apache-2.0
// A program that is run in another directory each time, as in a checkout of a build server or of another person: a model of one directory does
// not fit another one; a model of three of them fits the fourth, because the component that differs is found to be a name that does not count.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readRunRecord, type RunRecord } from "../../src/orchestrator/run-record.ts";
import { type Outcome, Place } from "../cli/galgo.ts";

const VIOLATED = 121;
/** What a build does: reads its sources, makes a folder, writes and reads what it has written, runs what lies in the checkout. */
const SCRIPT = `set -eu
mkdir out
sort names.txt >out/sorted.txt
uniq -c out/sorted.txt >out/counted.txt
sh tools/report.sh
rm out/sorted.txt
`;

/** Names of checkouts: as people choose them, and as machines do. */
const KINDS: Readonly<Record<string, readonly [string, string, string, string, string]>> = {
  "that people have named": ["blue-sky", "main", "second_try", "for.anna", "old"],
  "with random names": [
    "build-0a91c3f7",
    "build-b7e4512d",
    "build-33d0c86a",
    "build-f1c2a9d0",
    "build-90e7b6a4",
  ],
};

/** Checkouts beside each other, and galgo in them. */
class Checkouts {
  readonly place: Place;

  constructor(place: Place) {
    this.place = place;
    mkdirSync(place.path("srv/checkouts"), { recursive: true });
  }

  /** A new one of the same content. */
  fresh(name: string): string {
    const at = join("srv/checkouts", name);
    mkdirSync(this.place.path(join(at, "tools")), { recursive: true });
    this.place.write(join(at, "names.txt"), "b\na\nb\n");
    this.place.write(join(at, "build.sh"), SCRIPT);
    this.place.write(join(at, "tools/report.sh"), "cat out/counted.txt\n");
    return this.place.path(at);
  }

  async learn(folder: string, model: string): Promise<string> {
    const file = this.place.path(model);
    const ended = await this.#galgo(folder, "learn", "--name", "build", "-o", file);
    assert.equal(ended.status, 0, ended.stderr);
    return file;
  }

  enforce(folder: string, model: string): Promise<Outcome> {
    return this.#galgo(folder, "run", "--name", "build", "-m", model, "--enforce");
  }

  record(): RunRecord {
    return readRunRecord(join(this.place.state, "build", "latest", "run.json"));
  }

  #galgo(folder: string, ...words: readonly string[]): Promise<Outcome> {
    const command = ["--", "sh", "build.sh"];
    return this.place.wrapped(["env", "-C", folder], [...words, ...command]).ended;
  }
}

describe("a model of three runs, each in a directory of its own", () => {
  for (const [kind, [first, second, third, fourth, fifth]] of Object.entries(KINDS)) {
    it(`fits a fourth one, and tells what lies in it (directories ${kind})`, async (t) => {
      const checkouts = new Checkouts(new Place(t));
      const { place } = checkouts;
      const models: string[] = [];
      for (const name of [first, second, third])
        models.push(await checkouts.learn(checkouts.fresh(name), `${name}.json`));
      const merged = place.path("build.json");
      const { status, stderr } = await place.galgo("model", "merge", "-o", merged, ...models);
      assert.equal(status, 0, stderr);

      const folder = checkouts.fresh(fourth);
      const alone = await checkouts.enforce(folder, models[0] ?? "");
      assert.equal(alone.status, VIOLATED, alone.stderr);
      assert.match(alone.stderr, /violation 1: \S*sh opens \S*\/build\.sh for reading; denied/);

      const there = await checkouts.enforce(folder, merged);
      assert.equal(there.status, 0, there.stderr);
      const { outcome, modelState } = checkouts.record();
      assert.equal(outcome?.state, modelState);

      const other = checkouts.fresh(fifth);
      place.write(join("srv/checkouts", fifth, "tools/report.sh"), "cat /etc/passwd\n");
      const changed = await checkouts.enforce(other, merged);
      assert.equal(changed.status, VIOLATED, changed.stderr);
      const reads = /violation 1: .*sh opens \S*\/tools\/report\.sh for reading; denied/;
      assert.match(changed.stderr, reads);
      assert.doesNotMatch(changed.stdout, /root:/);
    });
  }
});
