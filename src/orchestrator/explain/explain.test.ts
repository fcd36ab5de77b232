// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { aFile, anEvent, ROOT } from "../../../test/helpers/events.ts";
import { aRunOf } from "../../../test/helpers/models.ts";
import { writeRecord } from "../../event/index.ts";
import type { SecurityEvent, TaskIdentity } from "../../event/index.ts";
import {
  BUILTIN_PROFILES,
  describeRule,
  modelFromRuns,
  stringifyWorkloadModel,
} from "../../model/index.ts";
import type { WorkloadModel } from "../../model/index.ts";
import { seccompFidelity } from "../../sensor/seccomp/index.ts";
import { createTma, nodeHasher } from "../../tma/index.ts";
import { Actors } from "../records/actors.ts";
import { explainViolation } from "./explain.ts";
import type { Explanation } from "./explain.ts";
import { recordsFileOf } from "../models/learn-files.ts";
import { addMark } from "../records/marks.ts";
import { mergeModelFiles } from "../models/merge-files.ts";
import { nameBehaviours } from "../models/model-files.ts";
import { loadModel } from "../models/model-use.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-explain-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const agent = createTma({
  mapping: "tsem-v4",
  digest: "sha256",
  profile: BUILTIN_PROFILES.portable,
  points: [],
  pseudonyms: [],
  sealed: false,
});

/** A program started by a task, and the record of it. */
function exec(
  parent: TaskIdentity,
  program: string,
  changes: { digest?: string; uid?: number } = {},
) {
  const file = aFile(program, { digest: changes.digest ?? "ee".repeat(32) });
  const coe = { ...ROOT, uid: changes.uid ?? 0 };
  const task = agent.execed(agent.forked(parent), coe, file);
  return { task, record: anEvent("bprm_committed_creds", { file }, { task, coe }) };
}

const open = (task: TaskIdentity, path: string, digest = "aa".repeat(32)): SecurityEvent =>
  anEvent("file_open", { file: aFile(path, { digest }) }, { task });

const sh = exec(agent.root, "/bin/sh");
const grep = exec(sh.task, "/bin/grep");
const cat = exec(sh.task, "/bin/cat");

function writeModel(
  name: string,
  records: readonly SecurityEvent[],
): { file: string; model: WorkloadModel } {
  const { model } = modelFromRuns([aRunOf(records)], {
    name,
    profile: BUILTIN_PROFILES.portable,
    hasher: nodeHasher("sha256"),
    sealed: true,
    fidelity: seccompFidelity([]),
  });
  const file = join(folder, `${name}.json`);
  writeFileSync(file, stringifyWorkloadModel(model));
  writeFileSync(recordsFileOf(file), records.map((record) => `${writeRecord(record)}\n`).join(""));
  return { file, model };
}

const learned = writeModel("learned", [
  sh.record,
  grep.record,
  open(grep.task, "/data/fruits"),
  open(sh.task, "/data/list"),
]);

let serial = 0;

function explain(
  identities: readonly SecurityEvent[],
  event: SecurityEvent,
  withModel = true,
): Explanation {
  serial += 1;
  const forensics = join(folder, `forensics${serial}.jsonl`);
  const mark = { kind: "violation", number: 1, decision: "denied", heldUs: 20 } as const;
  writeFileSync(
    forensics,
    [...identities.map(writeRecord), addMark(writeRecord(event), mark), ""].join("\n"),
  );
  const from = withModel ? { model: learned.model, modelFile: learned.file } : {};
  return explainViolation({ forensics, number: 1, ...from });
}

const chain = ({ chain: actors }: Explanation): (string | undefined)[] =>
  actors.map(({ program }) => program);

