// SPDX-License-Identifier: Apache-2.0
// Mapping tsem-v4 against what a TSEM v4 kernel computed: coefficients, task ids, states, measurements.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  type Coe,
  type FileId,
  parseRecord,
  readTsemRecord,
  type SecurityEvent,
  writeRecord,
  writeTsemRecord,
} from "../../src/event/index.ts";
import {
  createMapper,
  createModel,
  type DigestName,
  type EventMapper,
  type Model,
} from "../../src/model/index.ts";
import { type KernelModel, type KernelRun, kernelRuns } from "../helpers/kernel-runs.ts";
import { testHasher } from "../helpers/test-hasher.ts";
import { linesOf, ownVectors, unpacked, wholeVectors } from "../helpers/vectors.ts";

interface Pair {
  readonly run: string;
  readonly digest: DigestName;
  readonly match?: "computed" | "computed-reordered" | "not-derivable-from-json";
  readonly coefficient: string;
  readonly record: string;
}

const own = ownVectors<{ readonly pairs: readonly Pair[]; readonly runs: readonly KernelModel[] }>(
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

function eventOf(record: string): SecurityEvent {
  const read = readTsemRecord(record);
  assert.ok(read.kind === "trajectory");
  return read.event;
}

const coefficientOf = ({ digest, record }: Pick<Pair, "digest" | "record">): string =>
  mapperOf(digest).coefficient(eventOf(record));

const hookOf = (record: string): string => /"type": "(\w+)", "ttd"/.exec(record)?.[1] ?? "";

describe("mapping tsem-v4", () => {
  for (const pair of own.pairs) {
    const { coefficient, record, digest } = pair;
    it(`gives the kernel's coefficient ${coefficient.slice(0, 8)} of ${hookOf(record)} (${digest})`, () => {
      assert.equal(coefficientOf(pair), coefficient);
    });
  }

  it("gives the kernel's coefficient for every captured record that tells enough", pairs, () => {
    const all = linesOf(pairs.path).map((line) => JSON.parse(line) as Pair);
    const computed = all.filter((pair) => pair.match === "computed");
    for (const pair of computed) assert.equal(coefficientOf(pair), pair.coefficient, pair.record);
    // Records of one run that two processors wrote at the same time stand in the order of neither list.
    const reordered = all.filter((pair) => pair.match === "computed-reordered");
    for (const run of new Set(reordered.map((pair) => pair.run))) {
      const found = reordered.filter((pair) => pair.run === run);
      const wanted = found.map((pair) => pair.coefficient);
      assert.deepEqual(found.map(coefficientOf).sort(), wanted.sort(), run);
    }
    const hooks = new Set(all.map(({ record }) => hookOf(record)));
    const counts = [computed.length, reordered.length, all.length, hooks.size];
    assert.deepEqual(counts, [6271, 1609, 7886, 74]);
  });

  it("keeps every captured record as a record of Galgo and of TSEM", pairs, () => {
    for (const line of linesOf(pairs.path)) {
      const event = eventOf((JSON.parse(line) as Pair).record);
      assert.deepEqual(parseRecord(writeRecord(event)), event);
      assert.deepEqual(eventOf(writeTsemRecord({ kind: "trajectory", event })), event);
    }
  });

  it("gives the coefficients of every internal run, in their order", archive, () => {
    const differing = unpacked(archive.path, (folder) =>
      kernelRuns(folder).flatMap(({ model, records, violations }) => {
        const { digest, trajectory, forensics } = model;
        const wanted = [...trajectory.slice(0, records.length), ...forensics];
        const found = [...records, ...violations].map((record) => ({ digest, record }));
        assert.equal(wanted.length, found.length, model.run);
        return found.filter((one, i) => coefficientOf(one) !== wanted[i]);
      }),
    );
    // The port that was hashed of a netlink message is not the one that is printed.
    assert.deepEqual(
      differing.map(({ record }) => hookOf(record)),
      ["netlink_send"],
    );
  });
});

describe("records of an export", () => {
  for (const run of ["exp_small", "ext_small"]) {
    it(
      `in ${run} have the coefficients that the kernel itself found in the same workload`,
      archive,
      () => {
        unpacked(archive.path, (folder) => {
          const internal = kernelRuns(folder).find(({ model }) => model.run === "int_small")?.model;
          const exported = new Map(
            linesOf(join(folder, run, "export.jsonl"))
              .map((line) => readTsemRecord(line))
              .flatMap((read) =>
                read.kind === "event" || read.kind === "async_event" ? [read] : [],
              )
              .map(({ event }) => [mapperOf("sha256").coefficient(event), event.hook]),
          );
          assert.deepEqual(
            internal?.trajectory.filter((coefficient) => !exported.has(coefficient)),
            [],
          );
          for (const coefficient of internal?.trajectory ?? []) exported.delete(coefficient);
          // The program that starts an exported workload asks to be told when its parent ends.
          assert.deepEqual([...exported.values()], ["task_prctl"]);
        });
      },
    );
  }
});

/** The points of a run, in their order; `loaded` are those that come in by loading. */
function modelOf(run: Pick<KernelModel, "digest" | "trajectory" | "forensics">): Model {
  const model = createModel({ hasher: testHasher(run.digest) });
  for (const coefficient of run.trajectory) assert.equal(model.update(coefficient).valid, true);
  model.seal();
  for (const coefficient of run.forensics) {
    assert.deepEqual(model.update(coefficient), { added: true, valid: false });
  }
  return model;
}

describe("state and measurement", () => {
  for (const run of own.runs) {
    it(`are the kernel's after ${run.run}`, () => {
      const model = modelOf(run);
      assert.equal(model.state(), run.state);
      assert.equal(model.measurement(), run.measurement);
    });
  }

  it("are the kernel's after every internal run", archive, () => {
    const found = unpacked(archive.path, (folder) => kernelRuns(folder).map(assertOutcome));
    assert.deepEqual(found, [
      "int_net",
      "int_small",
      "int_small_base",
      "int_small_sha3",
      "int_small_sha512",
      "pre-E_violation",
      "pre_small",
      "seal_same phase1",
      "seal_same phase2",
      "seal_violation phase1",
      "seal_violation phase2",
    ]);
  });

  it("change with the base from the moment it is set, the state at once", archive, () => {
    unpacked(archive.path, (folder) => {
      const run = kernelRuns(folder).find(({ base }) => base !== undefined);
      assert.ok(run?.base !== undefined);
      const early = createModel({ hasher: testHasher(run.model.digest), base: run.base });
      for (const coefficient of run.model.trajectory) early.update(coefficient);
      assert.equal(early.state(), run.model.state);
      assert.notEqual(early.measurement(), run.model.measurement);
    });
  });
});

/** Each kind of run comes about in its own way. */
function assertOutcome({ model: run, base, preloaded }: KernelRun): string {
  if (base !== undefined) assert.equal(withBase(run, base).measurement(), run.measurement, run.run);
  else if (preloaded !== undefined) {
    assert.equal(measuredWithLoads(run, preloaded), run.measurement, run.run);
  } else assert.equal(modelOf(run).measurement(), run.measurement, run.run);
  const state = base === undefined ? modelOf(run).state() : withBase(run, base).state();
  assert.equal(state, run.state, run.run);
  return run.run;
}

/** The base is set by the program that made the namespace: the first event, its open of the control file, comes before. */
function withBase(run: KernelModel, base: string): Model {
  const model = createModel({ hasher: testHasher(run.digest) });
  const [first = "", ...rest] = run.trajectory;
  model.update(first);
  model.setBase(base);
  for (const coefficient of rest) model.update(coefficient);
  return model;
}

/**
 * Loading begins with events of its own: the file of points is opened and looked at, the control file asks for a capability. That
 * kernel then folds the aggregate in once more before the first loaded point, and passes over the points that it has already.
 */
function measuredWithLoads(run: KernelModel, loaded: readonly string[]): string {
  const hasher = testHasher(run.digest);
  const zeros = "0".repeat(hasher.size * 2);
  const points = new Set(loaded);
  const before = run.trajectory.filter((coefficient) => !points.has(coefficient));
  const capability = loaded[0] ?? "";
  assert.deepEqual(run.trajectory, [...before, ...loaded]);
  const extend = (current: string, value: string): string => {
    const inner = hasher.hex(Buffer.from(zeros + value, "hex"));
    return hasher.hex(Buffer.from(current + inner, "hex"));
  };
  const folded = [zeros, ...before, capability, zeros, ...loaded.slice(1), ...run.forensics];
  return folded.reduce(extend, zeros);
}

describe("TASK_ID", () => {
  it("is the kernel's for every program whose executable was opened in the run", archive, () => {
    const names = ["int_small", "int_net", "int_small_sha3", "int_small_sha512"];
    const found = unpacked(archive.path, (folder) =>
      kernelRuns(folder)
        .filter(({ model }) => names.includes(model.run))
        .map(({ model, records }) => deriveTaskIds(records.map(eventOf), mapperOf(model.digest))),
    );
    assert.equal(found.length, names.length);
    for (const { derived, others } of found) {
      assert.ok(derived.length > 0);
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
