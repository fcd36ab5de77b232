// SPDX-License-Identifier: Apache-2.0
// A model that was learned on one root filesystem is enforced on another one: the same programs and files on another device, with another
// uuid, on another kind of filesystem. Same behaviour, same state value. A program that differs there is refused.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { readRunRecord, type RunRecord } from "../../src/orchestrator/run-record.ts";
import { type Outcome, Place } from "../cli/galgo.ts";
import {
  copiedPrograms,
  type RootKind,
  secondRoot,
  whyNoSecondRoot,
} from "../helpers/second-root.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const VIOLATED = 121;
const PROGRAMS = ["sh", "sort", "uniq", "mktemp", "tar", "gzip", "df", "cat", "find", "rm", "stat"];
/** Asks for much that belongs to a filesystem: space, mounts, names of owners, times. */
const SCRIPT = `set -eu
sort -n numbers.txt >sorted.txt
uniq -c sorted.txt | cat >counted.txt
scratch=$(mktemp -d)
tar -cf "$scratch/all.tar" numbers.txt sorted.txt
gzip -c "$scratch/all.tar" >all.tar.gz
df . >/dev/null
cat /proc/self/mounts /proc/self/mountinfo >/dev/null
find . -xdev -name '*.txt' -newer numbers.txt
stat -f . >/dev/null
rm -r "$scratch"
node -e "console.log(6 * 7)"
echo done
`;

/** What a copy of the system has to hold besides the programs: Galgo, and what the C library reads. */
function copied(place: Place): string {
  const galgo = ["dist", "package.json", "node_modules/koffi", "node_modules/@koromix"];
  const system = ["/etc", "/usr/lib/locale"];
  const programs = copiedPrograms([...PROGRAMS, "env", process.execPath]);
  const gallery = [...galgo.map((name) => join(ROOT, name)), ...system, place.path("work")];
  return [...gallery, ...programs].join("\n");
}

for (const kind of ["overlay", "ext4"] satisfies RootKind[]) {
  const why = whyNoSecondRoot(kind);
  describe(`a second root filesystem (${kind})`, { skip: why ?? false }, () => {
    let place: Place;
    const command = ["sh", "work.sh"];
    const model = (): string => join(place.state, "m.json");

    const world = (): void => {
      rmSync(place.path("work"), { recursive: true, force: true });
      mkdirSync(place.path("work"));
      place.write("work/work.sh", SCRIPT);
      place.write("work/numbers.txt", "3\n1\n2\n1\n");
    };
    /** galgo run on the second root, after a preparation there. */
    const there = async (name: string, prepare = ":"): Promise<Outcome> => {
      world();
      const base = place.path(`base-${name}`);
      mkdirSync(base);
      const words = secondRoot({ kind, base, shared: place.state });
      const shell = ["sh", "-c", `${prepare}; exec "$@"`, "sh"];
      const run = ["run", "-m", model(), "--enforce", "--name", name, "--", ...command];
      const outcome = await place.wrapped(
        ["env", "-C", place.path("work"), `COPIED=${copied(place)}`, ...words, ...shell],
        run,
      ).ended;
      rmSync(base, { recursive: true }); // not a mount any more
      return outcome;
    };
    const record = (name: string): RunRecord =>
      readRunRecord(join(place.state, name, "latest", "run.json"));

    before(async () => {
      place = new Place();
      chmodSync(place.folder, 0o755);
      mkdirSync(place.state);
      world();
      const learn = ["learn", "-o", model(), "--", ...command];
      const { status, stderr } = await place.wrapped(["env", "-C", place.path("work")], learn)
        .ended;
      assert.equal(status, 0, stderr);
    });
    after(() => place.remove());

    it("gives the same state value, and refuses nothing", async () => {
      const { status, stdout, stderr } = await there("same");
      assert.equal(status, 0, stderr);
      assert.match(stdout, /done/);
      const { outcome, modelState } = record("same");
      assert.deepEqual([outcome?.counts.violations, outcome?.counts.lost], [0, 0], stderr);
      assert.equal(outcome?.state, modelState);
    });

    it("refuses a program that differs there, and has another state value", async () => {
      const { status, stdout, stderr } = await there("other", 'printf x >>"$(command -v sort)"');
      assert.equal(status, VIOLATED, stderr);
      assert.doesNotMatch(stdout, /done/);
      assert.match(stderr, /violation 1: \S*sh runs \S*\/sort; denied/);
      const { outcome, modelState } = record("other");
      assert.notEqual(outcome?.state, modelState);
      const { stdout: said } = await place.galgo("why", "other", "1");
      assert.match(said, /sort\n +content +allowed [0-9a-f]+\.\.\. +here /);
    });
  });
}
