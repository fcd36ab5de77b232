// SPDX-License-Identifier: Apache-2.0
// galgo replay when something is wrong: records, words, readers that go, the end by kill.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { parseRecord } from "../../src/event/index.ts";
import { aggregateRecord, NO_CONTENT, openRecord } from "../helpers/kernel-records.ts";
import { Pty } from "../helpers/pty.ts";
import { GALGO, Place } from "./galgo.ts";
import { A, B, C, coefficients, complaint, lines } from "./replay-parts.ts";

describe("records that can not be understood", { concurrency: 2 }, () => {
  it("are named, counted, kept as they were, and keep a model from being written", async (t) => {
    const place = new Place(t);
    const bad = `{"export": {"type": "event"}, "ev\u00ff"}`;
    writeFileSync(place.path("s"), Buffer.from(lines(A, bad, B.slice(0, 100), C), "latin1"));
    const { status, stdout, stderr } = await place.galgo("replay", "s", "--json");
    assert.equal(status, 0);
    const result = JSON.parse(stdout) as {
      lost: number;
      records: { unreadable: number };
      run: string;
    };
    assert.deepEqual([result.lost, result.records.unreadable], [2, 2]);
    assert.match(stderr, /s: line 2: lost: [^\n]+\n[^\n]*s: line 3: lost: /);
    assert.match(stderr, /2 records LOST: .*unreadable\.jsonl\n$/);
    const kept = readFileSync(join(result.run, "unreadable.jsonl"), "utf8").trim().split("\n");
    const texts = kept.map((line) => JSON.parse(line) as { line: number; text: string });
    assert.deepEqual(
      texts.map(({ line }) => line),
      [2, 3],
    );
    assert.equal(texts[0]?.text, bad.replace("\u00ff", "\udcff"));
    assert.equal(texts[1]?.text, B.slice(0, 100));
    const refused = await place.galgo("replay", "s", "-o", "m.json");
    assert.equal(refused.status, 125);
    assert.match(refused.stderr, /no model was written.*--allow-loss/);
    assert.deepEqual(place.files(), ["s", "state"]);
    const allowed = await place.galgo("replay", "s", "-o", "m.json", "--allow-loss");
    assert.equal(allowed.status, 0, allowed.stderr);
    assert.match(readFileSync(place.path("m.json"), "utf8"), /"eventsLost": 2/);
  });

  it("are named one by one only ten times", async (t) => {
    const place = new Place(t);
    place.write("s", lines(A, ...Array.from({ length: 30 }, (_, i) => `nonsense ${i}`)));
    const { stderr } = await place.galgo("replay", "s", "--state");
    assert.equal(stderr.match(/lost:/g)?.length, 10);
    assert.match(stderr, /later losses are only counted/);
    assert.match(stderr, /30 records LOST/);
  });

  it("are lost when there is nothing in them", async (t) => {
    const place = new Place(t);
    place.write("s", lines(A, NO_CONTENT));
    const { stdout, stderr } = await place.galgo("replay", "s");
    assert.match(stdout, /1 lost$/m);
    assert.match(stderr, /line 2: lost: the record has no content/);
  });
});

