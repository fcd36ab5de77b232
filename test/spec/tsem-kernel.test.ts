// SPDX-License-Identifier: Apache-2.0
// Mapping tsem-v4 against what a TSEM v4 kernel computed: coefficients, task ids, states, measurements.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  type Coe,
  type FileId,
  isHookName,
  parseRecord,
  type SecurityEvent,
  writeRecord,
} from "../../src/event/index.ts";
import {
  createMapper,
  createModel,
  type DigestName,
  type EventMapper,
} from "../../src/model/index.ts";
import { testHasher } from "../helpers/test-hasher.ts";
import { linesOf, ownVectors, unpacked, wholeVectors } from "../helpers/vectors.ts";

interface Pair {
  readonly digest: DigestName;
  readonly match?: string;
  readonly coefficient: string;
  readonly record: string;
}

interface Run {
  readonly run: string;
  readonly digest: DigestName;
  readonly trajectory: readonly string[];
  readonly forensics: readonly string[];
  readonly state: string;
  readonly measurement: string;
}

const own = ownVectors<{ readonly pairs: readonly Pair[]; readonly runs: readonly Run[] }>(
  "tsem-kernel-v4.json",
);
const pairs = wholeVectors("tsem-kernel-v4/pairs.jsonl.gz");
const archive = wholeVectors("tsem-kernel-v4/runs.tar.xz");

const mappers = new Map<DigestName, EventMapper>();
function mapperOf(digest: DigestName): EventMapper {
  const mapper = mappers.get(digest) ?? createMapper(testHasher(digest));
  mappers.set(digest, mapper);
  return mapper;
}

/** That kernel leaves bytes of another member behind the base64 of an attribute value; they were not hashed. */
function repaired(record: string): string {
  return record.replace(/("value": "[A-Za-z0-9+/]*=+)[^"]*"/, '$1"');
}

const hookOf = (record: string): string => /"type": "(\w+)", "ttd"/.exec(record)?.[1] ?? "";

function modelOf(run: Pick<Run, "digest" | "trajectory" | "forensics">, base?: string) {
  const model = createModel({
    hasher: testHasher(run.digest),
    ...(base !== undefined && { base }),
  });
  for (const coefficient of run.trajectory) assert.equal(model.update(coefficient).valid, true);
  model.seal();
  for (const coefficient of run.forensics) {
    assert.deepEqual(model.update(coefficient), { added: true, valid: false });
  }
  return model;
}

describe("mapping tsem-v4", () => {
  for (const { digest, coefficient, record } of own.pairs) {
    it(`gives the kernel's coefficient ${coefficient.slice(0, 8)} of ${hookOf(record)} (${digest})`, () => {
      assert.equal(mapperOf(digest).coefficient(parseRecord(repaired(record))), coefficient);
    });
  }

  it("gives the kernel's coefficient for every captured record of our hooks", pairs, () => {
    const counts = { ours: 0, others: 0, underivable: 0 };
    const hooks = new Set<string>();
    for (const line of linesOf(pairs.path)) {
      const { digest, match, coefficient, record } = JSON.parse(line) as Pair;
      const hook = hookOf(record);
      if (match === "not-derivable-from-json") {
        counts.underivable++;
      } else if (!isHookName(hook)) {
        counts.others++;
      } else {
        const event = parseRecord(repaired(record));
        assert.equal(mapperOf(digest).coefficient(event), coefficient, record);
        assert.deepEqual(parseRecord(writeRecord(event)), event);
        counts.ours++;
        hooks.add(hook);
      }
    }
    assert.deepEqual(counts, { ours: 4845, others: 3035, underivable: 6 });
    assert.equal(hooks.size, 32);
  });
});

describe("state and measurement", () => {
  for (const run of own.runs) {
    it(`are the kernel's after ${run.run}`, () => {
      const model = modelOf(run);
      assert.equal(model.state(), run.state);
      assert.equal(model.measurement(), run.measurement);
    });
  }

  it("are the kernel's after every internal run", archive, () => {
    const found = unpacked(archive.path, (folder) => {
      const names: string[] = [];
      for (const { run, base, preloaded } of runsIn(folder)) {
        const model = modelOf(run, base);
        assert.equal(model.state(), run.state, run.run);
        // Points that were loaded into that kernel are not part of its measurement in an order that the files tell;
        // with a base see below.
        if (!preloaded && base === undefined) assert.equal(model.measurement(), run.measurement);
        names.push(run.run);
      }
      return names;
    });
    assert.equal(found.length, 11, found.join());
  });

  it("take a base from the moment it is set, the state at once", archive, () => {
    unpacked(archive.path, (folder) => {
      const { run, base } = runsIn(folder).find((r) => r.base !== undefined) ?? {};
      assert.ok(run !== undefined && base !== undefined);
      const model = createModel({ hasher: testHasher("sha256") });
      const [first = "", ...rest] = run.trajectory;
      model.update(first);
      model.setBase(base);
      for (const coefficient of rest) model.update(coefficient);
      assert.equal(model.state(), run.state);
      assert.equal(model.measurement(), run.measurement);
    });
  });
});

interface FoundRun {
  readonly run: Run;
  readonly base?: string;
  readonly preloaded: boolean;
}

function runsIn(folder: string): readonly FoundRun[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => ["", "phase1_", "phase2_"].map((phase) => ({ name, phase })))
    .filter(({ name, phase }) => existsSync(join(folder, name, `${phase}state`)))
    .map(({ name, phase }) => {
      const read = (file: string): string => readFileSync(join(folder, name, phase + file), "utf8");
      const words = (file: string): readonly string[] =>
        read(file)
          .split(/\s+/)
          .filter((word) => word !== "");
      const command = readFileSync(join(folder, name, "command.txt"), "utf8");
      const base = / -b ([0-9a-f]+)/.exec(command)?.[1];
      return {
        run: {
          run: `${name} ${phase}`,
          digest: (/ -d (\S+)/.exec(command)?.[1] ?? "sha256") as DigestName,
          trajectory: words("trajectory_coefficients"),
          forensics: words("forensics_coefficients"),
          state: read("state").trim(),
          measurement: read("measurement").trim(),
        },
        ...(base !== undefined && { base }),
        preloaded: command.includes(" -l "),
      };
    });
}

