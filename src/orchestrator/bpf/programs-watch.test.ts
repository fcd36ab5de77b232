// SPDX-License-Identifier: Apache-2.0
// With an agent of the sensor as another process, whose ring and counters are watched from here.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { noBpf, objectOf, privateBpffs } from "../../../test/helpers/bpf-programs.ts";
import { LineHelper } from "../../../test/helpers/line-helper.ts";
import { CASE } from "../../../test/helpers/telling-decoder.ts";
import { RecordFlag } from "../../sensor/bpf/layout.gen.ts";
import { ProgramsWatch } from "./programs-watch.ts";

/** More records than fit into the ring of the agent. */
const MANY = 10_000;

interface Place {
  readonly agent: LineHelper;
  readonly task: LineHelper;
  readonly watch: ProgramsWatch;
}

async function place(t: TestContext): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), "galgo-watch-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const args = [objectOf("telling"), join(privateBpffs(t), "galgo"), join(folder, "lock")];
  const agent = new LineHelper(t, "bpf-loop.ts", [...args, "0", "quiet"]);
  const ready = await agent.said("ready");
  const at = { folder: String(ready["folder"]), slot: Number(ready["slot"]) };
  const words = [at.folder, at.slot, ready["anchor"]].map(String);
  const watch = new ProgramsWatch({ ...at, serial: Number(ready["serial"]), connection: 0 });
  t.after(() => watch.close());
  return { agent, task: new LineHelper(t, "teller.ts", words), watch };
}

/** @returns what came of it */
function does({ task }: Place, kind: number, flags: number, number = 1): Promise<string> {
  task.send([0, flags, kind, Math.imul(number, 0x9e3779b9) >>> 0, 5, number].join(" "));
  return task.line();
}

describe("what programs count of a namespace", { skip: noBpf ?? false }, () => {
  it("is what they have recognised by themselves", async (t) => {
    const it = await place(t);
    assert.deepEqual(it.watch.counts(), { events: 0, lost: 0 });
    assert.match(await does(it, CASE.intern, RecordFlag.held), /^01/);
    for (let time = 0; time < 5; time++)
      assert.equal(await does(it, CASE.intern, RecordFlag.held), "known");
    await it.watch.settled();
    assert.deepEqual(it.watch.counts(), { events: 5, lost: 0 });
  });

  it("is said when what was recorded before was taken, and not before", async (t) => {
    const it = await place(t);
    await it.watch.settled();
    it.agent.child.kill("SIGSTOP");
    assert.equal(await does(it, CASE.never, RecordFlag.atomic), "told");
    await assert.rejects(it.watch.settled(), { code: "BUSY" });
    const settled = it.watch.settled();
    it.agent.child.kill("SIGCONT");
    assert.equal((await it.agent.said("happened")).what, "happened");
    await settled;
  });

  it("says what they have lost because nobody took it in time", async (t) => {
    const it = await place(t);
    await it.watch.settled();
    it.agent.child.kill("SIGSTOP");
    let told = 0;
    for (; told < MANY; told++)
      if ((await does(it, CASE.never, RecordFlag.atomic, told)) === "full") break;
    assert.ok(told > 0 && told < MANY, `${told} records fill the ring`);
    assert.deepEqual(it.watch.counts(), { events: 0, lost: 1 });
    it.agent.child.kill("SIGCONT");
    await it.watch.settled();
    assert.deepEqual(it.watch.counts(), { events: 0, lost: 1 });
  });

  it("is no more said when the namespace has ended", async (t) => {
    const it = await place(t);
    await it.watch.settled();
    it.agent.child.stdin?.end();
    assert.equal((await it.agent.said("end")).what, "end");
    await it.agent.line();
    assert.throws(() => it.watch.counts(), { code: "ENDED" });
    it.watch.close();
    await assert.rejects(it.watch.settled(), { code: "ENDED" });
  });
});
