// SPDX-License-Identifier: Apache-2.0
// Whole export streams of a real TSEM kernel of 2024, played to Galgo by the simulator: each waiting task is answered exactly
// once and in order, and the model is the one that the same records give without any kernel.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { readTsemRecord } from "../../src/event/index.ts";
import { BUILTIN_PROFILES } from "../../src/model/index.ts";
import { runWorkload } from "../../src/orchestrator/index.ts";
import type { RunResult } from "../../src/orchestrator/index.ts";
import { createTma } from "../../src/tma/index.ts";
import { buildLaunchers } from "../helpers/built.ts";
import { unpacked, wholeVectors } from "../helpers/vectors.ts";
import { simulatorSkip, startSimulator } from "../simulator/simulator.ts";

const RULES = { mapping: "tsem-v4", digest: "sha256", profile: BUILTIN_PROFILES.exact } as const;
const RUNS = ["ext_small", "ext_net", "ext_deny_enf_socket_connect", "ext_deny_log_socket_connect"];

const archive = wholeVectors("tsem-kernel-v4/runs.tar.xz");
const skip = simulatorSkip();
const streams = new Map<string, readonly string[]>();

before(() => {
  buildLaunchers();
  if (archive.skip !== false) return;
  unpacked(archive.path, (folder) => {
    for (const name of RUNS) {
      const text = readFileSync(join(folder, name, "export.jsonl"), "latin1");
      streams.set(
        name,
        text.split("\n").filter((line) => line !== ""),
      );
    }
  });
});

interface Expected {
  readonly state: string;
  readonly measurement: string;
  readonly points: number;
  /** Pids of waiting tasks, in order. */
  readonly answered: readonly string[];
  readonly refused: number;
  readonly undescribed: number;
}

/** What the records say without an orchestrator. */
function modelOf(records: readonly string[]): Expected {
  const tma = createTma({ ...RULES, points: [], pseudonyms: [], sealed: false });
  const answered: string[] = [];
  const actions: string[] = [];
  for (const line of records) {
    const record = readTsemRecord(line);
    if (record.kind === "aggregate") tma.setAggregate(record.value);
    else if (record.kind === "log") actions.push(record.action ?? "");
    else if (record.kind === "event" || record.kind === "async_event") {
      tma.assess(record.event);
      if (record.kind === "event") answered.push(String(record.event.pid));
    }
  }
  const state = tma.state();
  const measurement = tma.measurement();
  const points = tma.points().length;
  const refused = actions.filter((action) => action === "DENY").length;
  return { state, measurement, points, answered, refused, undescribed: actions.length - refused };
}

async function play(
  records: readonly string[],
): Promise<{ readonly commands: readonly string[]; readonly result: RunResult }> {
  const folder = mkdtempSync(join(tmpdir(), "galgo-recorded-"));
  const [aggregate = "", ...script] = records;
  const scriptFile = join(folder, "script.json");
  const simulator = await startSimulator(
    { personality: "k24", aggregate: /"value": "([0-9a-f]+)"/.exec(aggregate)?.[1] },
    { script, scriptFile },
  );
  try {
    const result = await runWorkload({
      command: ["sh", "-c", `echo after-script > ${simulator.folder}/hook`],
      mode: "free",
      onViolation: "observe",
      rules: RULES,
      name: "recorded",
      stateRoot: join(folder, "state"),
      cwd: "/",
      env: process.env,
      deadlineMs: 10_000,
      onExit: "wait",
      allowWeaker: false,
      tsem: { folder: simulator.folder, kind: "external", nsref: "current" },
    });
    return { commands: (await simulator.state()).commands, result };
  } finally {
    await simulator.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

// a clone without the recorded runs beside it has the traces of tsem-traces.test.ts
const runs = archive.skip === false ? RUNS : [];

describe("a recorded stream of a TSEM kernel", { skip }, () => {
  for (const name of runs) {
    it(`${name}: each task is answered once, and the model is that of the records`, async () => {
      const records = streams.get(name) ?? [];
      const expected = modelOf(records);
      const { commands, result } = await play(records);
      const answers = commands.filter((line) => line.startsWith("trusted "));
      assert.deepEqual(
        answers.map((line) => /^trusted pid=(\d+) key=[0-9a-f]{64}\n$/.exec(line)?.[1]),
        expected.answered,
      );
      assert.equal(commands.length, answers.length + 2, "and the two tries at a namespace");
      const { state, measurement, counts } = result.outcome;
      assert.equal(state, expected.state);
      assert.equal(measurement, expected.measurement);
      assert.equal(counts.points, expected.points);
      assert.equal(counts.refused, expected.refused);
      assert.equal(counts.lost, expected.undescribed);
    });
  }
});
