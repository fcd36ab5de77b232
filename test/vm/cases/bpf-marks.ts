// SPDX-License-Identifier: Apache-2.0
// Tests that name themselves under the sensor bpf: by root and by an ordinary user, and as nothing where a model is enforced.
import assert from "node:assert/strict";
import type { GuestCase } from "../lib/case.ts";
import { inLab, type Lab } from "../lib/lab.ts";

const SCRIPT = `mark() { [ -z "$GALGO_MARKS" ] || true >"$GALGO_MARKS/$1"; }
mark one
cat one >/dev/null
mark two
mark one
cat two >/dev/null
setpriv --reuid=1000 --regid=1000 --clear-groups sh -c '[ -z "$GALGO_MARKS" ] || true >"$GALGO_MARKS/user"; cat three >/dev/null'
mark -
cat four >/dev/null`;

async function checkMarks(lab: Lab): Promise<void> {
  await lab.sh(`echo '${SCRIPT.replaceAll("'", "'\\''")}' >tests.sh; touch one two three four`);
  await lab.learn("marked", ["sh", "tests.sh"]);
  const records = await lab.records("marked");
  const testOf = (name: string): unknown => {
    const line = records.find(
      ({ hook, text }) => hook === "file_open" && text.includes(`"${lab.folder}/${name}"`),
    );
    return (JSON.parse(line?.text ?? "{}") as { galgo?: { test?: string } }).galgo?.test;
  };
  assert.deepEqual(["one", "two", "three", "four"].map(testOf), ["one", "one", "user", undefined]);
  assert.ok(records.every(({ text }) => !text.includes("galgo-marks-")));
  assert.equal(await lab.sh("ls /tmp | grep galgo-marks- || true"), "");
  const run = await lab.run("marked", ["sh", "tests.sh"], "--enforce");
  assert.equal(run.status, 0, run.stderr);
  await lab.assertClean("marked");
}

export const marks: readonly GuestCase[] = [
  {
    name: "tests are marked in order, by whomever, and are no behaviour",
    on: { "6.12": "quick", newest: "full" },
    timeoutMs: 300_000,
    run: (guest) => inLab(guest, checkMarks),
  },
];
