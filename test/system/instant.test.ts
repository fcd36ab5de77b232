// SPDX-License-Identifier: Apache-2.0
// What a task was allowed to do is in the next instant of its namespace, whoever asks and when: it is published before the answer.
import assert from "node:assert/strict";
import { closeSync, createReadStream, createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { after, describe, it } from "node:test";
import { BUILTIN_PROFILES } from "../../src/model/runtime/index.ts";
import { makePipe } from "../../src/native/tsem.ffi.ts";
import { SharedThreads } from "../helpers/shared-threads.ts";

const STEPS = 30;
const SEALED_AFTER = 10;
/** A file is made, and opened. */
const EACH = 2;
/** Each step makes a file, says so, and waits for a word. */
const SCRIPT = `n=0; while [ $n -le ${STEPS} ]; do : >$0/f$n; echo $n; read word; n=$((n + 1)); done`;

describe("an instant of a workload", () => {
  const shared = new SharedThreads({ threads: 1 });
  after(() => shared.close());

  it("has what the workload says that it did, and nothing that it did not", async () => {
    const [[wordsIn, words], [told, tell]] = [makePipe(), makePipe()];
    const command = ["/bin/sh", "-c", SCRIPT, shared.folder];
    // names of files that are made below /tmp are one behaviour under the rules of ever
    const rules = {
      mapping: "tsem-v4",
      digest: "sha256",
      profile: BUILTIN_PROFILES.exact,
    } as const;
    const run = shared.run(command, { rules, stdio: [wordsIn, tell, tell] });
    const place = await run.serving;
    for (const fd of [wordsIn, tell]) closeSync(fd);
    const answers = createWriteStream("", { fd: words });
    const before = { points: 0, events: 0 };
    let step = 0;
    for await (const line of createInterface({ input: createReadStream("", { fd: told }) })) {
      assert.equal(line, String(step));
      const now = await run.mirror().instant();
      if (step === 0) Object.assign(before, { points: now.points, events: now.events });
      assert.equal(now.points - before.points, EACH * step);
      assert.equal(now.events - before.events, EACH * step);
      assert.equal(now.violations, EACH * Math.max(0, step - SEALED_AFTER));
      assert.equal(now.sealed, step > SEALED_AFTER);
      if (step === SEALED_AFTER) await place.control({ verb: "seal" });
      answers.write("\n");
      step += 1;
    }
    answers.end();
    const { outcome } = await run.ended;
    assert.equal(step, STEPS + 1);
    const { state, measurement, points, events, violations, lost } = run.mirror().latest();
    assert.deepEqual(
      { state, measurement, ...outcome.counts },
      {
        ...{ state: outcome.state, measurement: outcome.measurement },
        ...{ points, events, violations, lost, refused: 0 },
      },
    );
  });
});
