// SPDX-License-Identifier: Apache-2.0
// The quickest workloads of bench/workloads as the practice bench has them, with smaller numbers: learned run by run in fresh folders, merged,
// enforced in other fresh folders without a violation, attacked. `npm run practice` does it with all of them.
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { cron } from "../../bench/workloads/cron.ts";
import { MEMFD_EXEC, NEW_HOST } from "../../bench/workloads/lib/attacks.ts";
import { attackRun, heldRun, learnRun, mergeModels } from "../../bench/workloads/lib/held.ts";
import type { Subject } from "../../bench/workloads/lib/runner.ts";
import { missing, openSite } from "../../bench/workloads/lib/site.ts";
import type { Attack, Workload } from "../../bench/workloads/lib/workload.ts";
import { sqlite } from "../../bench/workloads/sqlite.ts";

const LEARNING_RUNS = 3;
const FRESH_RUNS = 2;

interface Case {
  readonly workload: Workload;
  readonly attacks: readonly Attack[];
}

/** An attack by the program that the workload is about. */
function own(workload: Workload, name: RegExp): Attack {
  const found = workload.attacks.find((attack) => name.test(attack.name));
  assert.ok(found, `${workload.name} has an attack like ${name}`);
  return found;
}

const CASES: readonly Case[] = [
  { workload: sqlite, attacks: [MEMFD_EXEC, own(sqlite, /itself writes/)] },
  { workload: cron, attacks: [NEW_HOST, own(cron, /options of tar/)] },
];

/** A base of its own, whose workloads are prepared anew; the fresh folders of runs are below it. */
async function subjectOf(t: TestContext, workload: Workload): Promise<Subject> {
  const base = mkdtempSync("/var/tmp/galgo-practice-");
  t.after(() => rmSync(base, { recursive: true, force: true }));
  chmodSync(base, 0o755);
  return { workload, site: await openSite(workload, base) };
}

async function learned(subject: Subject): Promise<string> {
  const models = join(subject.site.folder, "../models");
  const files = Array.from({ length: LEARNING_RUNS }, (_, i) => join(models, `${i}.galgo.json`));
  for (const [seed, file] of files.entries()) {
    const { problem, said } = await learnRun(subject, seed, file);
    assert.equal(problem, undefined, said);
  }
  const merged = join(models, "merged.galgo.json");
  mergeModels(files, merged);
  return merged;
}

for (const { workload, attacks } of CASES)
  describe(`practice: ${workload.name}`, () => {
    it("a model of three runs holds in fresh folders, and attacks are refused", async (t) => {
      const lacking = missing(workload);
      if (lacking.length > 0) return t.skip(`needs ${lacking.join(", ")}`);
      const subject = await subjectOf(t, workload);
      const model = await learned(subject);
      for (let seed = 100; seed < 100 + FRESH_RUNS; seed++) {
        const { violations = [], problem, leftovers, counts } = await heldRun(subject, seed, model);
        assert.deepEqual(violations, []);
        assert.deepEqual([problem, leftovers], [undefined, undefined]);
        assert.equal(counts?.refused, 0);
      }
      for (const [index, attack] of attacks.entries()) {
        const { harm, violations = [] } = await attackRun(subject, attack, {
          seed: 200 + index,
          model,
        });
        assert.equal(harm, undefined, attack.name);
        assert.notEqual(violations.length, 0, `${attack.name} shows`);
      }
      return undefined;
    });
  });
