// SPDX-License-Identifier: Apache-2.0
// A release of a small program, and what galgo model diff says of it in each of its forms.
import assert from "node:assert/strict";
import { appendFileSync, copyFileSync, readFileSync, rmSync } from "node:fs";
import { describe, it } from "node:test";
import { Place } from "../cli/galgo.ts";

const HOSTILE = "odd\u001b[2J`name";

async function releases(place: Place): Promise<void> {
  for (const name of ["a", "b", "settings", HOSTILE]) place.write(name, name);
  // the shell is a copy, so that it can have an update
  copyFileSync("/bin/sh", place.path("shell"));
  const program = (lines: readonly string[]) =>
    place.write("job.sh", `#!${place.path("shell")}\n${lines.join("\n")}\n`, 0o755);
  const learn = async (model: string) => {
    const made = await place.galgo("learn", "-o", model, "--name", "job", "--", "./job.sh");
    assert.equal(made.status, 0, made.stderr);
  };
  program(["cat settings a >/dev/null", "head -c1 a >/dev/null"]);
  await learn("v1.json");
  place.write("settings", "other settings");
  appendFileSync(place.path("shell"), "an update");
  program([
    "cat settings a >/dev/null",
    `cat "$(printf 'odd\\033[2J\`name')" >/dev/null`,
    "sort b >/dev/null",
    "echo done >made",
  ]);
  await learn("v2.json");
}

describe("galgo model diff", () => {
  it("reads like a changelog, and is the same in all forms", async (t) => {
    const place = new Place(t);
    await releases(place);
    const { status, stdout, stderr } = await place.galgo("model", "diff", "v1.json", "v2.json");
    assert.equal(status, 1);
    const parts = stdout.split("\n\n");
    assert.match(parts[0] ?? "", /^New content\n[\s\S]*~ \S*\/settings \(1 behaviour the same/);
    assert.match(parts[0] ?? "", /~ program \S*\/shell/);
    const of = (name: RegExp) => parts.find((part) => name.test(part.split("\n")[0] ?? "")) ?? "";
    assert.match(of(/shell$/), /starts programs\n {4}\+ runs \S*sort\n {4}- runs \S*head/);
    assert.match(of(/shell$/), /writes and creates\n[\s\S]*\/made/);
    assert.match(of(/cat$/), /reads\n {4}\+ opens "\S*\/odd\\x1b\[2J`name" for reading/);
    assert.match(of(/sort {2}\(new program\)$/), /reads what programs start with/);
    assert.match(of(/head {2}\(gone\)$/), /- opens \S*\/a for reading/);
    assert.doesNotMatch(stdout, /\/a for reading\n[\s\S]*\+ opens \S*\/a for/);
    assert.match(stderr, /behaviours more, \d+ less.*new content of \d+ files?; \d+ the same/);

    const json = JSON.parse(
      (await place.galgo("model", "diff", "v1.json", "v2.json", "--json")).stdout,
    );
    assert.equal(json.same, false);
    const sort = json.programs.find((p: { chain: string[] }) => p.chain.at(-1)?.endsWith("sort"));
    assert.equal(sort.status, "new");
    const shell = json.programs.find((p: { chain: string[] }) => p.chain.length === 1);
    const started = shell.added.filter((change: { kind: string }) => change.kind === "programs");
    const [coefficient] = started[0].coefficients;

    const sarif = JSON.parse(
      (await place.galgo("model", "diff", "v1.json", "v2.json", "--sarif")).stdout,
    );
    const [{ results }] = sarif.runs;
    const result = results.find(
      (r: { partialFingerprints: Record<string, string> }) =>
        r.partialFingerprints["galgoBehaviour/v1"] === coefficient,
    );
    assert.equal(result.ruleId, "behaviour-added/programs");
    assert.equal(result.level, "error");
    const { artifactLocation, region } = result.locations[0].physicalLocation;
    assert.equal(artifactLocation.uri, "v2.json");
    const line = readFileSync(place.path("v2.json"), "utf8").split("\n")[region.startLine - 1];
    assert.ok(line?.includes(coefficient), line);

    const { stdout: markdown } = await place.galgo(
      "model",
      "diff",
      "v1.json",
      "v2.json",
      "--markdown",
    );
    assert.match(markdown, /^## What the workload does: `v1\.json` -> `v2\.json`$/m);
    assert.equal(markdown.split("```").length % 2, 1);
    assert.equal(markdown.includes("\u001b"), false);
    assert.match(markdown, /odd\\x1b\[2J'name/);

    rmSync(place.path("v1.json.records.jsonl"));
    const nameless = await place.galgo("model", "diff", "v1.json", "v2.json");
    assert.equal(nameless.status, 1);
    assert.match(
      nameless.stdout,
      /Behaviours that no record names\n {4}- \d+ behaviours: [0-9a-f]{64}/,
    );
    assert.match(nameless.stderr, /v1\.json\.records\.jsonl is not there/);
  });

  it("refuses two forms at once", async (t) => {
    const place = new Place(t);
    const { status, stderr } = await place.galgo("model", "diff", "a", "b", "--json", "--sarif");
    assert.equal(status, 2);
    assert.match(stderr, /cannot be used with/);
  });
});