describe("TASK_ID", () => {
  it("is the kernel's for every program whose executable was opened in the run", archive, () => {
    const derived = unpacked(archive.path, (folder) => {
      const all = ["int_small", "int_net", "int_small_sha3", "int_small_sha512"].map((name) => {
        const digest = ({ int_small_sha3: "sha3-256", int_small_sha512: "sha512" } as const)[name];
        const records = linesOf(join(folder, name, "trajectory"));
        const events = records
          .filter((r) => isHookName(hookOf(r)))
          .map((r) => parseRecord(repaired(r)));
        return deriveTaskIds(events, mapperOf(digest ?? "sha256"));
      });
      return all;
    });
    for (const { derived: got, others } of derived) {
      assert.ok(got.length > 0);
      // What remains is the program that started the namespace, outside of it.
      assert.ok(others.length <= 1, others.join());
    }
  });
});

/** Which task ids of a run come out of one of its opened executables with the credentials that the task then has. */
function deriveTaskIds(
  events: readonly SecurityEvent[],
  mapper: EventMapper,
): { readonly derived: readonly string[]; readonly others: readonly string[] } {
  const programs: FileId[] = [];
  const tasks = new Map<string, { readonly pTaskId: string; readonly coe: Coe }>();
  for (const e of events) {
    if (e.hook === "file_open" && (e.cell.file.flags & 0x20) !== 0) programs.push(e.cell.file);
    if (e.task.taskId === e.task.pTaskId) continue;
    if (!tasks.has(e.task.taskId))
      tasks.set(e.task.taskId, { pTaskId: e.task.pTaskId, coe: e.coe });
  }
  const ids = [...tasks];
  const isDerived = ([id, { pTaskId, coe }]: (typeof ids)[number]): boolean =>
    programs.some((file) => mapper.taskId(pTaskId, coe, file) === id);
  return {
    derived: ids.filter(isDerived).map(([id]) => id),
    others: ids.filter((one) => !isDerived(one)).map(([id]) => id),
  };
}