describe("an explanation", () => {
  it("names the actors from the first program down", () => {
    const explanation = explain([sh.record, cat.record], open(cat.task, "/data/fruits"));
    assert.deepEqual(chain(explanation), ["/bin/sh", "/bin/cat"]);
    assert.equal(explanation.mark.heldUs, 20);
    assert.equal(explanation.total, 1);
  });

  it("finds the same target allowed to another program", () => {
    const { nearest, actor } = explain([sh.record, cat.record], open(cat.task, "/data/fruits"));
    assert.equal(actor.kind, "unknown");
    assert.deepEqual(
      nearest[0]?.differs.map(({ field }) => field),
      ["program"],
    );
    assert.equal(nearest[0]?.event.task.taskId, grep.task.taskId);
  });

  it("finds another target allowed to the same program", () => {
    const { nearest, actor } = explain([sh.record, grep.record], open(grep.task, "/data/other"));
    assert.equal(actor.kind, "known");
    assert.deepEqual(
      nearest[0]?.differs.map(({ field }) => field),
      ["file.path.pathname"],
    );
  });

  const changes: [string, ReturnType<typeof exec>, string][] = [
    ["its content is another", exec(sh.task, "/bin/grep", { digest: "99".repeat(32) }), "content"],
    ["it runs with other credentials", exec(sh.task, "/bin/grep", { uid: 1000 }), "credentials"],
    [
      "it was started by another program",
      exec(cat.task, "/bin/grep"),
      "started by another program",
    ],
  ];
  for (const [title, program, expected] of changes) {
    it(`says of a known program that ${title}`, () => {
      const { actor } = explain(
        [sh.record, cat.record, program.record],
        open(program.task, "/data/fruits"),
      );
      assert.equal(actor.kind, "changed");
      assert.deepEqual(actor.kind === "changed" && actor.differs, [expected]);
    });
  }

  it("says that nothing can be compared when the model has no records", () => {
    const { actor, nearest, notices } = explain([sh.record], open(sh.task, "/x"), false);
    assert.equal(actor.kind, "untold");
    assert.deepEqual(nearest, []);
    assert.match(notices.join(), /no model is known/);
  });

  it("refuses a number that no violation has", () => {
    const empty = join(folder, "empty.jsonl");
    writeFileSync(empty, "");
    assert.throws(() => explainViolation({ forensics: empty, number: 1 }), {
      message: /holds no violation/,
    });
  });
});

describe("actors", () => {
  it("know a fork from a program, and end where nothing is known", () => {
    const actors = new Actors();
    assert.equal(actors.add(sh.record), true);
    assert.equal(actors.add(sh.record), false);
    const [forked] = actors.chainOf(agent.forked(sh.task));
    assert.deepEqual([forked?.program, forked?.forked], ["/bin/sh", true]);
    assert.deepEqual(
      actors.chainOf(cat.task).map(({ program }) => program),
      ["/bin/sh", undefined],
    );
    assert.deepEqual(
      actors.chainOf(agent.root).map(({ program }) => program),
      ["galgo"],
    );
  });

  it("are not led in circles by records", () => {
    const actors = new Actors();
    const [one, two] = ["11".repeat(32), "22".repeat(32)];
    for (const [taskId, pTaskId] of [
      [one, two],
      [two, one],
    ] as const) {
      actors.add(
        anEvent(
          "bprm_committed_creds",
          { file: aFile(`/${taskId[0]}`) },
          { task: { taskId, pTaskId } },
        ),
      );
    }
    assert.equal(actors.chainOf({ taskId: one, pTaskId: two }).length, 2);
  });
});

describe("model files", () => {
  it("have their behaviours named by the records beside them", () => {
    const names = nameBehaviours(learned.model, learned.file);
    assert.deepEqual([...names.keys()].sort(), learned.model.spec.points);
  });

  it("are combined with their records", () => {
    const more = writeModel("more", [sh.record, grep.record, open(grep.task, "/data/other")]);
    const output = join(folder, "merged.json");
    const result = mergeModelFiles({ files: [learned.file, more.file], output, name: "merged" });
    assert.equal(result.learned?.given.length, 2);
    assert.equal(loadModel(output).spec.points.length, 3);
    assert.equal(nameBehaviours(loadModel(output), output).size, 3);
  });

  it("are learned again from their records when their rules differ", () => {
    // a file that is read and rewritten gets a rule of its own
    const rewritten = [
      sh.record,
      open(sh.task, "/data/log", "01".repeat(32)),
      anEvent("file_open", { file: aFile("/data/log", { flags: 0x8001 }) }, { task: sh.task }),
    ];
    const other = writeModel("rewriting", rewritten);
    assert.equal(
      other.model.spec.profile.rules.length,
      learned.model.spec.profile.rules.length + 1,
    );
    const output = join(folder, "again.json");
    const result = mergeModelFiles({ files: [learned.file, other.file], output });
    assert.equal(result.learned?.rules.length, 1);
    const model = loadModel(output);
    const rulesIn = ({ spec }: WorkloadModel) => spec.profile.rules.map(describeRule);
    assert.deepEqual(rulesIn(model), rulesIn(other.model));
    assert.equal(model.metadata.name, "learned");
    assert.equal(model.spec.points.length, 4);
    rmSync(recordsFileOf(other.file));
    assert.throws(() => mergeModelFiles({ files: [learned.file, other.file], output }), {
      code: "BAD_MODEL",
      message: /rules differ.*missing: .*rewriting\.json\.records\.jsonl/,
    });
  });
});