describe("wrong words to galgo replay", { concurrency: 2 }, () => {
  const cases: [string, string[], RegExp][] = [
    ["no file", ["replay", "none"], /can not read none \(ENOENT\)/],
    ["a folder", ["replay", "."], /can not read \. \(EISDIR\)/],
    ["no model", ["replay", "s", "-m", "none"], /can not read the model none/],
    ["--detect alone", ["replay", "s", "--detect"], /--detect needs a model/],
    [
      "an aggregate that is none",
      ["replay", "s", "--aggregate", "xyz"],
      /--aggregate xyz is not 64 lower-case hex digits/,
    ],
    ["a base of another digest", ["replay", "s", "--base", "ab".repeat(64)], /--base .* is not 64/],
    ["an unknown mapping", ["replay", "s", "--mapping", "tsem-v9"], /Allowed choices are tsem-v4/],
    ["coefficients and state", ["replay", "s", "--coefficients", "--state"], /cannot be used with/],
    ["a bad name", ["replay", "s", "--name", "../x"], /can not name a workload/],
    [
      "an output that can not be written",
      ["replay", "s", "-o", "no/m.json"],
      /can not write no\/m\.json/,
    ],
    [
      "a stream of another digest",
      ["replay", "long", "--state"],
      /long: line 1: TASK_ID has 128 hex digits, those of sha256 have 64; the stream needs --digest sha512/,
    ],
    [
      "an aggregate of another digest",
      ["replay", "aggregate"],
      /aggregate: line 1: aggregate has 96 hex digits.*--digest sha384/,
    ],
    [
      "gzip that was cut",
      ["replay", "cut.gz", "--state"],
      /cut\.gz is compressed by gzip and stops before its end: it was cut/,
    ],
  ];
  for (const [title, args, pattern] of cases) {
    it(`${title}: one line and status 125`, async (t) => {
      const place = new Place(t);
      place.write("s", lines(A));
      place.write("long", lines(openRecord("/a", { taskId: "12".repeat(64) })));
      place.write("aggregate", lines(aggregateRecord("ab".repeat(48)), A));
      const packed = gzipSync(lines(A, B));
      writeFileSync(place.path("cut.gz"), packed.subarray(0, packed.length - 20));
      const before = place.files();
      complaint(await place.galgo(...args), pattern);
      assert.deepEqual(place.files(), before);
    });
  }
});

describe("a long replay", () => {
  it("ends quietly when its reader has gone", async (t) => {
    const place = new Place(t);
    place.write("s", lines(...Array.from({ length: 20_000 }, () => A)));
    const command = [...GALGO, "replay", "s", "--coefficients"]
      .map((word) => `'${word}'`)
      .join(" ");
    const shell = spawn("sh", ["-c", `${command} | head -n 2; echo done >&2`], {
      cwd: place.folder,
      env: { ...process.env, GALGO_STATE_DIR: place.state, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const)
      shell[name].setEncoding("utf8").on("data", (part: string) => {
        output[name] += part;
      });
    await once(shell, "close");
    const [a] = coefficients([A]);
    assert.deepEqual(output, { stdout: lines(a ?? "", a ?? ""), stderr: "done\n" });
  });

  it("that is killed leaves nothing half-written", async (t) => {
    const place = new Place(t);
    place.write("m.json", "old");
    const [command = "", ...before] = GALGO;
    const args = ["replay", "-", "-o", "m.json", "--name", "run"];
    const child = spawn(command, [...before, ...args], {
      cwd: place.folder,
      env: { ...process.env, GALGO_STATE_DIR: place.state },
      stdio: ["pipe", "ignore", "ignore"],
    });
    t.after(() => child.kill("SIGKILL"));
    child.stdin.on("error", () => undefined);
    child.stdin.write(lines(...Array.from({ length: 500 }, (_, i) => openRecord(`/etc/${i}`))));
    const folder = join(place.state, "run");
    while (!existsSync(join(folder, "latest", "trajectory.jsonl")))
      await new Promise((resolve) => setImmediate(resolve));
    child.kill("SIGKILL");
    await once(child, "close");
    assert.deepEqual(place.files(), ["m.json", "state"]);
    assert.equal(readFileSync(place.path("m.json"), "utf8"), "old");
    assert.equal((await place.galgo("show", "run", "state")).status, 125);
    const trajectory = readFileSync(join(folder, "latest", "trajectory.jsonl"), "utf8");
    for (const line of trajectory.split("\n").slice(0, -1)) parseRecord(line);
  });
});

describe("progress", () => {
  it("is told on a terminal while a replay goes on", async (t) => {
    const place = new Place(t);
    place.write("s", lines(A, B, C));
    const galgo = GALGO.map((word) => `'${word}'`).join(" ");
    const stream = `while cat '${place.path("s")}'; do :; done`;
    const pty = new Pty(t, ["sh", "-c", `{ ${stream}; } | TERM=xterm ${galgo} replay - --state`]);
    const [, records = ""] = await pty.expect(/galgo: replaying, ([\d,]+) records/);
    assert.ok(Number(records.replaceAll(",", "")) > 0);
  });
});
