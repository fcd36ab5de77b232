// SPDX-License-Identifier: Apache-2.0
// Learning and enforcing for real, through the command line.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import type { RunRecord } from "../../src/orchestrator/index.ts";
import { Place } from "../cli/galgo.ts";
import { buildLaunchers } from "../helpers/built.ts";

before(() => {
  buildLaunchers();
});

async function runRecord(place: Place, name: string): Promise<RunRecord> {
  const { stdout, stderr } = await place.galgo("show", name, "run", "--json");
  assert.equal(stderr, "");
  return JSON.parse(stdout) as RunRecord;
}

/** @returns what Galgo said */
async function learn(place: Place, script: string, ...options: string[]): Promise<string> {
  const { status, stderr } = await place.galgo(
    "learn",
    "-o",
    "m.json",
    ...options,
    "--",
    "sh",
    "-c",
    script,
  );
  assert.equal(status, 0, stderr);
  assert.match(stderr, /none lost/);
  return stderr;
}

const enforce = (place: Place, script: string, ...options: string[]) =>
  place.galgo("run", "-m", "m.json", "--enforce", ...options, "--", "sh", "-c", script);

describe("a learned pipeline", () => {
  const PIPELINE = "grep -c apple fruits.txt | cat; grep pear fruits.txt";

  it("runs again without a violation, and ends in the state of its model", async (t) => {
    const place = new Place(t);
    place.write("fruits.txt", "apple\npear\n");
    await learn(place, PIPELINE);
    const { status, stdout, stderr } = await enforce(place, PIPELINE);
    assert.equal(status, 0, stderr);
    assert.equal(stdout, "1\npear\n");
    assert.equal(stderr, "");
    const { outcome, modelState, status: how } = await runRecord(place, "sh");
    assert.equal(how, "finished");
    assert.equal(outcome?.state, modelState);
    assert.deepEqual(outcome?.counts.violations, 0);
    assert.deepEqual(outcome?.counts.lost, 0);
  });

  it("is refused what it did not do, at once, with who and what and why", async (t) => {
    const place = new Place(t);
    place.write("fruits.txt", "apple\npear\n");
    await learn(place, PIPELINE);
    const { status, stdout, stderr } = await enforce(place, "cat fruits.txt; grep pear fruits.txt");
    assert.equal(status, 121, stderr);
    // the child that became cat is refused; the shell itself did nothing new and goes on
    assert.equal(stdout, "pear\n");
    assert.match(
      stderr,
      /violation 1: \S*sh > \S*cat opens \S*fruits\.txt for reading; denied.*galgo why sh 1/,
    );
    const why = await place.galgo("why", "sh", "1");
    assert.equal(why.status, 0, why.stderr);
    assert.match(why.stdout, /what +opens \S*fruits\.txt/);
    assert.match(why.stdout, /held for [\d.]+ (?:µs|ms)/);
    assert.match(
      why.stdout,
      /Nearest allowed[\s\S]*grep opens \S*fruits\.txt[\s\S]*program +allowed \S*grep +here \S*cat/,
    );
    assert.match(why.stdout, /galgo model amend \S*m\.json sh 1$/m);
    const json = JSON.parse((await place.galgo("why", "sh", "--json")).stdout);
    assert.equal(json.mark.decision, "denied");
    assert.equal(json.nearest.length > 0, true);
    const changed = await runRecord(place, "sh");
    assert.notEqual(changed.outcome?.state, changed.modelState);
  });

  it("only records in the mode detect", async (t) => {
    const place = new Place(t);
    place.write("fruits.txt", "apple\n");
    await learn(place, "grep -c apple fruits.txt");
    const { status, stdout, stderr } = await place.galgo(
      "run",
      "-m",
      "m.json",
      "--",
      "sh",
      "-c",
      "cat fruits.txt; exit 3",
    );
    assert.equal(status, 3);
    assert.equal(stdout, "apple\n");
    assert.match(stderr, /only recorded/);
    const shown = await place.galgo("show", "sh", "forensics");
    assert.match(shown.stdout, /cat opens \S*fruits\.txt for reading \[observed\]/);
  });
});

