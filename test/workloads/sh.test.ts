// SPDX-License-Identifier: Apache-2.0
// A shell script with pipelines and a temporary file: examples/report.
// What varied between runs: the name of the temporary file (mktemp), which the rule created-class takes care of.
import assert from "node:assert/strict";
import { cpSync, existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import { USERS, Workplace } from "./workplace.ts";

const REPORT = resolve(import.meta.dirname, "../../examples/report");
const COMMAND = ["sh", "report.sh"];

for (const user of USERS) {
  describe(`a shell script with a pipeline, as ${user.name}`, () => {
    const fill = (place: Workplace) => () => {
      for (const name of ["report.sh", "sales.csv"]) cpSync(join(REPORT, name), place.path(name));
    };
    const stdin = "# region,amount\nnorth,120\nsouth,80\nnorth,30\n";
    const learned = async (place: Workplace): Promise<void> => {
      place.world(fill(place));
      const { stdout } = await place.learn(COMMAND, { stdin });
      assert.equal(stdout, "150 north\n80 south\n");
      place.world(fill(place));
    };

    it("does the same again, also with other input", async (t) => {
      const place = new Workplace(t, user);
      await learned(place);
      assert.equal((await place.repeat(COMMAND, { stdin })).stdout, "150 north\n80 south\n");
      const other = "south,8\nwest,3\n".repeat(1000);
      assert.equal(
        (await place.repeat(COMMAND, { stdin: other })).stdout,
        "8000 south\n3000 west\n",
      );
    });

    it("does not run when a line was added to it", async (t) => {
      const place = new Workplace(t, user);
      await learned(place);
      place.write("report.sh", `${place.read("report.sh")}\ncat /etc/passwd >stolen\n`);
      const { stdout } = await place.refused(COMMAND, /^1: \S*sh opens .*report\.sh for reading/, {
        stdin,
      });
      assert.equal(stdout, "");
      assert.equal(existsSync(place.path("stolen")), false);
    });

    it("may not do with other words what it does with its own", async (t) => {
      const place = new Workplace(t, user);
      place.world(() => place.write("fruits.txt", "apple\npear\n"));
      await place.learn(["sh", "-c", "grep apple fruits.txt | wc -l"]);
      const cases = [
        ["cat fruits.txt", /^1: \S*sh runs \S*\/cat \[denied\]/],
        ["grep root /etc/passwd", /^1: .*\/grep opens \/etc\/passwd for reading \[denied\]/],
        ["echo x >made.txt", /^1: \S*sh creates .*\/made\.txt .*\[denied\]/],
        ["while read -r l; do echo $l; done <fruits.txt", /^1: \S*sh opens .*\/fruits\.txt/],
        ["rm fruits.txt", /^1: \S*sh runs \S*\/rm \[denied\]/],
      ] as const;
      for (const [script, violation] of cases) {
        const { stdout } = await place.refused(["sh", "-c", script], violation);
        assert.equal(stdout, "");
      }
      assert.equal(place.read("fruits.txt"), "apple\npear\n");
      assert.equal(existsSync(place.path("made.txt")), false);
    });
  });
}
