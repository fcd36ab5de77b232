// SPDX-License-Identifier: Apache-2.0
// Everything of a workload without Galgo: the work is done right, and each attack does its harm when nobody is there to refuse it.
import { attackOnce, runOnce, type Subject } from "./runner.ts";

/** Longest text of a run that went wrong. */
const MAX_SAID = 2_000;

/** @returns whether all was as it should be */
export async function tryOut(subject: Subject, attacks: boolean): Promise<boolean> {
  const normal = await tryNormal(subject);
  return attacks ? (await tryAttacks(subject)) && normal : normal;
}

async function tryNormal(subject: Subject): Promise<boolean> {
  let good = true;
  for (const seed of [1, 2]) {
    const { ms, problem, leftovers, stdout, stderr } = await runOnce(subject, { seed });
    console.log(`${subject.workload.name}: ${Math.round(ms)} ms, ${problem ?? "ok"}`);
    if (problem !== undefined) console.log(`${stdout}\n${stderr}`.slice(-MAX_SAID));
    if (leftovers.length > 0) console.log(`  left behind: ${leftovers.join("; ")}`);
    good &&= problem === undefined && leftovers.length === 0;
  }
  return good;
}

async function tryAttacks(subject: Subject): Promise<boolean> {
  let good = true;
  for (const [index, attack] of subject.workload.attacks.entries()) {
    const { harm, ms, stdout, stderr } = await attackOnce(subject, attack, { seed: 1_000 + index });
    console.log(`  ${attack.name}: ${harm ?? "NO HARM DONE"} (${Math.round(ms)} ms)`);
    if (harm === undefined) console.log(`${stdout}\n${stderr}`.slice(-MAX_SAID));
    good &&= harm !== undefined;
  }
  return good;
}