describe("reading one file in three ways", () => {
  const WAYS = [
    ["cat", "cat secret.txt"],
    ["grep", "grep word secret.txt"],
    ["the shell itself", 'while read -r l; do echo "$l"; done < secret.txt'],
  ] as const;

  it("is three behaviours; the one that reads becomes untrusted", async (t) => {
    const place = new Place(t);
    place.write("secret.txt", "word\n");
    // every program is learned, so that only the reading itself is new
    await learn(place, "cat /dev/null; grep x /dev/null; read -r l < /dev/null; :");
    const coefficients = new Set<string>();
    const chains: string[] = [];
    for (const [title, script] of WAYS) {
      const { status, stdout, stderr } = await enforce(place, `${script}; :`);
      assert.equal(status, 121, `${title}: ${stderr}`);
      assert.equal(stdout, "");
      const { event, mark, chain } = JSON.parse((await place.galgo("why", "sh", "--json")).stdout);
      assert.equal(event.hook, "file_open", title);
      coefficients.add(mark.coefficient);
      chains.push(
        chain.map(({ program }: { program: string }) => program.replace(/.*\//, "")).join(" "),
      );
    }
    assert.equal(coefficients.size, 3);
    assert.equal(new Set(chains).size, 3, chains.join(", "));
    // the first two acted in a child of the shell, the third in the shell
    assert.deepEqual(
      chains.map((chain) => chain.split(" ").length),
      [2, 2, 1],
    );
  });
});

describe("policies", () => {
  it("kill ends every process of the workload", async (t) => {
    const place = new Place(t);
    await learn(place, "sleep 0 & wait");
    const { status, stderr } = await enforce(
      place,
      "sleep 1000 & echo $! > pid; wait",
      "--on-violation",
      "kill",
    );
    assert.equal(status, 121, stderr);
    assert.match(stderr, /the workload was killed: the model was violated/);
    assert.match((await runRecord(place, "sh")).outcome?.killed ?? "", /violated/);
  });

  it("observe refuses nothing and passes the status on", async (t) => {
    const place = new Place(t);
    await learn(place, ":");
    const { status, stdout } = await enforce(
      place,
      "cat /dev/null; echo on; exit 4",
      "--on-violation",
      "observe",
    );
    assert.equal(status, 4);
    assert.equal(stdout, "on\n");
  });

  it("deny can pass the command's own status on", async (t) => {
    const place = new Place(t);
    await learn(place, ":");
    const { status } = await enforce(place, "cat /dev/null || exit 5", "--pass-status");
    assert.equal(status, 5);
  });
});

describe("learning in several runs", () => {
  it("adds what each run brings, and keeps the records beside the model", async (t) => {
    const place = new Place(t);
    // the first run makes the file, the second finds it
    const script = "echo x > made.txt";
    const stderr = await learn(place, script, "--runs", "2");
    assert.match(stderr, /run 1 of 2: \d+ new behaviours/);
    assert.match(stderr, /run 2 of 2: [1-9] new behaviours?/);
    assert.equal((await enforce(place, script)).status, 0);
    assert.deepEqual(place.files(), ["m.json", "m.json.records.jsonl", "made.txt", "state"]);
    const model = JSON.parse(readFileSync(place.path("m.json"), "utf8"));
    assert.equal(model.spec.completeness.runs, 2);
    assert.equal(model.spec.sealed, true);
  });

  it("gives models that can be compared and merged", async (t) => {
    const place = new Place(t);
    place.write("a.txt", "a");
    place.write("b.txt", "b");
    for (const name of ["a", "b"]) {
      const made = await place.galgo(
        "learn",
        "--name",
        "job",
        "-o",
        `${name}.json`,
        "--",
        "cat",
        `${name}.txt`,
      );
      assert.equal(made.status, 0, made.stderr);
    }
    const diff = await place.galgo("model", "diff", "a.json", "b.json");
    assert.equal(diff.status, 1);
    assert.match(diff.stdout, /^\S*cat$\n {2}reads\n {4}\+ opens \S*b\.txt for reading$/m);
    assert.match(diff.stdout, /^ {4}- opens \S*a\.txt for reading$/m);
    assert.equal((await place.galgo("model", "diff", "a.json", "a.json")).status, 0);
    const merged = await place.galgo("model", "merge", "-o", "both.json", "a.json", "b.json");
    assert.equal(merged.status, 0, merged.stderr);
    const both = await place.galgo("run", "-m", "both.json", "--enforce", "--", "cat", "b.txt");
    assert.deepEqual([both.status, both.stdout], [0, "b"]);
  });
});

describe("what a run leaves", () => {
  it("can be shown as data", async (t) => {
    const place = new Place(t);
    const { status, stderr } = await place.galgo(
      "run",
      "--name",
      "job",
      "--",
      "sh",
      "-c",
      "cat /dev/null",
    );
    assert.equal(status, 0);
    assert.match(stderr, /recorded; galgo show job/);
    const show = async (what: string, ...more: string[]) =>
      (await place.galgo("show", "job", what, ...more)).stdout.trimEnd();
    const coefficients = (await show("coefficients")).split("\n");
    const counts = (await show("counts")).split("\n");
    const trajectory = (await show("trajectory")).split("\n");
    assert.equal(coefficients.length, counts.length);
    assert.equal(coefficients.length, trajectory.length);
    assert.match(await show("state"), /^[0-9a-f]{64}$/);
    assert.match(await show("measurement"), /^[0-9a-f]{64}$/);
    for (const line of (await show("trajectory", "--json")).split("\n"))
      assert.ok("event" in JSON.parse(line));
    const model = JSON.parse(await show("model", "--json"));
    assert.deepEqual([...coefficients].sort(), model.spec.points);
    assert.equal(model.spec.state, await show("state"));
  });

  it("is readable by the owner only", async (t) => {
    const place = new Place(t);
    await place.galgo("run", "--name", "job", "--", "true");
    const { stdout } = await place.galgo("show", "job", "run");
    const folder = /records +(\S+)/.exec(stdout)?.[1] ?? "";
    assert.ok(existsSync(`${folder}/trajectory.jsonl`));
  });
});

describe("quickstart", () => {
  it("refuses all three, tells why, and leaves nothing behind", async (t) => {
    const place = new Place(t);
    const { status, stdout, stderr } = await place.start(["quickstart"], { TMPDIR: place.folder })
      .ended;
    assert.equal(status, 0, stdout + stderr);
    assert.equal(stdout.match(/^ +refused /gm)?.length, 3, stdout);
    assert.match(stdout, /0 violations[\s\S]*the same/);
    assert.match(stdout, /median .* p99 /);
    assert.deepEqual(
      place.files().filter((file) => file.startsWith("galgo")),
      [],
    );
  });

  it("gives the same as JSON", async (t) => {
    const { status, stdout } = await new Place(t).galgo("quickstart", "--json");
    const story = JSON.parse(stdout);
    assert.equal(status, 0);
    assert.equal(story.good, true);
    assert.deepEqual(
      story.attempts.map(({ refused }: { refused: boolean }) => refused),
      [true, true, true],
    );
    for (const { stateAfter } of story.attempts) assert.notEqual(stateAfter, story.stateBefore);
  });
});

describe("doctor", () => {
  it("finds this machine usable, in words and as JSON", async (t) => {
    const place = new Place(t);
    const words = await place.galgo("doctor");
    assert.equal(words.status, 0, words.stderr);
    assert.match(words.stdout, /seccomp +usable/);
    const { facts, sensors } = JSON.parse((await place.galgo("doctor", "--json")).stdout);
    assert.ok(facts.length > 15);
    assert.equal(sensors[0].usable, true);
    const loads = facts.find(({ id }: { id: string }) => id === "bpf-lsm-load");
    assert.equal(typeof loads.ok, "boolean");
    const [bpf] = sensors.filter(({ sensor }: { sensor: string }) => sensor === "bpf");
    if (loads.ok) return;
    // each reason names what was found
    assert.ok(bpf.reasons.length > 0);
    for (const reason of bpf.reasons) assert.match(reason, / \(.+\)$/);
    const refused = await place.galgo("run", "--sensor", "bpf", "--", "true");
    assert.equal(refused.status, 125);
    assert.match(refused.stderr, /^galgo: the bpf sensor can not be used here: .*\n$/);
  });

  it("has nothing to clean up where no Galgo died, and leaves nothing itself", async (t) => {
    const place = new Place(t);
    const { status, stdout } = await place.galgo("doctor", "--cleanup", "--json");
    assert.equal(status, 0);
    assert.equal(JSON.parse(stdout).left, 0);
    assert.equal((await place.galgo("doctor", "--cleanup")).stdout, "nothing was left\n");
  });
});
