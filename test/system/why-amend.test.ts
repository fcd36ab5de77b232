// SPDX-License-Identifier: Apache-2.0
// From a violation to a model that allows it: why, amend, and the same again without one.
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, it, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { Place } from "../cli/galgo.ts";

const HOSTILE = "evil\u001b[31m name";

/** A script that reads what it is told to, and a model of it that was learned with one file. */
async function learned(t: TestContext): Promise<Place> {
  const place = new Place(t);
  place.write(
    "job.sh",
    '#!/bin/sh\nfor file in "$@"; do cat "$file"; done\n[ ! -e also ] || . ./also\n',
    0o755,
  );
  for (const name of ["a", "b", "c", HOSTILE]) place.write(name, `${name.length}\n`);
  const made = await place.galgo("learn", "-o", "m.json", "--name", "job", "--", "./job.sh", "a");
  assert.equal(made.status, 0, made.stderr);
  return place;
}

const run = (place: Place, how: string, ...args: readonly string[]) =>
  place.galgo("run", "-m", "m.json", how, "--name", "job", "--", "./job.sh", ...args);
const model = (place: Place, name = "m.json") => JSON.parse(readFileSync(place.path(name), "utf8"));

describe("galgo model amend", () => {
  it("adds what a violation showed, after it was shown, and nothing else", async (t) => {
    const place = await learned(t);
    const before = model(place);
    assert.equal((await run(place, "--enforce", "a", "b", "c")).status, 121);
    const why = await place.galgo("why", "job", "1");
    assert.match(why.stdout, /^ {4}galgo model amend m\.json job 1$/m);

    const shown = await place.galgo("model", "amend", "m.json", "job", "1");
    assert.equal(shown.status, 0, shown.stderr);
    assert.match(
      shown.stdout,
      /^\S+ > \S*cat$\n {2}reads\n {4}\+ opens \S*\/b for reading\n\nHow it was learned\n {4}~ added by hand: 0 -> 1\n$/m,
    );
    assert.match(shown.stderr, /nothing was written: --yes changes m\.json/);
    assert.deepEqual(model(place), before);

    const done = await place.galgo("model", "amend", "m.json", "job", "1", "--yes");
    assert.equal(done.status, 0, done.stderr);
    const after = model(place);
    assert.equal(after.spec.points.length, before.spec.points.length + 1);
    assert.deepEqual(after.spec.amended, { points: 1, from: [before.spec.state] });
    assert.match(done.stderr, new RegExp(`${before.spec.state}[\\s\\S]*${after.spec.state}`));

    assert.equal((await run(place, "--enforce", "a", "b")).status, 0);
    assert.equal((await run(place, "--enforce", "a", "c")).status, 121);
    const again = await place.galgo("model", "amend", "m.json", "job", "1", "-o", "n.json");
    assert.equal(again.status, 0, again.stderr);
    assert.equal(model(place, "n.json").spec.amended.points, 2);
  });

  it("takes several violations of one run one after the other, and refuses those of another model", async (t) => {
    const place = await learned(t);
    await run(place, "--enforce", "b", "c");
    for (const number of ["2", "1"]) {
      const { status, stderr } = await place.galgo(
        "model",
        "amend",
        "m.json",
        "job",
        number,
        "--yes",
      );
      assert.equal(status, 0, stderr);
    }
    assert.equal((await run(place, "--enforce", "a", "b", "c")).status, 0);
    const nothing = await place.galgo("model", "amend", "m.json", "job", "--all");
    assert.match(nothing.stderr, /nothing to add/);

    await place.galgo("learn", "-o", "o.json", "--name", "other", "--", "cat", "a");
    await run(place, "--enforce", HOSTILE);
    const other = await place.galgo("model", "amend", "o.json", "job", "1", "--yes");
    assert.equal(other.status, 125);
    assert.match(other.stderr, /under another model[^\n]*--other-model/);
    const forced = await place.galgo(
      "model",
      "amend",
      "o.json",
      "job",
      "1",
      "--yes",
      "--other-model",
    );
    assert.equal(forced.status, 0, forced.stderr);
  });

  it("adds a program that a shadow run has shown, whole; and says what is missing of a part", async (t) => {
    const place = await learned(t);
    place.write("also", "touch made\n");
    assert.equal((await run(place, "--detect", "a")).status, 0);
    const runs = /^new to the model: the program \S*touch/m;
    const why = JSON.parse((await place.galgo("why", "job", "3", "--json")).stdout);
    assert.equal(why.cascade.follows.how, "started");
    assert.equal(why.chain.at(-1).standing, "unknown");
    const part = await place.galgo("model", "amend", "m.json", "job", "4");
    assert.match(part.stderr, /touch may not be started yet: that is violation 2/);
    const all = await place.galgo("model", "amend", "m.json", "job", "--all", "--yes");
    assert.equal(all.status, 0, all.stderr);
    assert.match(all.stderr.replaceAll("galgo: ", ""), runs);
    // what it has made is there now, and would be another behaviour
    rmSync(place.path("made"));
    const again = await run(place, "--enforce", "a");
    assert.equal(again.status, 0, again.stderr);
    assert.equal((await run(place, "--enforce", "b")).status, 121);
  });

  it("is kept by a merge, and counts as no run", async (t) => {
    const place = await learned(t);
    await run(place, "--enforce", "b");
    await place.galgo("model", "amend", "m.json", "job", "--all", "--yes");
    await place.galgo("learn", "-o", "o.json", "--name", "job", "--", "./job.sh", "c");
    const merged = await place.galgo("model", "merge", "-o", "m.json", "m.json", "o.json");
    assert.equal(merged.status, 0, merged.stderr);
    const { spec } = model(place);
    assert.equal(spec.completeness.runs, 2);
    assert.equal(spec.amended.points, 1);
    assert.equal((await run(place, "--enforce", "a", "b", "c")).status, 0);
  });

  it("says what is wrong with what it is given", async (t) => {
    const place = await learned(t);
    await run(place, "--enforce", "b");
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [["m.json", "job"], /which violations\?/],
      [["m.json", "job", "1", "--all"], /either numbers of violations, or --all/],
      [["m.json", "job", "7"], /holds 1, asked for number 7/],
      [["m.json", "job", "x"], /whole number from 1/],
      [["m.json", "m.json", "1"], /is a model/],
      [["m.json", "./m.json.records.jsonl", "1"], /is no violation/],
      [["gone.json", "job", "1"], /can not read the model/],
      [["m.json", "nobody", "1"], /no run named nobody/],
    ];
    for (const [args, complaint] of cases) {
      const { status, stderr, stdout } = await place.galgo("model", "amend", ...args);
      assert.equal(status, 125, args.join(" "));
      assert.match(stderr, complaint);
      assert.equal(stdout, "");
    }
  });
});

