// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { aFile, anEvent, ROOT } from "../../../test/helpers/events.ts";
import { aRunOf } from "../../../test/helpers/models.ts";
import { writeRecord } from "../../event/index.ts";
import type { SecurityEvent, TaskIdentity } from "../../event/index.ts";
import { BUILTIN_PROFILES, modelFromRuns, stringifyWorkloadModel } from "../../model/index.ts";
import type { ReportData } from "../../model/report/data.ts";
import { seccompFidelity } from "../../sensor/seccomp/index.ts";
import { createTma, nodeHasher } from "../../tma/index.ts";
import { recordsFileOf } from "../models/learn-files.ts";
import { addMark } from "../records/marks.ts";
import { collectReport, type ReportRequest } from "./collect.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-collect-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const tma = createTma({
  ...{ mapping: "tsem-v4", digest: "sha256", profile: BUILTIN_PROFILES.portable },
  ...{ points: [], pseudonyms: [], sealed: false },
});

function exec(parent: TaskIdentity, program: string) {
  const file = aFile(program, { digest: "ee".repeat(32) });
  const task = tma.execed(tma.forked(parent), ROOT, file);
  return { task, record: anEvent("bprm_committed_creds", { file }, { task }) };
}

let clock = 0n;
function open(task: TaskIdentity, path: string, pid = 10): SecurityEvent {
  clock += 1_000_000n;
  return anEvent("file_open", { file: aFile(path) }, { task, pid, tgid: pid, ts: clock });
}

const sh = exec(tma.root, "/bin/sh");
const cat = exec(sh.task, "/bin/cat");
const EVIL = "/data/</script>\u202e\u001b[31m";

function writeModel(name: string, events: readonly SecurityEvent[]): string {
  const { model } = modelFromRuns([aRunOf(events)], {
    ...{ name, profile: BUILTIN_PROFILES.portable, hasher: nodeHasher("sha256") },
    ...{ sealed: true, fidelity: seccompFidelity([]) },
  });
  const file = join(folder, `${name}.json`);
  writeFileSync(file, stringifyWorkloadModel(model));
  writeFileSync(recordsFileOf(file), linesOf(events));
  return file;
}

const linesOf = (events: readonly SecurityEvent[]): string =>
  events.map((event) => `${writeRecord(event)}\n`).join("");

const modelFile = writeModel("small", [
  sh.record,
  cat.record,
  open(sh.task, "/a"),
  open(cat.task, "/b"),
]);
const otherFile = writeModel("other", [sh.record, open(sh.task, "/a"), open(sh.task, "/new")]);

/** A run under the small model, with violations. */
function writeRun(id: string, violations: readonly SecurityEvent[], changes: object = {}): string {
  const path = join(folder, "state/job", id);
  mkdirSync(path, { recursive: true });
  const run = {
    ...{ apiVersion: "galgo.dev/v1", kind: "Run", name: "job", runId: id, status: "finished" },
    ...{ galgoPid: 1, command: ["sh", EVIL], cwd: folder, mode: "enforce", onViolation: "deny" },
    ...{ sensor: "seccomp", mapping: "tsem-v4", digest: "sha256", profile: "portable" },
    ...{ modelFile, started: "2026-11-22T00:00:00.000Z" },
    outcome: {
      ...{ ended: "2026-11-22T00:00:01.000Z", durationMs: 1_000, exit: { code: 1 }, losses: [] },
      counts: { events: 9, points: 3, violations: violations.length, refused: 1, lost: 0 },
      ...{ state: "aa", measurement: "bb" },
      latency: { count: 9, medianUs: 1, p99Us: 2, maxUs: 3 },
    },
    ...changes,
  };
  writeFileSync(join(path, "run.json"), JSON.stringify(run));
  writeFileSync(join(path, "trajectory.jsonl"), linesOf([sh.record]));
  const marked = violations.map((event, index) =>
    addMark(writeRecord(event), { kind: "violation", number: index + 1, decision: "denied" }),
  );
  const refused = addMark(writeRecord(open(sh.task, "/c")), {
    ...{ kind: "refused", number: 1, decision: "denied" },
  } as const);
  writeFileSync(
    join(path, "forensics.jsonl"),
    `${[writeRecord(cat.record), ...marked, refused].join("\n")}\n`,
  );
  writeFileSync(join(path, "points.jsonl"), "");
  return path;
}

const report = (target: string, changes: Partial<ReportRequest> = {}): ReportData =>
  collectReport({
    ...{ target, stateRoot: join(folder, "state"), now: new Date(0), version: "1.2.3" },
    ...changes,
  });

const FIRST = "20261122T000000000Z-aaaaaa";
const SECOND = "20261122T000001000Z-bbbbbb";
writeRun(FIRST, []);
writeRun(SECOND, [open(cat.task, EVIL, 12), open(sh.task, "/etc/shadow", 10)]);

