// SPDX-License-Identifier: Apache-2.0
// What is known costs Galgo nothing: a million repeats do not wake it, and are counted exactly.
import assert from "node:assert/strict";
import type { GuestCase } from "../lib/case.ts";
import { inLab, type Lab } from "../lib/lab.ts";

const TIMEOUT_MS = 600_000;
const ROUNDS = 3;
/** Of all threads in one round: some timers in the time that it takes, whatever it repeats. */
const MAX_SWITCHES = 60;

/** Context switches of all threads of a process. */
async function switches(lab: Lab, pid: number): Promise<Map<string, number>> {
  const text = await lab.sh(
    `for t in /proc/${pid}/task/*; do echo "$t $(awk '/ctxt_switches/ { n += $2 } END { print n }' $t/status)"; done`,
  );
  return new Map(
    text
      .trim()
      .split("\n")
      .map((line) => line.split(" ") as [string, string])
      .map(([task, count]) => [task, Number(count)]),
  );
}

async function checkQuiet(lab: Lab, repeats: number): Promise<void> {
  await lab.sh("echo content >known; sleep 2.3");
  const talk = lab.start([
    ...["/opt/galgo/galgo", "run", "--sensor", "bpf", "--name", "quiet", "--"],
    ...[lab.acts, "loop 3 known", "-"],
  ]);
  await talk.until(/^loop 3 known=3$/m);
  const { galgoPid } = await lab.facts("quiet");
  // what else Galgo does at times (timers, collecting garbage) does not depend on the workload: the quietest of some rounds
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    talk.stdout = "";
    const before = await switches(lab, galgoPid);
    talk.say(`loop ${repeats} known`);
    await talk.until(new RegExp(`^loop ${repeats} known=${repeats}$`, "m"), TIMEOUT_MS);
    rounds.push(woken(before, await switches(lab, galgoPid)));
  }
  assert.ok(Math.min(...rounds) <= MAX_SWITCHES, `context switches of Galgo: ${rounds.join()}`);
  talk.end();
  assert.equal((await talk.command.ended).status, 0, talk.stderr);
  await lab.assertClean("quiet");
  const records = (await lab.records("quiet")).filter(
    ({ hook }) => hook !== "bprm_committed_creds",
  );
  const at = records.findIndex(
    ({ hook, text }) => hook === "file_open" && text.includes(`"${lab.folder}/known"`),
  );
  assert.equal((await lab.points("quiet"))[at]?.count, ROUNDS * repeats + 3);
}

/** By how much the counts of all threads grew together. */
function woken(from: ReadonlyMap<string, number>, to: ReadonlyMap<string, number>): number {
  return [...to].reduce((sum, [task, count]) => sum + count - (from.get(task) ?? 0), 0);
}

function caseOf(repeats: number, on: GuestCase["on"]): GuestCase {
  return {
    name: `${ROUNDS} times ${repeats} repeats of what is known do not wake Galgo, and are counted`,
    on,
    timeoutMs: TIMEOUT_MS,
    run: (guest) => inLab(guest, (lab) => checkQuiet(lab, repeats)),
  };
}

export const quiet: readonly GuestCase[] = [
  caseOf(20_000, { "6.12": "quick" }),
  caseOf(400_000, { "6.12": "full", newest: "full" }),
];
