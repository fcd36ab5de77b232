// SPDX-License-Identifier: Apache-2.0
// What Quixote's orchestrator wrote to the control file of a TSEM kernel, record by record, and what Galgo writes for the same
// records: the same bytes, except where it differs on purpose, which is said here by the name of the trace.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { before, describe, it } from "node:test";
import {
  BUILTIN_PROFILES,
  makeWorkloadModel,
  stringifyWorkloadModel,
} from "../../src/model/index.ts";
import { runWorkload } from "../../src/orchestrator/index.ts";
import type { RunRequest, RunResult } from "../../src/orchestrator/index.ts";
import { tsemFidelity } from "../../src/sensor/tsem/index.ts";
import { nodeHasher } from "../../src/tma/index.ts";
import { buildLaunchers } from "../helpers/built.ts";
import { linesOf } from "../helpers/vectors.ts";
import { AGGREGATE, simulatorSkip, startSimulator } from "../simulator/simulator.ts";

interface Trace {
  readonly name: string;
  readonly options: readonly string[];
  readonly records: readonly string[];
  readonly control_writes: string;
}

/** What Galgo does otherwise, and why. `with`: bytes that Galgo writes in addition, after the line `after`. */
const DEVIATIONS: Readonly<Record<string, { after: string; with: string; why: string }>> = {
  unknowntype: {
    after: "trusted pid=100 tnum=1\n",
    with: "trusted pid=1234 tnum=77\n",
    why: "Quixote leaves the task of a record that it can not read waiting and ends the workload; Galgo, which enforces nothing here, counts a loss and lets it go on",
  },
};

const FOLDER = resolve("test/vectors/quixote");
const skip = simulatorSkip();

before(() => {
  buildLaunchers();
});

function tracesOf(): Trace[] {
  return linesOf(join(FOLDER, "orchestrator-traces.jsonl")).map(
    (line) => JSON.parse(line) as Trace,
  );
}

/** The model that the traces with -m were made with, for Galgo. */
function writeModel(folder: string): string {
  const text = readFileSync(join(FOLDER, "unsigned-model.txt"), "utf8");
  const points = [...text.matchAll(/^state ([0-9a-f]{64})$/gm)].map(([, point = ""]) => point);
  const model = makeWorkloadModel(
    {
      name: "traces",
      mapping: "quixote-2025",
      profile: BUILTIN_PROFILES.exact,
      aggregate: AGGREGATE,
      sealed: true,
      fidelity: tsemFidelity([]),
      pseudonyms: [],
      points,
      completeness: { runs: 1, eventsSeen: 6, eventsLost: 0, saturation: new Array(10).fill(0) },
    },
    nodeHasher("sha256"),
  );
  const file = join(folder, "model.galgo.json");
  writeFileSync(file, stringifyWorkloadModel(model));
  return file;
}

/** Plays the records of a trace to Galgo. */
async function play(
  trace: Trace,
): Promise<{ readonly commands: readonly string[]; readonly result: RunResult }> {
  const folder = mkdtempSync(join(tmpdir(), "galgo-trace-"));
  const [aggregate, ...script] = trace.records;
  assert.match(aggregate ?? "", new RegExp(AGGREGATE), "the simulator exports this one by itself");
  const simulator = await startSimulator({ personality: "k25", script });
  try {
    const has = (option: string): boolean => trace.options.includes(option);
    const argumentOf = (option: string): string | undefined =>
      has(option) ? trace.options[trace.options.indexOf(option) + 1] : undefined;
    const cache = argumentOf("-n");
    const model = argumentOf("-M");
    const request: RunRequest = {
      command: ["sh", "-c", `echo after-script > ${simulator.folder}/hook`],
      mode: has("-m") ? (has("-e") ? "enforce" : "detect") : "free",
      onViolation: has("-e") ? "deny" : "observe",
      ...(has("-m") ? { modelFile: writeModel(folder) } : {}),
      rules: { mapping: "quixote-2025", digest: "sha256", profile: BUILTIN_PROFILES.exact },
      name: "traces",
      stateRoot: join(folder, "state"),
      cwd: "/",
      env: process.env,
      deadlineMs: 10_000,
      onExit: "wait",
      allowWeaker: false,
      tsem: {
        folder: simulator.folder,
        kind: "external",
        nsref: has("-u") ? "initial" : "current",
        ...(model === undefined ? {} : { model }),
        ...(cache === undefined ? {} : { cache: Number(cache) }),
        nameDigest: has("-h"),
      },
    };
    const result = await runWorkload(request);
    return { commands: (await simulator.state()).commands, result };
  } finally {
    await simulator.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("the recorded traces of Quixote's orchestrator", { skip }, () => {
  for (const trace of tracesOf()) {
    const deviation = DEVIATIONS[trace.name];
    const title = deviation === undefined ? "" : ` (on purpose otherwise: ${deviation.why})`;
    it(`${trace.name}: the same commands${title}`, async () => {
      const { commands, result } = await play(trace);
      const wanted =
        deviation === undefined
          ? trace.control_writes
          : trace.control_writes.replace(deviation.after, `${deviation.after}${deviation.with}`);
      assert.equal(commands.join(""), wanted);
      assert.equal(commands.length, wanted.split("\n").length - 1, "each is one write");
      const cut = trace.name === "asyncenforce";
      assert.equal(result.outcome.killed !== undefined, cut, result.outcome.killed ?? "alive");
      const unreadable = ["badrecord", "unknowntype"].includes(trace.name) ? 1 : 0;
      assert.equal(result.outcome.counts.lost, unreadable);
    });
  }
});
