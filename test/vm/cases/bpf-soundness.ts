// SPDX-License-Identifier: Apache-2.0
// What the kernel recognises is what the model knows: nothing that has another coefficient is taken for something that was seen
// before. programs/soundness.sh changes names and contents behind a program's back in every way that we could think of, always
// after what was there before has become known in the kernel; each look has to be found in the trajectory as it was then.
import assert from "node:assert/strict";
import type { GuestCase } from "../lib/case.ts";
import type { Guest } from "../lib/guest.ts";
import { having, inLab, type Lab, type RecordLine, sha256 } from "../lib/lab.ts";
import { pushScript } from "../lib/programs.ts";

/** Steps of a kind of file system are about 60 looks. */
const LEAST_LOOKS = 60;
const TIMEOUT_MS = 900_000;

/** What a record of a content holds. */
function textOf(wanted: string): string {
  const [, content] = /^content=(.*)$/.exec(wanted) ?? [];
  return content === undefined ? wanted : `"digest": "${sha256(content)}"`;
}

/** What a line of the script says has to be there. */
function problemOf(line: string, records: readonly RecordLine[]): string[] {
  const [what, step = "", hook = "", path = "", ...wanted] = line.split("\t");
  const found = having(records, hook, `"pathname": ${JSON.stringify(path)}`);
  if (what === "distinct") {
    const least = Number(wanted[0]);
    return found.length >= least
      ? []
      : [`${step}: ${hook} of ${path}: ${found.length} records, not ${least}`];
  }
  const texts = wanted.map(textOf);
  if (found.some(({ text }) => texts.every((one) => text.includes(one)))) return [];
  return [`${step}: no ${hook} of ${path} with ${wanted.join()} among ${found.length}`];
}

async function checkKinds(lab: Lab, kinds: readonly string[]): Promise<void> {
  const script = await pushScript(lab.guest, "soundness.sh");
  const said = await lab.sh(
    `${script} /opt/galgo/galgo ./acts ${lab.folder}/sound ${kinds.join(" ")}`,
    { timeoutMs: TIMEOUT_MS },
  );
  await lab.assertClean("soundness");
  const lines = said.split("\n").filter((line) => /^(?:expect|distinct)\t/.test(line));
  assert.ok(lines.length >= LEAST_LOOKS * kinds.length, `only ${lines.length} looks`);
  const records = await lab.records("soundness");
  assert.deepEqual([...new Set(lines.flatMap((line) => problemOf(line, records)))], []);
  // and all that was worth something only if the kernel did recognise what did not change
  const { outcome } = await lab.facts("soundness");
  const { counts, latency } = outcome ?? assert.fail("no outcome");
  assert.ok(counts.events - latency.count > 2 * lines.length, JSON.stringify({ counts, latency }));
}

function caseOf(kinds: readonly string[], on: GuestCase["on"]): GuestCase {
  return {
    name: `nothing hides behind something known: ${kinds.join(", ")}`,
    on,
    timeoutMs: TIMEOUT_MS,
    run: (guest: Guest) => inLab(guest, (lab) => checkKinds(lab, kinds)),
  };
}

export const soundness: readonly GuestCase[] = [
  caseOf(["ext4", "tmpfs", "overlay"], { "6.12": "quick", newest: "full" }),
  caseOf(["xfs", "btrfs"], { "6.12": "full", newest: "full" }),
];
