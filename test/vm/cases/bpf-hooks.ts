// SPDX-License-Identifier: Apache-2.0
// Every hook, one by one: programs/hooks.c makes the system call behind each. Without Galgo, recorded and enforced the results are
// the same; a model without a behaviour has exactly that one refused, whether the hook can wait or not.
import assert from "node:assert/strict";
import { stateOf, type WorkloadModel } from "../../../src/model/index.ts";
import { SHA256 } from "../../helpers/test-hasher.ts";
import type { GuestCase } from "../lib/case.ts";
import type { Result } from "../lib/guest.ts";
import { having, inLab, type Lab, type RecordLine } from "../lib/lab.ts";
import { pushProgram } from "../lib/programs.ts";

const TIMEOUT_MS = 400_000;
/**
 * What nobody can wait for and nobody can say beforehand: memory of a file becomes executable while the file is open for writing, so
 * that its content is not known for good. Always refused where a model is enforced.
 */
const UNDECIDABLE: ReadonlySet<string> = new Set(["file_mprotect"]);
const EPERM = 1;
const VIOLATED = 121;

/** A line of hooks.c: NAME HOOK EXPECTED GOT ..., GOT is - when the case could not be tried. */
interface Line {
  readonly name: string;
  readonly hook: string;
  readonly expected: string;
  readonly got: string;
}

function linesOf(stdout: string): Line[] {
  return stdout
    .trim()
    .split("\n")
    .map((line) => {
      const [name = "", hook = "", expected = "", got = ""] = line.split(" ");
      return { name, hook, expected, got };
    });
}

/** Each case is run by a program of its own, so that its events are told from those of all others. */
async function prepare(lab: Lab): Promise<string[]> {
  const program = await pushProgram(lab.guest, "hooks");
  const list = await lab.sh(`${program} -l`);
  const cases = linesOf(list).map(({ name }) => name);
  const names = ["none", ...cases.filter((name) => !UNDECIDABLE.has(name))];
  await lab.sh(
    `mkdir h; for n in ${names.join(" ")}; do cp ${program} h/$n; printf $n >>h/$n; done`,
  );
  // what a refused program leaves behind is taken away from outside, so that the next one begins as it did
  await lab.sh(`mkfifo ask told
    echo 'for n in ${names.join(" ")}; do ./h/$n $n; echo $n >ask; read n <told; done; true' >all
    echo 'while read n <ask; do rm -rf /tmp/galgo-hooks; echo >told; done & "$@"; s=$?; kill $!; exit $s' >tidied
    sleep 2.3`);
  return names;
}

/** A record without what names the program and the process. */
function anonymous({ text }: RecordLine): string {
  const { event: _, ...rest } = JSON.parse(text) as Record<string, unknown>;
  return JSON.stringify(rest);
}

/** What each program did, by the name of its case. */
function byProgram(
  records: readonly RecordLine[],
  names: readonly string[],
): Map<string, Set<string>> {
  const ids = new Map<string, Set<string>>();
  for (const name of names) {
    const execs = having(records, "bprm_committed_creds", `/h/${name}"`);
    ids.set(name, new Set(execs.map(({ taskId }) => taskId)));
  }
  return ids;
}

/** The model without the points at these places of the trajectory. */
async function cutModel(lab: Lab, cut: ReadonlySet<string>): Promise<void> {
  const model = JSON.parse(await lab.sh("cat m.json")) as WorkloadModel;
  const points = model.spec.points.filter((point) => !cut.has(point));
  assert.equal(points.length, model.spec.points.length - cut.size);
  const { completeness } = model.spec;
  const spec = {
    ...model.spec,
    points,
    completeness: { ...completeness, behaviours: points.length },
  };
  const text = JSON.stringify({ ...model, spec: { ...spec, state: stateOf(spec, SHA256) } });
  await lab.guest.run(
    ["sh", "-c", "cat >cut.json; cp m.json.records.jsonl cut.json.records.jsonl"],
    {
      stdin: text,
      cwd: lab.folder,
    },
  );
}