describe("what a report collects of a run", () => {
  it("is the latest one, with its violations and their why", () => {
    const { run, violations, actors, programs, processes } = report("job");
    assert.equal(run?.runId, SECOND);
    assert.equal(run?.outcome?.exit, "status 1");
    assert.deepEqual(
      violations.list.map(({ number, pid }) => [number, pid]),
      [
        [1, 12],
        [2, 10],
      ],
    );
    const [first, second] = violations.list;
    const names = (index = -1) => {
      const { before = [], program = -1 } = actors[index] ?? {};
      return [...before, program].map((one) => programs[one]);
    };
    assert.deepEqual(names(first?.actor), ["/bin/sh", "/bin/cat"]);
    assert.equal(second?.words, "opens /etc/shadow for reading");
    assert.equal(second?.why?.nearest[0]?.words, "opens /a for reading");
    assert.deepEqual(second?.why?.nearest[0]?.differs[0], {
      field: "path",
      expected: "/a",
      got: "/etc/shadow",
    });
    assert.deepEqual(
      violations.refused.map(([actor, words]) => [names(actor), words]),
      [[["/bin/sh"], "opens /c for reading"]],
    );
    // no account of processes: programs, by who started whom
    assert.equal(processes.of, "programs");
    assert.deepEqual(
      processes.rows.map(([parent]) => parent),
      [-1, 0],
    );
    assert.deepEqual(
      violations.list.map(({ row }) => row),
      [1, 0],
    );
  });

  it("lists what its model allows, and what of it happened", () => {
    const { behaviours } = report("job");
    assert.equal(behaviours.of, "model");
    assert.deepEqual(behaviours.rows.map(([, , , words, count]) => [words, count]).sort(), [
      ["opens /a for reading", 0],
      ["opens /b for reading", 0],
    ]);
  });

  it("is an earlier one when that is asked for, also by its folder", () => {
    assert.equal(report("job", { runId: FIRST }).run?.runId, FIRST);
    assert.equal(report(join(folder, "state/job", FIRST)).violations.list.length, 0);
  });

  it("has no untrusted text that is not quoted", () => {
    const data = report("job", { against: otherFile });
    const texts: string[] = [];
    JSON.stringify(data, (_, value: unknown) => {
      if (typeof value === "string") texts.push(value);
      return value;
    });
    assert.ok(texts.some((text) => text.includes("\\u{202e}\\x1b[31m")));
    for (const text of texts) assert.doesNotMatch(text, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });

  it("says what is missing or was cut", () => {
    const path = writeRun("20261122T000000500Z-cccccc", [], {
      status: "running",
      outcome: undefined,
    });
    appendFileSync(join(path, "trajectory.jsonl"), '{"event": {');
    const { notices } = report(path, { modelFile: otherFile });
    assert.match(notices.join("\n"), /had not ended/);
    assert.match(notices.join("\n"), /ends in an incomplete record \(11 bytes\)/);
    rmSync(path, { recursive: true });
    const bare = writeModel("bare", [sh.record, open(sh.task, "/a")]);
    rmSync(recordsFileOf(bare));
    const { notices: said, behaviours } = report("job", { modelFile: bare });
    assert.match(said.join("\n"), /bare\.json\.records\.jsonl is not there/);
    assert.deepEqual([behaviours.of, behaviours.unnamed], ["unknown", 1]);
  });

  it("says when the model of the run is another one now, or can not be read", () => {
    const id = "20261122T000000600Z-dddddd";
    const path = writeRun(id, [], { modelDigest: "00".repeat(32) });
    copyFileSync(modelFile, join(path, "model.json"));
    assert.match(report(path).notices.join("\n"), /small\.json is not the model that the run had/);
    const broken = join(folder, "broken.json");
    writeFileSync(broken, "{}");
    writeRun(id, [], { modelDigest: "00".repeat(32), modelFile: broken });
    const { notices, model } = report(path);
    assert.match(notices.join("\n"), /broken\.json is not a valid WorkloadModel/);
    assert.equal(model?.behaviours, 2);
    rmSync(path, { recursive: true });
  });
});

describe("what a report collects of a model", () => {
  it("is its behaviours, rules and completeness", () => {
    const { model, run, behaviours, processes } = report(modelFile);
    assert.equal(run, undefined);
    assert.equal(model?.behaviours, 2);
    assert.equal(model?.ready, false);
    assert.ok(model?.findings.some(({ code }) => code === "ONE_RUN"));
    assert.ok(model?.rules.every(({ origin }) => origin === "built-in"));
    assert.equal(behaviours.of, "learned");
    assert.deepEqual(
      behaviours.rows.map(([, , , , count, , , runs]) => [count, runs]),
      [
        [1, 1],
        [1, 1],
      ],
    );
    assert.equal(processes.rows.length, 2);
  });

  it("is what another model has otherwise", () => {
    const { diff } = report(modelFile, { against: otherFile });
    assert.equal(diff?.other, "other");
    assert.equal(diff?.common, 1);
    const changes = diff?.programs.flatMap(({ chain, changes: list }) =>
      list.map(({ sign, words }) => `${sign} ${chain.join(" ")} ${words}`),
    );
    assert.deepEqual(changes, [
      "- /bin/sh opens /new for reading",
      "+ /bin/sh /bin/cat opens /b for reading",
    ]);
  });
});

describe("a report that can not be made", () => {
  const cases: readonly (readonly [string, string, Partial<ReportRequest>, RegExp])[] = [
    ["of a workload that never ran", "nobody", {}, /no run named nobody/],
    [
      "of records",
      recordsFileOf(modelFile),
      {},
      /holds records only: give the name .* or the model/,
    ],
    [
      "of a file that is not there",
      "./nothing.json",
      {},
      /can not read .\/nothing.json \(ENOENT\)/,
    ],
    [
      "of a model under a model",
      modelFile,
      { modelFile: otherFile },
      /is a model itself: leave out -m/,
    ],
    [
      "against what is no model",
      modelFile,
      { against: recordsFileOf(modelFile) },
      /not a valid WorkloadModel|is not JSON/,
    ],
  ];
  for (const [name, target, changes, message] of cases) {
    it(`says why: ${name}`, () => {
      assert.throws(() => report(target, changes), { message });
    });
  }
});