describe("galgo why", () => {
  it("quotes names, reads compressed records, and says the same in JSON", async (t) => {
    const place = await learned(t);
    await run(place, "--enforce", HOSTILE, "b");
    const packed = gzipSync(readFileSync(place.path("state/job/latest/forensics.jsonl")));
    writeFileSync(place.path("f.gz"), packed);
    const { stdout, status } = await place.galgo("why", "f.gz", "-m", "m.json");
    assert.equal(status, 0);
    assert.match(stdout, /opens "\S*\/evil\\x1b\[31m name" for reading/);
    assert.equal(stdout.includes("\u001b"), false);
    const json = JSON.parse((await place.galgo("why", "f.gz", "-m", "m.json", "--json")).stdout);
    assert.equal(json.total, 2);
    assert.deepEqual(
      json.chain.map((link: { standing: string }) => link.standing),
      ["known", "known"],
    );
    writeFileSync(place.path("cut.gz"), packed.subarray(0, packed.length / 2));
    const bad = await place.galgo("why", "cut.gz", "-m", "m.json");
    assert.match(bad.stderr, /stops before its end: it was cut/);
  });

  it("offers a rule for a name that looks like one of many", async (t) => {
    const place = new Place(t);
    const names = ["0123456789abcdef", "fedcba9876543210"].map((hex) => `cache.${hex}.js`);
    for (const name of names) place.write(name, "x");
    await place.galgo("learn", "-o", "m.json", "--name", "cat", "--", "cat", names[0] ?? "");
    await place.galgo("run", "-m", "m.json", "--enforce", "--", "cat", names[1] ?? "");
    const { stdout } = await place.galgo("why", "cat");
    assert.match(stdout, /looks like \{hex:16\}/);
    const offered =
      /galgo (model amend m\.json cat --rule) '(path:\S*\/cache\.\{hex:16\}\.js)'/.exec(stdout);
    const [, words = "", rule = ""] = offered ?? [];
    const amended = await place.galgo(...words.split(" "), rule, "--yes");
    assert.equal(amended.status, 0, amended.stderr);
    assert.match(
      amended.stdout,
      /What counts as the same\n {4}\+ names like \S*\{hex:16\}\.js count as one/,
    );
    const again = await place.galgo(
      "run",
      "-m",
      "m.json",
      "--enforce",
      "--",
      "cat",
      names[1] ?? "",
    );
    assert.equal(again.status, 0, again.stderr);
    const known = await place.galgo("model", "amend", "m.json", "cat", "--rule", rule);
    assert.match(known.stderr, /nothing to add/);
    const wrong = await place.galgo("model", "amend", "m.json", "cat", "--rule", "x:y");
    assert.equal(wrong.status, 125);
    assert.match(wrong.stderr, /--rule: x:y is no rule/);
  });
});