/** Points by the case that they are to be refused in: those of its hook that its program alone has caused. */
async function pointsOfCases(lab: Lab, cases: readonly Line[]): Promise<Map<string, string[]>> {
  const all = await lab.records("m");
  const records = all.filter(({ hook }) => hook !== "bprm_committed_creds");
  const points = await lab.points("m");
  assert.equal(points.length, records.length);
  const programs = byProgram(all, ["none", ...cases.map(({ name }) => name)]);
  const common = new Set(
    records.filter(({ taskId }) => programs.get("none")?.has(taskId)).map(anonymous),
  );
  return new Map(
    cases.map(({ name, hook }) => [
      name,
      records.flatMap((record, at) => {
        const mine = record.hook === hook && programs.get(name)?.has(record.taskId);
        return mine && !common.has(anonymous(record)) ? [points[at]?.coefficient ?? ""] : [];
      }),
    ]),
  );
}

/** `galgo` with these arguments, and somebody outside who tidies up. */
function tidied(lab: Lab, args: readonly string[]): Promise<Result> {
  const env = { GALGO_STATE_DIR: `${lab.folder}/state`, NO_COLOR: "1" };
  const options = { cwd: lab.folder, env, timeoutMs: TIMEOUT_MS };
  return lab.guest.run(["sh", "tidied", "/opt/galgo/galgo", ...args], options);
}

function enforcing(model: string): string[] {
  return ["run", "--sensor", "bpf", "--name", "m", "-m", model, "--enforce", "--", "sh", "all"];
}

interface Learned {
  /** Results without Galgo. */
  readonly without: readonly Line[];
  /** Points by case. */
  readonly of: ReadonlyMap<string, readonly string[]>;
}

/** Results without Galgo and while it learns are the same, and every hook was seen. */
async function learnHooks(lab: Lab): Promise<Learned> {
  await prepare(lab);
  const without = linesOf(await lab.sh("sh tidied sh all", { timeoutMs: TIMEOUT_MS }));
  assert.deepEqual(
    without.filter(({ expected, got }) => got !== "-" && got !== expected),
    [],
  );
  const learn = ["learn", "--sensor", "bpf", "--name", "m", "-o", "m.json", "--", "sh", "all"];
  const learned = await tidied(lab, learn);
  assert.deepEqual(linesOf(learned.stdout), without, learned.stderr);
  await lab.assertClean("m");
  const { fidelity } = (await lab.facts("m")).outcome ?? {};
  const seen = without.filter(({ hook, got }) => got !== "-" && fidelity?.sees.includes(hook));
  const of = await pointsOfCases(lab, seen);
  const unseen = seen.filter(({ name }) => of.get(name)?.length === 0).map(({ name }) => name);
  assert.deepEqual(unseen, []);
  return { without, of };
}

async function checkEnforced(lab: Lab): Promise<void> {
  const { without, of } = await learnHooks(lab);
  const enforced = linesOf((await tidied(lab, enforcing("m.json"))).stdout);
  const changed = without.filter(({ got }, at) => enforced[at]?.got !== got);
  assert.deepEqual(
    changed.map(({ name }) => name),
    [],
  );
  assert.equal((await lab.facts("m")).outcome?.counts.violations, 0);
  await cutModel(lab, new Set([...of.values()].flat()));
  const cut = await tidied(lab, enforcing("cut.json"));
  assert.equal(cut.status, VIOLATED, cut.stderr);
  const allowed = linesOf(cut.stdout).filter(
    ({ name, got }) => of.has(name) && Number(got) !== EPERM,
  );
  assert.deepEqual(allowed, []);
  assert.equal((await lab.facts("m")).outcome?.counts.lost, 0);
}

export const hooks: readonly GuestCase[] = [
  {
    name: "every hook is seen, and changes nothing",
    on: { "6.12": "quick", newest: "full" },
    timeoutMs: TIMEOUT_MS,
    run: (guest) => inLab(guest, async (lab) => void (await learnHooks(lab))),
  },
  {
    name: "every hook decides as learned, and refuses what was not",
    on: { "6.12": "full", newest: "full" },
    timeoutMs: TIMEOUT_MS,
    run: (guest) => inLab(guest, checkEnforced),
  },
];
