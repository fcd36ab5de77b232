// SPDX-License-Identifier: Apache-2.0
// galgo replay as a user calls it: every option, every way in.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { parseRecord, writeRecord } from "../../src/event/index.ts";
import { createMapper } from "../../src/model/index.ts";
import { aFile, anEvent } from "../helpers/events.ts";
import { aggregateRecord, NO_CONTENT, openRecord, SHORT_LOG } from "../helpers/kernel-records.ts";
import { testHasher } from "../helpers/test-hasher.ts";
import { GALGO, type Outcome, Place } from "./galgo.ts";
import { A, AGGREGATE, B, C, coefficients, complaint, lines, modelOf } from "./replay-parts.ts";

/** Runs galgo with something on its stdin. */
async function fed(
  place: Place,
  input: Uint8Array | string,
  args: readonly string[],
): Promise<Outcome> {
  const [command = "", ...before] = GALGO;
  const child = spawn(command, [...before, ...args], {
    cwd: place.folder,
    env: { ...process.env, GALGO_STATE_DIR: place.state, NO_COLOR: "1" },
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (part: string) => {
      output[name] += part;
    });
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const [status, signal] = await once(child, "close");
  return { status, signal, ...output };
}

describe("galgo replay", { concurrency: 2 }, () => {
  it("sums up what a stream holds", async (t) => {
    const place = new Place(t);
    place.write(
      "s",
      lines(
        aggregateRecord(AGGREGATE),
        A,
        B,
        A,
        openRecord("/x", { kind: "async_event" }),
        SHORT_LOG,
      ),
    );
    const { status, stdout, stderr } = await place.galgo("replay", "s");
    assert.equal(status, 0);
    assert.equal(stderr, "");
    assert.match(stdout, /^records +6: 3 event, 1 async_event, 1 log, 1 aggregate$/m);
    assert.match(stdout, /^events +4 modeled, none lost$/m);
    assert.match(stdout, /^ {2}not told +1 log record without the event$/m);
    assert.match(stdout, /^behaviours +3$/m);
    assert.match(stdout, /^aggregate +(?:ab){32} \(of the stream\)$/m);
    assert.deepEqual(place.files(), ["s"]);
  });

  it("prints one line for each record with --coefficients", async (t) => {
    const place = new Place(t);
    const name = openRecord("/a\nb\nc");
    place.write(
      "s",
      lines(aggregateRecord(AGGREGATE), A, "", SHORT_LOG, NO_CONTENT, name, "nonsense", B, A),
    );
    const [a, n, b] = coefficients([A, name, B]);
    const { status, stdout } = await place.galgo("replay", "s", "--coefficients");
    assert.equal(status, 0);
    assert.equal(stdout, lines("-", a ?? "", "-", "-", n ?? "", "-", b ?? "", a ?? ""));
    const json = await place.galgo("replay", "s", "--coefficients", "--json");
    assert.deepEqual(JSON.parse(json.stdout), [null, a, null, null, n, null, b, a]);
  });

  it("prints the state and the measurement by themselves", async (t) => {
    const place = new Place(t);
    place.write("s", lines(B, A));
    const model = modelOf(coefficients([B, A]));
    const state = await place.galgo("replay", "s", "--state");
    assert.deepEqual([state.status, state.stdout], [0, lines(model.state())]);
    const both = await place.galgo("replay", "s", "--measurement", "--state", "--json");
    assert.deepEqual(JSON.parse(both.stdout), {
      state: model.state(),
      measurement: model.measurement(),
    });
  });

  it("takes the aggregate of the stream, else the one given, else zeros; and a base", async (t) => {
    const place = new Place(t);
    const given = "cd".repeat(32);
    place.write("without", lines(A));
    place.write("with", lines(aggregateRecord(AGGREGATE), A));
    const points = coefficients([A]);
    const state = async (...args: string[]) =>
      (await place.galgo("replay", ...args, "--state")).stdout.trim();
    assert.equal(await state("without"), modelOf(points).state());
    assert.equal(
      await state("without", "--aggregate", given),
      modelOf(points, { aggregate: given }).state(),
    );
    const both = await place.galgo("replay", "with", "--aggregate", given, "--state");
    assert.equal(both.stdout.trim(), modelOf(points, { aggregate: AGGREGATE }).state());
    assert.match(
      both.stderr,
      /aggregate in line 1 differs from --aggregate: that of the stream counts/,
    );
    assert.equal(
      await state("with", "--base", given),
      modelOf(points, { aggregate: AGGREGATE, base: given }).state(),
    );
  });

  it("maps by the mapping and the digest that are asked for", async (t) => {
    const place = new Place(t);
    const record = openRecord("/a", { taskId: "12".repeat(48) });
    place.write("s", lines(record));
    const sha384 = await place.galgo("replay", "s", "--digest", "sha384", "--coefficients");
    assert.deepEqual(sha384.stdout.trim(), coefficients([record], "sha384")[0]);
    const typed = A.replace('"pathname"', '"type": "root", "pathname"');
    place.write("q", lines(typed));
    const quixote = await place.galgo("replay", "q", "--mapping", "quixote-2025", "--coefficients");
    assert.equal(quixote.stdout.trim(), coefficients([typed], "sha256", "quixote-2025")[0]);
  });

  it("rewrites when a profile is asked for", async (t) => {
    const place = new Place(t);
    const records = [
      openRecord("/proc/81/stat", { pid: 81 }),
      openRecord("/proc/82/stat", { pid: 82 }),
      openRecord("/proc/82/stat", { pid: 81 }),
    ];
    place.write("s", lines(...records, ...records));
    const { stdout } = await place.galgo("replay", "s", "--profile", "portable", "--coefficients");
    const [a, b, c, ...again] = stdout.trim().split("\n");
    assert.equal(a, b);
    assert.notEqual(a, c);
    assert.deepEqual(again, [a, b, c]);
  });

  it("reads stdin, gzip, CR LF, a last line without newline, bytes that are no UTF-8", async (t) => {
    const place = new Place(t);
    const odd = Buffer.from(
      lines(openRecord("/\u00ff\u00fe"), A).trimEnd().replaceAll("\n", "\r\n"),
      "latin1",
    );
    const file = join(place.folder, "s");
    writeFileSync(file, odd);
    const plain = await place.galgo("replay", file, "--coefficients");
    assert.equal(plain.stderr, "");
    assert.match(plain.stdout, /^[0-9a-f]{64}\n[0-9a-f]{64}\n$/);
    writeFileSync(`${file}.gz`, gzipSync(odd));
    for (const outcome of [
      await place.galgo("replay", `${file}.gz`, "--coefficients"),
      await fed(place, odd, ["replay", "-", "--coefficients"]),
      await fed(place, gzipSync(odd), ["replay", "-", "--coefficients"]),
    ]) {
      assert.equal(outcome.stdout, plain.stdout, outcome.stderr);
    }
  });

  it("of nothing is nothing", async (t) => {
    const place = new Place(t);
    const { status, stdout } = await fed(place, "", ["replay", "-", "--coefficients"]);
    assert.deepEqual([status, stdout], [0, ""]);
    assert.equal(
      (await fed(place, "", ["replay", "-", "--state"])).stdout.trim(),
      modelOf([]).state(),
    );
  });
});

describe("a stream that is held against a model", { concurrency: 2 }, () => {
  async function learned(t: TestContext): Promise<Place> {
    const place = new Place(t);
    place.write("first", lines(A, B));
    const made = await place.galgo("replay", "first", "-o", "m.json");
    assert.equal(made.status, 0, made.stderr);
    assert.deepEqual(place.files(), ["first", "m.json", "m.json.records.jsonl"]);
    return place;
  }

  it("is inside with status 0, outside with status 121 and the violations", async (t) => {
    const place = await learned(t);
    const inside = await place.galgo("replay", "first", "-m", "m.json");
    assert.equal(inside.status, 0, inside.stderr);
    place.write("later", lines(A, C, C, B));
    const outside = await place.galgo("replay", "later", "-m", "m.json", "--detect", "--state");
    assert.equal(outside.status, 121);
    assert.match(outside.stderr, /violation 1: sh opens \/etc\/c for reading; only recorded\n/);
    assert.match(outside.stderr, /1 violation of the model/);
    assert.equal(outside.stdout.trim(), modelOf(coefficients([A, B, C])).state());
  });

  it("keeps to the rules of the model, whose options need not be said and can not be changed", async (t) => {
    const place = await learned(t);
    const same = await place.galgo(
      "replay",
      "first",
      "-m",
      "m.json",
      "--digest",
      "sha256",
      "--mapping",
      "tsem-v4",
    );
    assert.equal(same.status, 0);
    complaint(
      await place.galgo("replay", "first", "-m", "m.json", "--digest", "sha512"),
      /--digest sha512 contradicts the model m\.json, which was made with sha256/,
    );
    complaint(
      await place.galgo("replay", "first", "-m", "m.json", "--profile", "portable"),
      /--profile portable contradicts/,
    );
    complaint(
      await place.galgo("replay", "first", "-m", "m.json", "-o", "x.json"),
      /only held against one/,
    );
  });

  it("leaves a run under a name, for show and why", async (t) => {
    const place = await learned(t);
    place.write("later", lines(A, C));
    const { status, stderr } = await place.galgo(
      "replay",
      "later",
      "-m",
      "m.json",
      "--name",
      "later",
    );
    assert.equal(status, 121);
    assert.match(stderr, /galgo why later 1/);
    const why = await place.galgo("why", "later");
    assert.match(
      why.stdout,
      /opens \/etc\/c for reading[\s\S]*Nearest allowed[\s\S]*allowed \/etc\/[ab] /,
    );
    const run = await place.galgo("show", "later", "run");
    assert.match(run.stdout, /^sensor +replay$/m);
    assert.match(run.stdout, /^command +galgo replay later$/m);
    assert.doesNotMatch(run.stdout, /decision|exit/);
    const counts = await place.galgo("show", "later", "counts");
    assert.deepEqual(counts.stdout.trim().split("\n").sort(), ["0", "1", "1"]);
    const free = await place.galgo("replay", "later", "--name", "free", "--state");
    assert.equal((await place.galgo("show", "free", "state")).stdout, free.stdout);
    const trajectory = await place.galgo("show", "free", "trajectory");
    assert.match(trajectory.stdout, /opens \/etc\/a for reading\n.*opens \/etc\/c for reading\n$/);
  });

  it("that can not be read whole is not said to be inside", async (t) => {
    const place = await learned(t);
    place.write("bad", lines(A, "nonsense"));
    const { status, stderr } = await place.galgo("replay", "bad", "-m", "m.json");
    assert.equal(status, 2);
    assert.match(stderr, /bad: line 2: lost: does not begin as a record does/);
    assert.equal((await place.galgo("replay", "bad", "-m", "m.json", "--allow-loss")).status, 0);
    place.write("worse", lines(C, "nonsense"));
    assert.equal(
      (await place.galgo("replay", "worse", "-m", "m.json", "--allow-loss")).status,
      121,
    );
  });
});

describe("galgo show and why of a stream", { concurrency: 2 }, () => {
  it("replay it, and leave nothing", async (t) => {
    const place = new Place(t);
    place.write("s", lines(A, B, A));
    writeFileSync(place.path("s.gz"), gzipSync(lines(A, B, A)));
    const [a = "", b = ""] = coefficients([A, B]);
    const model = modelOf([a, b]);
    const show = async (what: string, file = "./s") =>
      (await place.galgo("show", file, what)).stdout;
    assert.equal(await show("state"), lines(model.state()));
    assert.equal(await show("state", "./s.gz"), lines(model.state()));
    assert.equal(await show("measurement"), lines(model.measurement()));
    assert.equal(await show("coefficients"), lines(a, b));
    assert.equal(await show("counts"), lines("2", "1"));
    assert.equal(
      await show("trajectory"),
      "sh opens /etc/a for reading\nsh opens /etc/b for reading\n",
    );
    const json = await place.galgo("show", "./s", "trajectory", "--json");
    assert.equal(
      json.stdout
        .trim()
        .split("\n")
        .map((line) => parseRecord(line).hook)
        .join(),
      "file_open,file_open",
    );
    complaint(
      await place.galgo("show", "./s", "run"),
      /recorded stream: it has no run; galgo replay/,
    );
    assert.deepEqual(place.files(), ["s", "s.gz"]);
  });

  it("explain a line of a kernel's forensics", async (t) => {
    const place = new Place(t);
    const forensics = A.replace('"export": {"type": "event"}, ', "").replace('"pid": "81", ', "");
    place.write("forensics", lines(forensics));
    const { status, stdout, stderr } = await place.galgo("why", "./forensics", "1");
    assert.equal(status, 0, stderr);
    assert.match(stdout, /Violation 1 of 1[\s\S]*opens \/etc\/a for reading/);
  });
});

describe("records of Galgo", () => {
  it("replayed give the points of their run; who is who has no coefficient", async (t) => {
    const place = new Place(t);
    const identity = anEvent("bprm_committed_creds", { file: aFile("/bin/sh") });
    const open = anEvent("file_open", { file: aFile('/a "b"\n\u00e9') });
    place.write("t.jsonl", lines(writeRecord(identity), writeRecord(open)));
    const { stdout, stderr } = await place.galgo("replay", "t.jsonl", "--coefficients");
    const wanted = createMapper(testHasher("sha256")).coefficient(open);
    assert.equal(stdout, lines("-", wanted), stderr);
  });
});
